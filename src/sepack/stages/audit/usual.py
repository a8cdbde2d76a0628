"""Blocks of nothing but raw records: a regular expression for the usual denial, and memory of what was parsed.

The marker is looked for first, and only what follows it is parsed; contexts and class are parsed once for each text
they come in. A denial of another look is left to the reader, which reads any.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sepack.model.denial import KEPT
from sepack.stages.audit.cache_message import CacheMessage, NotUnderstoodError, read_message
from sepack.stages.audit.join import WINDOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sepack.model.audit_log import Signature
    from sepack.stages.audit.tally import Tally

DENIAL = b"\ntype=AVC msg=audit("
_CALL = b"\ntype=SYSCALL msg=audit("

_NAMES = rb"[A-Za-z_][A-Za-z0-9_.-]{0,254}"
_CONTEXT = rb"context=(" + b":".join([_NAMES] * 3) + rb")(?::([A-Za-z0-9_.,:-]{1,4096}))?"
_CALL_TEXT = (
    rb"\): arch=[0-9a-f]+ syscall=\d+ success=(yes|no) exit=[0-9-]+ [a-z0-9_=() -]*"
    rb'comm=(?:"[!#-<>-~]*"|[0-9A-F]+) exe="([!#-<>-~]+)" '
)
_USUAL_CALL = re.compile(rb"\ntype=SYSCALL msg=audit\([0-9.:]+" + _CALL_TEXT)
_USUAL = re.compile(
    rb"\ntype=AVC msg=audit\(((\d{10}\.\d{3}):\d{1,20})\): avc:  denied  \{ ([a-z0-9_ ]{1,250}) \} for  pid=\d{1,10}"
    rb' comm="([!#-<>-~]*)"(?: capability=\d\d? )?(?: path="(/[!#-<>-~]{0,4096})"| name="([!#-<>-~]{0,255})")?'
    rb'(?: dev=(?:"[!#-<>-~]*"|[!#-<>-~]+))?(?: ino=\d{1,20})?(?: (?:src|dest)=(\d{1,5}))?'
    rb" s" + _CONTEXT + rb" t" + _CONTEXT + rb" tclass=([a-z][a-z0-9_]{0,254}(?: permissive=[01])?)(?=\n)"
    rb"(?:\ntype=SYSCALL msg=audit\(\1" + _CALL_TEXT + rb")?"
)


class _Memory:
    """The lines with the same permissions, types, class and outcome, collected before they are added to a tally."""

    __slots__ = ("calls", "commands", "levels", "message", "names", "paths", "ports", "times")

    def __init__(self, message: CacheMessage) -> None:
        self.message = message
        self.times: list[bytes] = []
        self.calls: list[tuple[bytes, bytes]] = []
        self.levels: set[tuple[bytes, bytes]] = set()
        self.commands: set[bytes] = set()
        self.paths: set[bytes] = set()
        self.names: set[bytes] = set()
        self.ports: set[bytes] = set()

    def pour(self, tally: Tally) -> None:
        """Add what was collected to the tally."""
        tally.count(len(self.times), self.message.permissive)
        for time in (min(self.times), max(self.times)) if self.times else ():
            tally.see(int(time.replace(b".", b"")))
        for bag, values in ((tally.commands, self.commands), (tally.paths, self.paths), (tally.names, self.names)):
            for value in _smallest(values):
                bag.add(value.decode("ascii"))
        for port in self.ports:
            tally.ports.add(int(port))
        source, target = self.message.contexts
        for one, other in _smallest(self.levels):
            levels = one.decode("ascii"), other.decode("ascii")
            tally.contexts.add((replace(source, level=levels[0]), replace(target, level=levels[1])))
        for (outcome, executable), lines in Counter(self.calls).items():
            tally.executables.add(executable.decode("ascii"))
            tally.called(lines, failed=outcome == b"no")


def _smallest(values: set[Any]) -> list[Any]:
    """Enough of the smallest for a bag to know its own, and whether there are more."""
    return sorted(values)[: KEPT + 1]


def is_plain(data: bytes, lines: int) -> bool:
    """Whether a block, each line of it after its newline, has raw records alone, and no access outside AVC records."""
    return (
        data.count(b"\ntype=") == lines
        and data.count(b" msg=audit(") == lines
        and data.count(b"avc:") == data.count(DENIAL)
        and b"=USER_AVC" not in data
        and b"=SELINUX_ERR" not in data
    )


class UsualDenials:
    """Collects usual denials by what they have in common."""

    def __init__(self) -> None:
        self._memories: dict[tuple[bytes, ...], _Memory] = {}

    def read(self, data: bytes, begin: int, end: int) -> Iterator[int]:
        """Collect the denials of a plain block that begin from `begin` on and before `end`.

        Yields the positions of those that are left to the reader, because they or their events look otherwise.
        """
        has_calls, has_paths = _CALL in data, None
        end += len(DENIAL) - 1
        at = data.find(DENIAL, begin, end)
        while at >= 0:
            usual = _USUAL.match(data, at)
            if usual is not None and usual[5] is None and has_paths is None:
                has_paths = b"\ntype=PATH" in data
            if usual is None or (has_paths and usual[5] is None):
                yield at
            else:
                (key, time, permissions, command, path, name, port,
                 source, low, target, high, rest, outcome, executable) = usual.groups()  # fmt: skip
                call = (outcome, executable) if outcome or not has_calls else _find_call(data, at, key)
                common = permissions, source, target, rest
                memory = self._memories.get(common) or self._remember(common)
                if call is None or memory is None:
                    yield at
                else:
                    memory.times.append(time)
                    memory.commands.add(command)
                    memory.levels.add((low or b"", high or b""))
                    if path:
                        memory.paths.add(path)
                    elif name:
                        memory.names.add(name)
                    if port:
                        memory.ports.add(port)
                    if call[0]:
                        memory.calls.append(call)
            at = data.find(DENIAL, at + len(DENIAL), end)

    def _remember(self, common: tuple[bytes, ...]) -> _Memory | None:
        permissions, source, target, rest = common
        text = b"avc:  denied  { %b } for  scontext=%b tcontext=%b tclass=%b" % (permissions, source, target, rest)
        try:
            memory = self._memories[common] = _Memory(read_message(text))
        except NotUnderstoodError:
            return None
        return memory

    def pour(self, tally_of: Callable[[Signature], Tally], *, at_least: int = 0) -> int:
        """Add what was collected to the tallies that `tally_of` gives, if it is `at_least` so many lines; how many."""
        lines = sum(len(memory.times) for memory in self._memories.values())
        if lines < at_least:
            return 0
        for memory in self._memories.values():
            memory.pour(tally_of(memory.message.signature))
        self._memories = {}
        return lines


def _find_call(data: bytes, at: int, key: bytes) -> tuple[bytes, bytes] | None:
    """Outcome and executable of the call of the denial at `at`; (b"", b"") without one, None for an unusual one."""
    wanted = _CALL + key + b")"
    found = data.find(wanted, at, at + WINDOW + len(wanted))
    if found < 0:
        found = data.rfind(wanted, max(0, at - WINDOW), at)
    if found < 0:
        return b"", b""
    call = _USUAL_CALL.match(data, found)
    return (call[1], call[2]) if call else None
