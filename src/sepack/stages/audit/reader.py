"""Reads blocks of lines into tallies: plain blocks at speed, all other lines one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.model.audit_log import Account, Aggregation, AuditRecord, Sample, Segment, add_evidence
from sepack.model.denial import KEPT, Smallest
from sepack.stages.audit.cache_message import NotUnderstoodError
from sepack.stages.audit.fields import plain, read_detail
from sepack.stages.audit.join import LONGEST_RECORD, WINDOW, facts_of, settle
from sepack.stages.audit.records import Reading, read_line
from sepack.stages.audit.run import RAW_OTHER, USUAL_DENIAL, Run, find_looked_at
from sepack.stages.audit.tally import Tally
from sepack.stages.audit.usual import UsualDenials

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sepack.model.audit_log import Signature
    from sepack.model.denial import Access, Denial
    from sepack.stages.audit.cache_message import CacheMessage
    from sepack.stages.audit.fields import Detail

LONGEST_LINE = 1024 * 1024
_LONG_RUN = 8 * WINDOW
_SHOWN = 300
_SETTLED_AT = 4096
_JOINED = (b"type=SYSCALL msg=audit(", b"type=PATH msg=audit(", b"type=CWD msg=audit(")


class Reader:
    """What has been read of one part of a source, so far."""

    def __init__(self, source: str, start: int) -> None:
        self._source = source
        self._start = self._end = start
        self._tallies: dict[Signature, Tally] = {}
        self._errors: dict[Signature, Tally] = {}
        self._usual = UsualDenials(self._tally)
        self._run: Run | None = None
        self._waiting: list[AuditRecord] = []
        self._settled_at = _SETTLED_AT
        self._denials = self._granted = self._other = 0
        self._not_understood: dict[str, int] = {}
        self._samples: list[Sample] = []

    def read(self, offset: int, data: bytes, end: int) -> None:
        """Whole lines, without the last one's end; `offset` is where the first begins, `end` where the next will."""
        lines = b"\n" + data
        looked_at = find_looked_at(lines) if offset + len(lines) == end else None
        if looked_at is None:
            self._close_run()
            self._read_lines(data.split(b"\n"), offset)
            self._settle(end)
        else:
            self._run = self._run or Run(offset)
            self._other += lines.count(b"\n") - len(looked_at)
            self._run.add(lines, looked_at)
            if len(self._run.data) >= _LONG_RUN:
                self._read_run(self._run)

    def _read_run(self, run: Run) -> None:
        """The lines of a long run that have all their neighbours in it; those near its ends may have others."""
        if not run.has_begun:
            run.has_begun = True
            self._read_edge(run, run.take(WINDOW + 1), 0, 2 * WINDOW + 1)
            self._settle(run.begin + 2 * WINDOW)
        positions = run.take(len(run.data) - WINDOW)
        left = self._usual.read(run.data, positions)
        self._denials += len(positions) - len(left)
        for at in left:
            self._read_apart(run.data, at, run.origin)
        run.forget()

    def _close_run(self) -> None:
        run, self._run = self._run, None
        if run is None:
            return
        if run.has_begun:
            self._read_edge(run, run.take(len(run.data)), len(run.data) - 2 * WINDOW - 1, len(run.data))
        else:
            self._read_edge(run, run.take(len(run.data)), 0, len(run.data))
        self._settle(run.end)

    def _read_edge(self, run: Run, positions: Iterable[int], first: int, last: int) -> None:
        """Lines near an end of a run, one by one, and the records from `first` up to `last` that others may need."""
        for at in positions:
            self._waiting += self._read_one(_line(run.data, at), run.origin + at)
        at = run.data.find(b"\n", max(0, first))
        while 0 <= at < last:
            line = _line(run.data, at)
            self._waiting += _joined(line, run.origin + at)
            at += len(line) + 1

    def _read_lines(self, lines: Iterable[bytes], offset: int) -> None:
        for line in lines:
            if RAW_OTHER.match(line) and USUAL_DENIAL not in line:
                self._other += 1
                self._waiting += _joined(line, offset)
            else:
                self._waiting += self._read_one(line, offset)
            offset += len(line) + 1

    def _read_apart(self, data: bytes, at: int, origin: int) -> None:
        """A line of a run by itself, with its event's other records, which are all in `data`."""
        denials = self._read_one(_line(data, at), origin + at)
        for key in {denial.key for denial in denials}:
            records = list(_neighbours(data, at, key, origin))
            for denial in denials:
                if denial.key == key and denial.signature:
                    self._tally(denial.signature).learn(facts_of(denial, records))

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

    def _settle(self, end: int) -> None:
        """Join what has its neighbourhood behind it, now that records up to `end` have been met.

        What has to wait is not looked at again until it doubles.
        """
        self._end = end
        if len(self._waiting) >= self._settled_at:
            self._settle_now()
            self._settled_at = max(_SETTLED_AT, 2 * len(self._waiting))

    def _settle_now(self) -> None:
        self._waiting.sort(key=lambda record: record.offset)
        joined, self._waiting = settle(self._waiting, self._start, self._end)
        for record, facts in joined:
            assert record.signature is not None
            self._tally(record.signature).learn(facts)

    def _note_not_understood(self, reason: str, line: bytes, offset: int) -> None:
        self._not_understood[reason] = self._not_understood.get(reason, 0) + 1
        self._samples.append(Sample(self._source, offset, reason, plain(line[:_SHOWN])))
        if len(self._samples) > KEPT:
            self._samples.remove(max(self._samples))

    def result(self) -> Aggregation:
        """All that was read, with the records that wait at its ends."""
        self._close_run()
        self._usual.flush()
        self._settle_now()
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


def _line(data: bytes, newline: int) -> bytes:
    """The line after the newline at this position."""
    end = data.find(b"\n", newline + 1)
    return data[newline + 1 : end if end >= 0 else len(data)]


def _joined(line: bytes, offset: int) -> Iterator[AuditRecord]:
    """The record that a raw line is, if it is one that denials are joined with."""
    if line.startswith(_JOINED):
        begin = line.index(b"(") + 1
        yield AuditRecord(offset, line[begin : line.find(b")", begin)], None, line[:LONGEST_RECORD])


def _neighbours(data: bytes, at: int, key: bytes, origin: int) -> Iterator[AuditRecord]:
    """The records with this key that begin at most WINDOW before or after the line at `at`."""
    marker = b" msg=audit(" + key + b")"
    found = data.find(marker, max(0, at - WINDOW))
    while 0 <= found <= at + WINDOW + LONGEST_RECORD:
        begin = data.rfind(b"\n", 0, found)
        yield from (each for each in _joined(_line(data, begin), origin + begin) if each.key == key)
        found = data.find(marker, found + 1)
