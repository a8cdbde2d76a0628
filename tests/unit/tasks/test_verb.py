"""What every task shares: the options that override settings, and how a task ends."""

from __future__ import annotations

import errno
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from invoke.config import Config
from invoke.context import Context
from invoke.exceptions import Exit

from sepack.console.screen import StreamError, print_json
from sepack.errors import DeclarationError, ExitCode
from sepack.settings import DEFAULTS
from sepack.tasks.verb import Run, verb

if TYPE_CHECKING:
    from collections.abc import Callable

    from sepack.settings import Settings


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    """What Invoke gives a task, in an empty repository."""
    (tmp_path / "policy").mkdir()
    (tmp_path / "tasks.py").touch()
    monkeypatch.chdir(tmp_path)
    return Context(Config(overrides={"sepack": dict(DEFAULTS)}))


def settings_with(context: Context, module_format: str) -> Settings:
    seen: list[Settings] = []

    def body(run: Run) -> None:
        seen.append(run.settings)

    verb("module_format")(body)(context, module_format=module_format)
    return seen[0]


@pytest.mark.parametrize(("typed", "meant"), [("", None), ("4", 4), ("21", 21)])
def test_a_module_format_is_read_as_the_setting_is(typed: str, meant: int | None, context: Context) -> None:
    assert settings_with(context, typed).module_format == meant


@pytest.mark.parametrize("typed", ["x", "0", "3", "-1", "1.5", "19x"])
def test_a_module_format_that_is_none_is_refused_by_the_option_s_name(typed: str, context: Context) -> None:
    with pytest.raises(Exit) as caught:
        settings_with(context, typed)

    assert caught.value.code == ExitCode.DECLARATION
    assert f"--module-format: module_format is '{typed}'; it takes a whole number" in str(caught.value.message)


def say(run: Run) -> None:
    run.screen.line("said")


def say_as_json(_: Run) -> None:
    print_json({"said": True})


def fail(_: Run) -> None:
    raise DeclarationError("wrong")


def ending(context: Context, body: Callable[..., None], output: str = "text") -> tuple[int, str]:
    """Exit code and last word of a task."""
    with pytest.raises(Exit) as caught:
        verb("output")(body)(context, output=output)
    return int(caught.value.code), caught.value.message or ""


@pytest.mark.parametrize(("body", "output"), [(say, "text"), (say_as_json, "json"), (fail, "json")])
class TestStandardOutput:
    def test_that_is_full(
        self, body: Callable[..., None], output: str, context: Context, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with Path("/dev/full").open("w") as full:
            monkeypatch.setattr(sys, "stdout", full)
            code, said = ending(context, body, output)

        assert (code, said) == (ExitCode.BUILD, "the output cannot be written: No space left on device")

    def test_that_was_closed(
        self, body: Callable[..., None], output: str, context: Context, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stdout", None)

        assert ending(context, body, output) == (ExitCode.BUILD, "the output cannot be written: Bad file descriptor")

    def test_that_nobody_reads(
        self, body: Callable[..., None], output: str, context: Context, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "w") as pipe:
            monkeypatch.setattr(sys, "stdout", pipe)
            code, said = ending(context, body, output)

        assert (code, said) == (ExitCode.CLOSED_PIPE, "")


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), BrokenPipeError(errno.EPIPE, "gone")])
def test_what_another_file_refuses_is_not_taken_for_the_output(error: OSError, context: Context) -> None:
    def body(_: Run) -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        verb()(body)(context)

    assert not isinstance(caught.value, StreamError)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, ExitCode.TERMINATED), (signal.SIGINT, ExitCode.INTERRUPT)]
)
def test_a_signal_ends_the_task_in_order_and_without_a_word(
    number: signal.Signals, code: ExitCode, context: Context
) -> None:
    tidied = []

    def body(_: Run) -> None:
        try:
            signal.raise_signal(number)
        except KeyboardInterrupt:
            if number is signal.SIGTERM:
                signal.raise_signal(number)  # once more, as `timeout` does
            tidied.append(True)
            raise

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Exit) as caught:
        verb()(body)(context)

    assert (caught.value.code, caught.value.message, tidied) == (code, None, [True])
    assert signal.getsignal(signal.SIGTERM) is before
