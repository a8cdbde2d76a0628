"""The decorator that every task has: common parameters, settings, and errors as exit codes."""

from __future__ import annotations

import functools
import inspect
import os
import signal
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from invoke.exceptions import Exit
from invoke.tasks import Task

from sepack.console.errors import error_as_json, error_text
from sepack.console.screen import Screen, StreamError, print_json
from sepack.errors import DeclarationError, ExitCode, SepackError
from sepack.frozen import frozen
from sepack.model.names import did_you_mean
from sepack.settings import Settings, read_settings, read_value
from sepack.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from invoke.context import Context

COMMON_HELP = {
    "module": "Only this module of policy/; may be given several times (none: all).",
    "target": "Build for this release (host, el9, debian12, …); may be given several times.",
    "toolchain": "Where the tools run: auto, local or container.",
    "module_format": "Write this module format instead of the lowest that serves.",
    "output": "How to print the result: text or json.",
}
_DEFAULTS: dict[str, Any] = {"module": [], "target": [], "toolchain": "", "module_format": "", "output": "text"}
_OUTPUTS = ("text", "json")
_REPEATABLE = ("module", "target")


class OutputNameError(DeclarationError):
    def __init__(self, output: str, known: tuple[str, ...]) -> None:
        super().__init__(
            f"--output {output} is not known",
            hint=f"{did_you_mean(output, known)} It takes {' or '.join(known)}.".lstrip(),
        )


@frozen
class Run:
    """What a task works with.

    `command` is what a person types to run another task; `modules` and `targets` are as they were given on the
    command line: empty means all modules, and the settings' targets.
    """

    workspace: Workspace
    settings: Settings
    modules: tuple[str, ...]
    targets: tuple[str, ...]
    output: str
    screen: Screen
    command: str

    @property
    def json(self) -> bool:
        return self.output == "json"


def verb(
    *common: str,
    help: Mapping[str, str] | None = None,  # noqa: A002 - Invoke's own name
    outputs: tuple[str, ...] = _OUTPUTS,
    repeatable: tuple[str, ...] = (),
) -> Callable[[Callable[..., None]], Task[Any]]:
    """Make a task of a function whose first parameter is a Run; `common` names the common parameters it has too.

    `outputs` are what --output takes, `repeatable` those of its own parameters that may be given several times.

    A SepackError becomes Invoke's Exit with its text on standard error (JSON on standard output where that was asked
    for) and its exit code, and so does an output that takes no more; Ctrl-C, SIGTERM and a reader that left end the
    process without a word.
    """

    def decorate(body: Callable[..., None]) -> Task[Any]:
        own = list(inspect.signature(body).parameters.values())[1:]
        shared = [_parameter(name) for name in common]

        @functools.wraps(body)
        def run(context: Context, /, **values: Any) -> None:
            given = {name: values.pop(name) for name in common}
            with _exits(as_json=given.get("output") == "json"), _termination_as_interrupt():
                body(_open(context, given, outputs), **values)

        context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        needed = [each for each in own if each.default is inspect.Parameter.empty]
        others = [each for each in own if each.default is not inspect.Parameter.empty]
        run.__signature__ = inspect.Signature([context, *needed, *shared, *others])  # type: ignore[attr-defined]
        several = [*(name for name in _REPEATABLE if name in common), *repeatable]
        helps = {**{name: COMMON_HELP[name] for name in common}, **(help or {})}
        if outputs != _OUTPUTS:
            helps["output"] = f"How to print the result: {', '.join(outputs[:-1])} or {outputs[-1]}."
        return Task(run, name=body.__name__.rstrip("_"), help=helps, iterable=several)

    return decorate


def _parameter(name: str) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=_DEFAULTS[name])


def _open(context: Context, given: Mapping[str, Any], outputs: tuple[str, ...]) -> Run:
    if given.get("output", "text") not in outputs:
        raise OutputNameError(given["output"], outputs)
    workspace = Workspace.find()
    settings = read_settings(dict(context.config["sepack"]), workspace.root)
    return Run(
        workspace=workspace,
        settings=replace(settings, **_overrides(given)),
        modules=tuple(dict.fromkeys(given.get("module") or ())),
        targets=tuple(dict.fromkeys(given.get("target") or ())),
        output=given.get("output", "text"),
        screen=Screen(),
        command=command_name(workspace.root),
    )


def _overrides(given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that the command line gives for this once. Raises SettingError, which names the option."""
    values = {
        "targets": ("--target", list(given.get("target") or ())),
        "toolchain": ("--toolchain", given.get("toolchain")),
        "module_format": ("--module-format", given.get("module_format")),
    }
    return {key: read_value(key, value, option) for key, (option, value) in values.items() if value}


def command_name(root: Path) -> str:
    """`./inv` where the repository has that wrapper, `invoke` elsewhere."""
    return "./inv" if os.access(root / "inv", os.X_OK) else "invoke"


class _Terminated(KeyboardInterrupt):
    """SIGTERM: whatever ends for Ctrl-C, what was started included, ends for this."""


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """Raise _Terminated at the first SIGTERM; `timeout` sends a second one, which must not cut short the tidying up."""
    ignored = signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    if ignored or threading.current_thread() is not threading.main_thread():
        yield
        return

    def terminate(*_: object) -> None:
        signal.signal(signal.SIGTERM, lambda *_: None)
        raise _Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _exits(*, as_json: bool) -> Iterator[None]:
    """Every way in which a task ends early, as Invoke's Exit."""
    try:
        try:
            yield
        except SepackError as error:
            if as_json:
                print_json(error_as_json(error))
            raise as_exit(error) from error
    except _Terminated:
        raise Exit(code=ExitCode.TERMINATED) from None
    except KeyboardInterrupt:
        raise Exit(code=ExitCode.INTERRUPT) from None
    except StreamError as error:
        _silence_output()
        if error.reader_left:
            raise Exit(code=ExitCode.CLOSED_PIPE) from None
        raise Exit(message=str(error), code=ExitCode.BUILD) from error


def as_exit(error: SepackError) -> Exit:
    return Exit(message=error_text(error), code=int(error.exit_code))


def _silence_output() -> None:
    """The stream takes nothing any more: keep the interpreter from failing when it flushes it at its end."""
    if sys.stdout is not None:
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
