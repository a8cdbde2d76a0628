"""Reads blocks of lines into tallies: plain blocks at speed, all other lines one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.model.audit_log import Account, Aggregation, AuditRecord, Sample, Segment, add_evidence
from sepack.model.denial import KEPT, Smallest
from sepack.stages.audit.cache_message import NotUnderstoodError
from sepack.stages.audit.fields import plain, read_detail
from sepack.stages.audit.join import LONGEST_RECORD, WINDOW, facts_of, settle
from sepack.stages.audit.records import Reading, read_line
from sepack.stages.audit.tally import Tally
from sepack.stages.audit.usual import UsualDenials, is_plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sepack.model.audit_log import Signature
    from sepack.model.denial import Access, Denial
    from sepack.stages.audit.cache_message import CacheMessage
    from sepack.stages.audit.fields import Detail

LONGEST_LINE = 1024 * 1024
_COLLECTED = 250_000
_SHOWN = 300
_SETTLED_AT = 4096
_LOOKED_AT = (b"type=AVC", b"type=USER_AVC", b"type=SELINUX_ERR")
_JOINED = (b"type=SYSCALL msg=audit(", b"type=PATH msg=audit(", b"type=CWD msg=audit(")


class Reader:
    """What has been read of one part of a source, so far."""

    def __init__(self, source: str, start: int) -> None:
        self._source = source
        self._start = self._end = start
        self._tallies: dict[Signature, Tally] = {}
        self._errors: dict[Signature, Tally] = {}
        self._usual = UsualDenials()
        self._waiting: list[AuditRecord] = []
        self._settled_at = _SETTLED_AT
        self._denials = self._granted = self._other = 0
        self._not_understood: dict[str, int] = {}
        self._samples: list[Sample] = []

    def read(self, offset: int, data: bytes, end: int) -> None:
        """Whole lines, without the last one's end; `offset` is where the first begins, `end` where the next will."""
        lines = data.count(b"\n") + 1
        if len(data) > 8 * WINDOW and is_plain(marked := b"\n" + data + b"\n", lines):
            self._read_plain(marked, offset, lines)
        else:
            self._read_lines(data.split(b"\n"), offset)
        self._end = end
        if len(self._waiting) >= self._settled_at:
            self._settle()

    def _read_plain(self, data: bytes, offset: int, lines: int) -> None:
        """A block of raw records alone. Positions in `data` are offsets less `offset`.

        What begins near the block's ends may belong to events that go on beyond them, and is read one by one.
        """
        low = data.find(b"\n", 2 * WINDOW)
        high = data.rfind(b"\n", 0, len(data) - 2 * WINDOW)
        head, tail = data[1:low], data[high + 1 : -1]
        self._read_lines(head.split(b"\n"), offset)
        self._read_lines(tail.split(b"\n"), offset + high)
        others = 0
        for at in self._usual.read(data, low, high):
            others += 1
            self._read_apart(data, at, offset)
        denials = data.count(b"avc:", low, high)
        self._denials += denials - others
        self._other += lines - head.count(b"\n") - tail.count(b"\n") - 2 - denials
        self._usual.pour(self._tally, at_least=_COLLECTED)

    def _read_lines(self, lines: Iterable[bytes], offset: int) -> None:
        for line in lines:
            if b"avc:" in line or not line.startswith(b"type=") or line.startswith(_LOOKED_AT):
                self._waiting += self._read_one(line, offset)
            elif line.startswith(_JOINED):
                self._other += 1
                begin = line.index(b"(") + 1
                key = line[begin : line.find(b")", begin)]
                self._waiting.append(AuditRecord(offset, key, None, line[:LONGEST_RECORD]))
            elif b" msg=audit(" in line:
                self._other += 1
            else:
                self._waiting += self._read_one(line, offset)
            offset += len(line) + 1

    def _read_apart(self, data: bytes, at: int, offset: int) -> None:
        """The denial at a position of a plain block, with its event's other records."""
        denials = self._read_one(data[at + 1 : data.find(b"\n", at + 1)], offset + at)
        records: list[AuditRecord] = []
        for key in {denial.key for denial in denials}:
            marker = b" msg=audit(" + key + b")"
            found = data.find(marker, max(0, at - WINDOW))
            while 0 <= found <= at + WINDOW + LONGEST_RECORD:
                begin = data.rfind(b"\n", 0, found) + 1
                line = data[begin : data.find(b"\n", begin)]
                if line.startswith(_JOINED):
                    records.append(AuditRecord(offset + begin - 1, key, None, line[:LONGEST_RECORD]))
                found = data.find(marker, found + 1)
        for denial in denials:
            if denial.signature:
                self._tally(denial.signature).learn(
                    facts_of(denial, [each for each in records if each.key == denial.key])
                )

    def _read_one(self, line: bytes, offset: int) -> list[AuditRecord]:
        """A line of any shape; what of it is to be joined."""
        try:
            if len(line) > LONGEST_LINE:
                raise NotUnderstoodError("longer than 1 MiB")
            readings = read_line(line)
        except NotUnderstoodError as error:
            self._note_not_understood(str(error), line, offset)
            return []
        granted = [message.signature.granted for reading in readings for message in reading.messages]
        if not granted:
            self._other += 1
        elif all(granted):
            self._granted += 1
        else:
            self._denials += 1
        counted: set[Signature] = set()
        return [record for reading in readings for record in self._count(reading, offset, counted)]

    def _count(self, reading: Reading, offset: int, counted: set[Signature]) -> Iterable[AuditRecord]:
        """`counted` are the signatures that this line has been counted for already."""
        for error in reading.errors:
            self._note(self._tally(error.signature, self._errors), error, reading, 1)
        for message in reading.messages:
            lines = 0 if message.signature in counted else 1
            counted.add(message.signature)
            detail = self._note(self._tally(message.signature), message, reading, lines)
            if reading.key and lines:
                text = b"" if detail.path or reading.interpreted else message.detail
                yield AuditRecord(offset, reading.key, message.signature, text)
        if reading.joined:
            yield AuditRecord(offset, reading.key, None, reading.joined[:LONGEST_RECORD])

    @staticmethod
    def _note(tally: Tally, message: CacheMessage, reading: Reading, lines: int) -> Detail:
        tally.count(lines, message.permissive)
        tally.see(reading.time)
        tally.contexts.add(message.contexts)
        if reading.host:
            tally.hosts.add(reading.host)
        detail = read_detail(message.detail, interpreted=reading.interpreted)
        tally.note(detail)
        return detail

    def _tally(self, signature: Signature, tallies: dict[Signature, Tally] | None = None) -> Tally:
        tallies = self._tallies if tallies is None else tallies
        tally = tallies.get(signature)
        if tally is None:
            tally = tallies[signature] = Tally(signature)
        return tally

    def _settle(self) -> None:
        """Join what has all its neighbourhood behind it; what has to wait is not looked at again until it doubles."""
        self._waiting.sort(key=lambda record: record.offset)
        joined, self._waiting = settle(self._waiting, self._start, self._end)
        for record, facts in joined:
            assert record.signature is not None
            self._tally(record.signature).learn(facts)
        self._settled_at = max(_SETTLED_AT, 2 * len(self._waiting))

    def _note_not_understood(self, reason: str, line: bytes, offset: int) -> None:
        self._not_understood[reason] = self._not_understood.get(reason, 0) + 1
        self._samples.append(Sample(self._source, offset, reason, plain(line[:_SHOWN])))
        if len(self._samples) > KEPT:
            self._samples.remove(max(self._samples))

    def result(self) -> Aggregation:
        """All that was read, with the records that wait at its ends."""
        self._usual.pour(self._tally)
        self._settle()
        missed = sum(self._not_understood.values()) > len(self._samples)
        account = Account(
            denials=self._denials,
            granted=self._granted,
            other=self._other,
            not_understood=self._not_understood,
            samples=Smallest(tuple(sorted(self._samples)), missed),
        )
        tallies = self._tallies.values()
        segment = Segment(start=self._start, end=self._end, open=tuple(self._waiting))
        return Aggregation(
            account=account,
            denials=_by_access(tally for tally in tallies if not tally.signature.granted),
            granted=_by_access(tally for tally in tallies if tally.signature.granted),
            errors=_by_access(self._errors.values()),
            segments={self._source: (segment,)} if self._end > self._start else {},
        )


def _by_access(tallies: Iterable[Tally]) -> dict[Access, Denial]:
    denials: dict[Access, Denial] = {}
    for tally in tallies:
        evidence = tally.frozen()
        for access in tally.signature.accesses:
            add_evidence(denials, access, evidence)
    return denials
