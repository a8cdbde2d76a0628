"""A toolchain in memory: programs are functions, and the workspace is a directory of the test's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from sepack.model.command import ChainOutcome, Command, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "HOME": "/nonexistent"}


@dataclass(frozen=True, slots=True)
class Said:
    """What a program leaves on its streams, and its exit code."""

    stdout: bytes = b""
    stderr: bytes = b""
    exit_code: int = 0


class FakeToolchain:
    """Fulfils the same contract as the real ones. `programs` are added to the few of CORE, by the name of argv[0].

    A program gets its Command and the workspace's root, may read and write files there, and says what came of it; an
    exception of its own is the test's. `ran` holds every command that was started, in order.
    """

    name = "fake"

    def __init__(
        self,
        root: Path,
        programs: Mapping[str, Callable[[Command, Path], Said]] | None = None,
        *,
        identity: str = "fake",
    ) -> None:
        self.identity = identity
        self.programs = {**CORE, **(programs or {})}
        self.ran: list[Command] = []
        self._root = root

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def run(self, chains: Sequence[Sequence[Command]]) -> Iterator[ChainOutcome]:
        """In reverse, because callers may not count on any order."""
        for index, chain in reversed(list(enumerate(chains))):
            outcomes: list[Outcome] = []
            for command in chain:
                outcomes.append(self._run(command))
                if not outcomes[-1].ok:
                    break
            yield ChainOutcome(index=index, outcomes=tuple(outcomes))

    def _run(self, command: Command) -> Outcome:
        sink = None
        if command.stdout is not None:
            try:
                sink = (self._root / command.stdout).open("wb")
            except OSError as error:
                return outcome(command, Said(stderr=f"{command.stdout}: {error.strerror}\n".encode(), exit_code=1))
        said = self._said(command)
        if sink is not None:
            with sink:
                sink.write(said.stdout)
            said = Said(stderr=said.stderr, exit_code=said.exit_code)
        return outcome(command, said)

    def _said(self, command: Command) -> Said:
        name = command.argv[0]
        if program := self.programs.get(name):
            self.ran.append(command)
            return program(command, self._root)
        if "/" in name and (self._root / name).is_file():
            return Said(stderr=f"{name}: Permission denied\n".encode(), exit_code=126)
        return Said(stderr=f"{name}: No such file or directory\n".encode(), exit_code=127)


def outcome(command: Command, said: Said) -> Outcome:
    return Outcome(command=command, exit_code=said.exit_code, stdout=said.stdout, stderr=said.stderr, seconds=0.001)


def cat(command: Command, root: Path) -> Said:
    try:
        return Said(b"".join((root / name).read_bytes() for name in command.argv[1:]))
    except OSError as error:
        return Said(stderr=f"cat: {error}\n".encode(), exit_code=1)


def cp(command: Command, root: Path) -> Said:
    try:
        (root / command.argv[2]).write_bytes((root / command.argv[1]).read_bytes())
    except OSError as error:
        return Said(stderr=f"cp: {error}\n".encode(), exit_code=1)
    return Said()


def printf(command: Command, _root: Path) -> Said:
    """Its text, with octal escapes and no other ones."""
    text = command.argv[1].encode("utf-8", "surrogateescape")
    return Said(text.decode("unicode_escape").encode("latin-1") if b"\\" in text else text)


def env(command: Command, _root: Path) -> Said:
    return Said("".join(f"{name}={value}\n" for name, value in {**ENVIRONMENT, **command.env}.items()).encode())


CORE: dict[str, Callable[[Command, Path], Said]] = {
    "true": lambda _command, _root: Said(),
    "false": lambda _command, _root: Said(exit_code=1),
    "cat": cat,
    "cp": cp,
    "printf": printf,
    "env": env,
}
