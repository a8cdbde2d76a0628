from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sepack.model.base_policy import AccessQuestion, Why, WhyKind
from tests.contract.base_policy_contract import SMALL, BasePolicyContract
from tests.fakes.base_policy import FakeBasePolicy

if TYPE_CHECKING:
    from sepack.model.base_policy import BasePolicy
    from tests.contract.base_policy_contract import Ask


class TestFakeBasePolicy(BasePolicyContract):
    @pytest.fixture
    def policy(self) -> BasePolicy:
        return SMALL

    @pytest.fixture
    def ask(self) -> Ask:
        return SMALL.ask


def test_answers_that_are_given_come_first_and_what_was_asked_is_remembered() -> None:
    question = AccessQuestion("u:r:a_t:s0", "u:r:a_t:s0:c1", "file", "read")
    constrained = Why(kind=WhyKind.CONSTRAINT, text="mlsconstrain file { read } (h1 dom h2);")
    policy = FakeBasePolicy(types={"a_t": ""}, rules=["allow a_t a_t:file read"], answers={question: constrained})
    assert policy.ask([question]).access == {question: constrained}
    assert policy.asked == [question]
