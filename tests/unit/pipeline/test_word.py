"""What a person says about statements is read as it was meant, or refused with what to type."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from sepack.pipeline.word import (
    BothWaysError,
    ExpiryDateError,
    NotProposedError,
    ReasonMissingError,
    canonical,
    read_word,
    whoever_asks,
)

if TYPE_CHECKING:
    from sepack.model.proposal import Word

NOTHING: dict[str, Any] = {"accept": [], "refuse": [], "reason": "", "by": "", "expires": "", "refresh": False}


def word(**said: Any) -> Word:
    return read_word(**{**NOTHING, **said})


@pytest.mark.parametrize(
    "typed",
    [
        "allow a_t b_t:file { write read };",
        "allow a_t b_t:file {read write}",
        "  allow  a_t b_t:file  { read write } ; ",
    ],
)
def test_a_rule_may_be_typed_in_any_way(typed: str) -> None:
    assert canonical(typed) == "allow a_t b_t:file { read write };"


def test_any_other_statement_is_taken_as_it_stands() -> None:
    assert canonical("boolean  httpd_execmem on") == "boolean httpd_execmem on"


def test_a_word_has_who_when_and_why() -> None:
    said = word(accept=["boolean a on"], reason="it\nmust", by="Ada", expires="2999-01-01")
    assert (said.accept, said.reason, said.by) == (("boolean a on",), "it must", "Ada")
    assert said.expires == dt.date(2999, 1, 1)
    assert said.when == dt.datetime.now(tz=dt.UTC).date()


@pytest.mark.parametrize("option", ["accept", "refuse"])
def test_a_word_without_a_reason_is_none(option: str) -> None:
    with pytest.raises(ReasonMissingError, match=f"--{option} 'boolean a on' has no reason"):
        word(**{option: ["boolean a on"]})


def test_yes_and_no_at_once_is_refused() -> None:
    with pytest.raises(BothWaysError, match="accepted and refused"):
        word(accept=["allow a b:c d"], refuse=["allow a b:c d;"], reason="?")


@pytest.mark.parametrize("day", ["tomorrow", "2020-01-01", "2026-13-01"])
def test_an_expiry_is_a_day_to_come(day: str) -> None:
    with pytest.raises(ExpiryDateError, match=day):
        word(expires=day)


def test_who_used_sudo_is_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "ada")
    assert whoever_asks() == "ada"


def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SUDO_USER", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_001)
    assert whoever_asks() == "4000000001"


def test_a_statement_that_nothing_comes_to_names_what_there_is() -> None:
    error = NotProposedError("boolean a on", [])
    assert error.hint == "Name a statement as it is printed, in quotes."
