"""A toolchain whose programs give the answers they are told to, as the tools of real releases do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from sepack.model.command import ChainOutcome, Command, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType

INCLUDE = "/usr/share/selinux/devel/include"
USAGE = b"usage:  checkmodule [-h] [-V] [-b] [-C] [-E] [-U handle_unknown] [-m] [-M] [-o FILE] [-c VERSION] [INPUT]\n"
DEBIAN: dict[str, tuple[int, bytes]] = {
    "m4 --version": (0, b"m4 (GNU M4) 1.4.19\n"),
    "checkmodule -V": (0, b"Module versions 4-21\n"),
    "checkmodule -h": (1, USAGE),
    "semodule_package": (1, b""),
    "sefcontext_compile": (1, b""),
    "dpkg-query": (
        1,
        b"m4 1.4.19-3 installed\nselinux-policy-dev 2:2.20221101-9 config-files\ncheckpolicy 3.4-1 installed\n",
    ),
    f"cat {INCLUDE}/build.conf": (0, b"TYPE ?= mcs\n"),
    f"cat {INCLUDE}/Makefile": (0, b"M4PARAM += x\n"),
}
EL8: dict[str, tuple[int, bytes]] = {
    "checkmodule -V": (0, b"Module versions 4-19\n"),
    "checkmodule -h": (1, USAGE.replace(b" [-c VERSION]", b"")),
    "semodule_package": (1, b""),
    "rpm": (
        2,
        b"checkpolicy 2.9-1.el8 installed\npackage m4 is not installed\npolicycoreutils 2.9-26.el8_10 installed\n",
    ),
}


class Answering:
    """A toolchain whose programs give the answers they are told to; others are not found."""

    name = "fake"

    def __init__(self, answers: Mapping[str, tuple[int, bytes]], identity: str = "image-1") -> None:
        self.identity = identity
        self.answers = answers
        self.asked: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def run(self, chains: Sequence[Sequence[Command]]) -> Iterator[ChainOutcome]:
        for index, chain in reversed(list(enumerate(chains))):
            outcomes: list[Outcome] = []
            for command in chain:
                outcomes.append(self.answer(command))
                if not outcomes[-1].ok:
                    break
            yield ChainOutcome(index=index, outcomes=tuple(outcomes))

    def answer(self, command: Command) -> Outcome:
        words = " ".join(command.argv)
        self.asked.append(words)
        code, stdout = self.answers.get(words, self.answers.get(command.argv[0], (127, b"")))
        return Outcome(command=command, exit_code=code, stdout=stdout, stderr=b"", seconds=0)
