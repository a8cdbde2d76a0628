"""How a build looks while it happens, and what it says at its end."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from sepack.console.errors import error_as_json, show_error
from sepack.console.screen import print_json
from sepack.model.build import Build, Built, Chosen, Failed, Notice, Planned, UpToDate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sepack.console.screen import Screen
    from sepack.errors import SepackError
    from sepack.model.build import BuildEvent

# A build shorter than this is over before a bar could be read.
LEAST_FOR_BAR = 8
MOST_PATHS = 8


class Show(Protocol):
    """Shows events as they come; `finish` says the last word. `failures` are the modules that failed.

    `stop` is the last word where an error ended it all: whether it has said that too, or leaves it to the caller.
    """

    failures: list[Failed]

    def show(self, events: Iterable[BuildEvent]) -> None: ...

    def say(self, text: str) -> None: ...

    def finish(self) -> None: ...

    def stop(self, error: SepackError) -> bool: ...


class BuildText:
    """Lines for a person; a progress bar below them on a terminal."""

    def __init__(self, screen: Screen, command: str, *, dry_run: bool) -> None:
        self.failures: list[Failed] = []
        self._screen = screen
        self._command = command
        self._dry_run = dry_run
        self._built: list[Built] = []
        self._fresh = 0
        self._planned = 0
        self._begin = time.monotonic()
        self._bar: _Bar | None = None

    def show(self, events: Iterable[BuildEvent]) -> None:
        with self._progress() as self._bar:
            for event in events:
                self._one(event)
                if self._bar is not None and isinstance(event, Built | Failed):
                    self._bar.advance()

    def say(self, text: str) -> None:
        self._screen.line(f"note  {text}", style="yellow")

    def _progress(self) -> AbstractContextManager[_Bar | None]:
        return _Bar(self._screen) if self._screen.is_terminal and not self._dry_run else nullcontext()

    def _one(self, event: BuildEvent) -> None:
        match event:
            case Chosen():
                self._screen.line(f"{event.target.name} ({event.target.title}): {event.toolchain}, {event.reason}")
            case Planned():
                self._plan(event)
            case Notice():
                self.say(f"{event.module + ': ' if event.module else ''}{event.text}")
            case Built():
                self._built.append(event)
                package = event.package
                what = f"{package.name} {package.version}, format {package.format}, {package.path}"
                self._screen.line(f"built {what}  ({event.reason})", style="green")
            case UpToDate():
                self._fresh += 1
            case Failed():
                self.failures.append(event)
                self._screen.line(f"FAILED {event.module} for {event.target}", style="bold red")
                for error in event.errors:
                    show_error(self._screen, error, indent="  ")

    def _plan(self, event: Planned) -> None:
        todo = [decision for decision in event.decisions if isinstance(decision, Build)]
        self._planned += len(todo)
        if self._dry_run:
            for decision in todo:
                self._screen.line(f"would build {decision.module}  ({decision.reason})")
        elif self._bar is not None and len(todo) >= LEAST_FOR_BAR:
            self._bar.start(len(todo))

    def finish(self) -> None:
        if self._dry_run:
            self._screen.line(f"{self._planned} would be built, {self._fresh} up to date")
            self._next(f"{self._command} build")
            return
        seconds = time.monotonic() - self._begin
        self._screen.line(
            f"{len(self._built)} built, {self._fresh} up to date, {len(self.failures)} failed in {seconds:.1f} s"
        )
        self._next(self._after())

    def stop(self, error: SepackError) -> bool:
        """What happened has been said as it did."""
        del error
        return False

    def _after(self) -> str:
        if self.failures:
            return f"{self._command} build   (once the lines above are mended; what was built stays built)"
        paths = [str(event.package.path) for event in self._built if event.target == "host"]
        if not paths:
            return f"{self._command} status"
        if len(paths) > MOST_PATHS:
            return f"sudo semodule -i FILE …   (any of the {len(paths)} .pp files above loads on this host)"
        return f"sudo semodule -i {' '.join(sorted(paths))}   (loads on this host)"

    def _next(self, what: str) -> None:
        self._screen.line(f"next: {what}")


class _Bar:
    """A progress bar that is there only once a long build is known to be one."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._progress: Any = None
        self._task: Any = None

    def __enter__(self) -> _Bar:
        return self

    def start(self, total: int) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

        if self._progress is None:
            columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._progress = Progress(*columns, console=self._screen.console, transient=True)
            self._progress.start()
        self._task = self._progress.add_task("build", total=total)

    def advance(self) -> None:
        if self._progress is not None:
            self._progress.advance(self._task)

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()


class BuildJson:
    """One JSON document at the end: {"events": [...], "built": n, "up_to_date": n, "failed": n}.

    Where an error ended it all after something had happened, the document has it as "error": {...}.
    """

    def __init__(self) -> None:
        self.failures: list[Failed] = []
        self._events: list[dict[str, Any]] = []

    def show(self, events: Iterable[BuildEvent]) -> None:
        for event in events:
            if isinstance(event, Failed):
                self.failures.append(event)
            self._events.append(_as_json(event))

    def say(self, text: str) -> None:
        self._events.append({"event": "notice", "module": "", "text": text})

    def finish(self) -> None:
        self._print()

    def stop(self, error: SepackError) -> bool:
        if self._events:
            self._print({"error": error_as_json(error)})
        return bool(self._events)

    def _print(self, more: Mapping[str, Any] = MappingProxyType({})) -> None:
        kinds = [event["event"] for event in self._events]
        document = {
            "built": kinds.count("built"),
            "up_to_date": kinds.count("up_to_date"),
            "failed": len(self.failures),
            "events": self._events,
            **more,
        }
        print_json(document)


def _as_json(event: BuildEvent) -> dict[str, Any]:
    match event:
        case Chosen():
            facts = {"target": event.target.name, "toolchain": event.toolchain, "reason": event.reason}
            return {"event": "chosen", **facts}
        case Planned():
            todo = [decision for decision in event.decisions if isinstance(decision, Build)]
            build = [{"module": decision.module, "reason": decision.reason} for decision in todo]
            return {"event": "planned", "target": event.target.name, "build": build}
        case Notice():
            return {"event": "notice", "module": event.module, "text": event.text}
        case Built():
            package = event.package
            return {
                "event": "built",
                "target": event.target,
                "module": event.module,
                "version": package.version,
                "format": package.format,
                "path": str(package.path),
                "sha256": package.digest,
                "reason": event.reason,
            }
        case UpToDate():
            return {"event": "up_to_date", "target": event.target, "module": event.module}
        case Failed():
            errors = [error_as_json(error) for error in event.errors]
            return {"event": "failed", "target": event.target, "module": event.module, "errors": errors}
