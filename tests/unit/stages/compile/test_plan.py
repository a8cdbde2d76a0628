"""The plan is a function of what was and what is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepack.model.build import Build, Fresh
from sepack.model.module import Dialect
from sepack.model.package import Manifest
from sepack.stages.compile.plan import decide

INPUTS = {"policy/x/x.te": "a", "target": "b"}
TOOLS = {"checkpolicy": "3.4"}
OUTPUTS = {"x.pp": "c", "x.te": "d"}


def manifest(inputs: dict[str, str], tools: dict[str, str], outputs: dict[str, str]) -> Manifest:
    return Manifest(
        name="x",
        version="1",
        target="host",
        format=19,
        dialect=Dialect.PLAIN,
        toolchain="local",
        outputs=outputs,
        inputs=inputs,
        tools=tools,
    )


PRIOR = manifest(INPUTS, TOOLS, OUTPUTS)


def test_what_is_the_same_is_fresh() -> None:
    assert decide("x", INPUTS, TOOLS, OUTPUTS, PRIOR) == Fresh(module="x", manifest=PRIOR)


def test_what_was_never_built_is_built() -> None:
    assert decide("x", INPUTS, TOOLS, {}, None) == Build(module="x", reason="not built yet")


def test_force_builds_what_is_fresh() -> None:
    assert decide("x", INPUTS, TOOLS, OUTPUTS, PRIOR, force=True) == Build(module="x", reason="forced")


@pytest.mark.parametrize(
    ("inputs", "tools", "outputs", "reason"),
    [
        ({**INPUTS, "policy/x/x.te": "z"}, TOOLS, OUTPUTS, "policy/x/x.te changed"),
        ({**INPUTS, "policy/x/x.fc": "z"}, TOOLS, OUTPUTS, "policy/x/x.fc is new"),
        ({"target": "b"}, TOOLS, OUTPUTS, "policy/x/x.te is gone"),
        (INPUTS, {"checkpolicy": "3.5"}, OUTPUTS, "checkpolicy is 3.5, was 3.4"),
        (INPUTS, {"checkpolicy": "3.4", "m4": "1"}, OUTPUTS, "m4 is 1, was not there"),
        (INPUTS, TOOLS, {**OUTPUTS, "x.pp": None}, "x.pp is missing"),
        (INPUTS, TOOLS, {**OUTPUTS, "x.pp": "z"}, "x.pp is not what was built"),
    ],
)
def test_the_first_difference_is_the_reason(
    inputs: dict[str, str], tools: dict[str, str], outputs: dict[str, str | None], reason: str
) -> None:
    assert decide("x", inputs, tools, outputs, PRIOR) == Build(module="x", reason=reason)


TABLES = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("xyz"), max_size=4)


@given(TABLES, TABLES, TABLES, TABLES, TABLES, TABLES)
def test_fresh_is_exactly_when_nothing_differs(
    inputs: dict[str, str],
    tools: dict[str, str],
    outputs: dict[str, str],
    inputs_before: dict[str, str],
    tools_before: dict[str, str],
    outputs_before: dict[str, str],
) -> None:
    prior = manifest(inputs_before, tools_before, outputs_before)
    there = {name: outputs.get(name) for name in outputs_before}
    decision = decide("x", inputs, tools, there, prior)
    tools_same = all(tools_before.get(name) == version for name, version in tools.items())
    same = inputs == inputs_before and tools_same and there == outputs_before
    assert isinstance(decision, Fresh) == same
