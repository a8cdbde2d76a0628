"""Ledger items whose day has passed: said at each build, or an error, by the day that is given."""

from __future__ import annotations

import datetime as dt
from pathlib import PurePosixPath

import pytest

from sepack.errors import Location
from sepack.model.build import Failed, Notice
from sepack.model.ledger import Answer, ItemKind, Ledger, LedgerItem
from sepack.model.module import Module
from sepack.model.rule import Rule
from sepack.pipeline.expiry import look_at_expiry

LAST = dt.date(2026, 12, 31)
RULE = Rule.of("a_t", "b_t", "file", ["read"])


def module(answer: Answer = Answer.ACCEPTED, expires: dt.date | None = LAST) -> Module:
    item = LedgerItem(
        kind=ItemKind.RULE,
        answer=answer,
        item=RULE,
        statement=RULE.statement(),
        reason="Until the new version.",
        by="Ada",
        when=dt.date(2026, 11, 24),
        expires=expires,
        where=Location(path=PurePosixPath("policy/shop/ledger.toml"), line=3),
    )
    return Module(name="shop", directory=PurePosixPath("policy/shop"), ledger=Ledger(items=(item,)))


@pytest.mark.parametrize("expiry", ["warn", "error"])
def test_the_last_day_still_counts(expiry: str) -> None:
    assert look_at_expiry([module()], expiry, "host", LAST) == ([module()], [])


def test_the_day_after_is_said_and_builds() -> None:
    kept, (notice,) = look_at_expiry([module()], "warn", "host", LAST + dt.timedelta(days=1))
    assert [each.name for each in kept] == ["shop"]
    assert isinstance(notice, Notice)
    assert notice.text.startswith(
        "policy/shop/ledger.toml:3: 'allow a_t b_t:file read;' was accepted by Ada until 2026"
    )


def test_the_day_after_fails_where_it_is_an_error_and_says_what_to_do() -> None:
    kept, (failed,) = look_at_expiry([module()], "error", "host", LAST + dt.timedelta(days=1))
    assert kept == []
    assert isinstance(failed, Failed)
    (error,) = failed.errors
    assert str(error.where) == "policy/shop/ledger.toml:3"
    assert "until 2026-12-31, and that has passed" in error.brief
    assert error.details == ("the reason then: Until the new version.",)
    assert "--accept 'allow a_t b_t:file read;' --reason … --expires DAY" in error.hint
    assert "--refuse" in error.hint


@pytest.mark.parametrize("other", [module(Answer.REFUSED), module(expires=None)])
def test_what_is_refused_or_has_no_end_never_expires(other: Module) -> None:
    assert look_at_expiry([other], "error", "host", dt.date(2999, 1, 1)) == ([other], [])
