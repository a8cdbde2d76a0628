"""Where lines come from: files, globs, directories, standard input, compressed or not; cut at lines for all cores."""

from __future__ import annotations

import glob
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sepack.stages.audit.aggregate import aggregate, faulty, merge
from sepack.stages.audit.blocks import STANDARD_INPUT, blocks_of, compression, lines_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sepack.model.audit_log import Aggregation

PART = 64 * 1024 * 1024
_PARTS_A_HAND = 2  # so that one that is slower does not keep all waiting
_PARTS_OF_LOG = ("audit", "messages", "syslog", "kern", "secure", "journal")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPart:
    """The lines of `path` that begin from `start` up to `end`; the whole file where `end` is None."""

    path: str
    start: int = 0
    end: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the given names led to, each file once; `faults` say why a name led to nothing."""

    parts: tuple[LogPart, ...]
    faults: tuple[tuple[str, str], ...]


def find_logs(names: Sequence[str], hands: int = 1, smallest: int = PART) -> Found:
    """Resolve names of files, directories, globs, and `-`.

    Plain files are cut for that many hands, into parts of at least `smallest` bytes: what a part finds is merged, so
    few large parts cost less than many.
    """
    files: dict[object, str] = {}
    faults: list[tuple[str, str]] = []
    for name in names:
        if name == STANDARD_INPUT:
            files.setdefault(STANDARD_INPUT, name)
            continue
        paths = _resolve(name)
        if not paths:
            faults.append((name, _why_nothing(name)))
        for path in paths:
            try:
                status = os.stat(path)  # noqa: PTH116 - also what is no regular file
            except OSError as error:
                faults.append((path, error.strerror or str(error)))
                continue
            files.setdefault((status.st_dev, status.st_ino), path)
    return Found(
        parts=tuple(part for path in files.values() for part in _cut(path, hands, smallest)), faults=tuple(faults)
    )


def aggregate_part(part: LogPart) -> Aggregation:
    """Read and aggregate one part; what cannot be read is a fault in it, after all that could."""
    fault: list[str] = []
    aggregation = aggregate(lines_of(blocks_of(part.path, part.start, fault), part.start, part.end), part.path)
    return merge(aggregation, faulty(part.path, fault[0])) if fault else aggregation


def _resolve(name: str) -> list[str]:
    if os.path.isdir(name):  # noqa: PTH112 - names are as they were typed
        found = sorted(os.path.join(name, entry) for entry in os.listdir(name))  # noqa: PTH118, PTH208
        return [path for path in found if os.path.isfile(path) and _is_log(os.path.basename(path))]  # noqa: PTH113, PTH119
    if os.path.lexists(name):
        return [name]
    return sorted(path for path in glob.glob(name, recursive=True) if not os.path.isdir(path))  # noqa: PTH112, PTH207


def _is_log(name: str) -> bool:
    """Whether a file of a directory is one of its logs: by its name, as logrotate and auditd write them."""
    return not name.startswith(".") and (".log" in name or name.startswith(_PARTS_OF_LOG))


def _why_nothing(name: str) -> str:
    if os.path.isdir(name):  # noqa: PTH112
        return "there is no log in this directory"
    return "nothing matches" if glob.has_magic(name) else "there is no such file"


def _cut(path: str, hands: int, smallest: int) -> Iterator[LogPart]:
    try:
        status = os.stat(path)  # noqa: PTH116
        with open(path, "rb") as file:  # noqa: PTH123
            whole = not stat.S_ISREG(status.st_mode) or bool(compression(file.read(6)))
    except OSError:  # is said when it is read
        whole = True
    if whole or hands == 1 or status.st_size <= smallest:
        yield LogPart(path=path)
        return
    size = max(smallest, -(-status.st_size // (_PARTS_A_HAND * hands)))
    for start in range(0, status.st_size, size):
        yield LogPart(path=path, start=start, end=min(start + size, status.st_size))
