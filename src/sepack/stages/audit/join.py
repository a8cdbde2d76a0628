"""Records of one event: which program, with what outcome, on which path."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sepack.model.audit_log import AuditRecord, Segment
from sepack.stages.audit.fields import read_detail, read_fields, untrusted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sepack.model.audit_log import Signature

WINDOW = 32 * 1024
"""A denial's other records are those with its key that begin at most so many bytes before or after it.

So a reader holds what is within this distance and nothing else, however long the log; and a serial that comes again
after a reboot is another event.
"""

LONGEST_RECORD = 8192
_LONGEST_COUNT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What its other records say of a denial; `failed` is None where its system call is not in the log."""

    executable: str = ""
    failed: bool | None = None
    path: str = ""


NOTHING = Facts()


def settle(
    records: Sequence[AuditRecord], start: int, end: int
) -> tuple[list[tuple[AuditRecord, Facts]], list[AuditRecord]]:
    """Join the denials of a run from `start` to `end` whose whole neighbourhood lies in it; and what has to wait.

    What waits is the denials near the ends, and the records that those, or denials beyond the ends, may need.
    """
    by_key: dict[bytes, list[AuditRecord]] = {}
    for record in records:
        if record.signature is None:
            by_key.setdefault(record.key, []).append(record)
    joined, waiting = [], []
    for record in records:
        distance = min(record.offset - start, end - record.offset)
        if record.signature is None:
            if distance <= 2 * WINDOW:
                waiting.append(record)
        elif distance <= WINDOW:
            waiting.append(record)
        else:
            joined.append((record, facts_of(record, by_key.get(record.key, ()))))
    return joined, waiting


def join_segments(segments: Iterable[Segment]) -> tuple[tuple[Segment, ...], list[tuple[AuditRecord, Facts]]]:
    """Segments of one source, those that touch made one; and the denials whose neighbourhood is now complete."""
    united: list[Segment] = []
    joined: list[tuple[AuditRecord, Facts]] = []
    for segment in sorted(segments, key=lambda each: (each.start, each.end)):
        if united and united[-1].end == segment.start:
            before = united.pop()
            found, waiting = settle((*before.open, *segment.open), before.start, segment.end)
            joined += found
            united.append(Segment(start=before.start, end=segment.end, open=tuple(waiting)))
        else:
            united.append(segment)
    return tuple(united), joined


def settle_all(records: Sequence[AuditRecord]) -> list[tuple[AuditRecord, Facts]]:
    """Join all denials with what there is: nothing more will come."""
    far = 4 * WINDOW
    return settle(records, records[0].offset - far, records[-1].offset + far)[0] if records else []


def facts_of(denial: AuditRecord, records: Iterable[AuditRecord]) -> Facts:
    """What the records with a denial's key, in their order, say of it.

    Its call is the first SYSCALL after it, as the kernel writes them, or else the last one before it.
    """
    assert denial.signature is not None
    near: Sequence[AuditRecord] = [record for record in records if abs(record.offset - denial.offset) <= WINDOW]
    if not near:
        return NOTHING
    calls = [record for record in near if record.text.startswith(b"type=SYSCALL")]
    after = [record for record in calls if record.offset > denial.offset]
    call = after[0] if after else calls[-1] if calls else None
    fields = read_fields(call.text) if call else {}
    if call and after:
        near = _of_call(call, fields, near)
    path = _path_of(denial.signature, denial.text, [record.text for record in near]) if near else ""
    return Facts(executable=_executable(call.text, fields) if call else "", failed=_failed(fields), path=path)


def _of_call(
    call: AuditRecord, fields: Mapping[bytes, tuple[bytes, bool]], near: Sequence[AuditRecord]
) -> Sequence[AuditRecord]:
    """The PATH records that a call says it has, which come after it, and the CWD among them; all, if not so many come.

    So the records of another host's event with the same time and serial are not taken for this one's.
    """
    following = [record for record in near if record.offset > call.offset]
    paths = [record for record in following if record.text.startswith(b"type=PATH")]
    items = fields.get(b"items", (b"", False))[0]
    wanted = int(items) if items.isdigit() and len(items) <= _LONGEST_COUNT else None
    if wanted is None or len(paths) < wanted:
        return near
    if not wanted:
        return ()
    last = paths[wanted - 1].offset
    return [record for record in following if record.offset <= last]


def _executable(text: bytes, fields: Mapping[bytes, tuple[bytes, bool]]) -> str:
    return untrusted(*fields.get(b"exe", (b"", True)), interpreted=b'exe="' not in text)


def _failed(fields: Mapping[bytes, tuple[bytes, bool]]) -> bool | None:
    return {b"yes": False, b"no": True}.get(fields.get(b"success", (b"", False))[0])


def _path_of(signature: Signature, detail: bytes, texts: Iterable[bytes]) -> str:
    """The path of a denial that names an inode or a last part only; "" where the records do not tell."""
    found = read_detail(detail)
    if found.path:
        return ""
    directory = ""
    records: list[tuple[str, bytes, bytes]] = []
    for text in texts:
        if text.startswith(b"type=CWD"):
            directory = directory or untrusted(*read_fields(text).get(b"cwd", (b"", True)), interpreted=False)
        elif text.startswith(b"type=PATH"):
            fields = read_fields(text)
            name = untrusted(*fields.get(b"name", (b"", True)), interpreted=False)
            records.append((name, fields.get(b"inode", (b"",))[0], fields.get(b"nametype", (b"",))[0]))
    return choose_path(signature.tclass, found.inode, found.name, directory, records)


def choose_path(
    tclass: str, inode: bytes, last_part: str, directory: str, records: Iterable[tuple[str, bytes, bytes]]
) -> str:
    """Which of the PATH records (name, inode, nametype) is meant; relative names are of `directory`.

    What is created or removed in a directory is named, while the access is the directory's: then it is the parent's.
    "" where none or several fit.
    """
    paths = [(_absolute(directory, name), number, kind) for name, number, kind in records]
    if inode:
        candidates = {path for path, number, _ in paths if path and number == inode}
    elif tclass == "dir":
        candidates = {path for path, _, kind in paths if path and kind == b"PARENT"}
    else:
        named = {path for path, _, kind in paths if path and kind != b"PARENT"}
        candidates = {path for path in named if last_part and posixpath.basename(path) == last_part}
    return candidates.pop() if len(candidates) == 1 else ""


def _absolute(directory: str, name: str) -> str:
    if name.startswith("/") and "//" not in name and "/." not in name and not name.endswith("/"):
        return name  # it is normal already, as nearly all are
    if not name or not (name.startswith("/") or directory.startswith("/")):
        return ""
    return posixpath.normpath(posixpath.join(directory, name))
