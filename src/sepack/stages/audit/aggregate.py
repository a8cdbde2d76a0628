"""Lines → what they come to; the parts of a log, merged in any order, come to the same as the whole."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from sepack.model.audit_log import Aggregation, Segment, add_evidence, merge_denials
from sepack.stages.audit.join import join_segments, settle_all
from sepack.stages.audit.reader import Reader
from sepack.stages.audit.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sepack.model.audit_log import AuditRecord
    from sepack.model.denial import Access, Denial
    from sepack.stages.audit.join import Facts


def aggregate(blocks: Iterable[tuple[int, bytes, int]], source: str) -> Aggregation:
    """Aggregate a part of a source: `blocks` are (offset, whole lines without the last one's end, offset after them).

    Blocks follow one another. Of an event that may go on beyond the part's ends the records are carried in `segments`;
    `merge` joins them, and `finish` closes what is left.
    """
    reader = None
    for offset, data, end in blocks:
        reader = reader or Reader(source, offset)
        reader.read(offset, data, end)
    return reader.result() if reader else Aggregation()


def merge(one: Aggregation, other: Aggregation) -> Aggregation:
    """Both together. Associative and commutative; `Aggregation()` changes nothing."""
    denials, granted = merge_denials(one.denials, other.denials), merge_denials(one.granted, other.granted)
    segments: dict[str, tuple[Segment, ...]] = {}
    for source in {**one.segments, **other.segments}:
        both = (*one.segments.get(source, ()), *other.segments.get(source, ()))
        segments[source], joined = join_segments(both)
        _learn(joined, denials, granted)
    return Aggregation(
        account=one.account | other.account,
        denials=denials,
        granted=granted,
        errors=merge_denials(one.errors, other.errors),
        segments=segments,
        faults=_first_faults(one.faults, other.faults),
    )


def finish(aggregation: Aggregation) -> Aggregation:
    """Close the events still open at the ends of what was read: nothing more will come."""
    denials, granted = dict(aggregation.denials), dict(aggregation.granted)
    for segments in aggregation.segments.values():
        for segment in segments:
            _learn(settle_all(segment.open), denials, granted)
    return replace(aggregation, denials=denials, granted=granted, segments={})


def merge_all(parts: Iterable[Aggregation]) -> Aggregation:
    """All parts, whatever their order, with nothing left open."""
    return finish(reduce(merge, parts, Aggregation()))


def faulty(source: str, fault: str) -> Aggregation:
    """A source that cannot be read."""
    return Aggregation(faults={source: fault})


def _first_faults(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    return {source: min(filter(None, (one.get(source), other.get(source)))) for source in {**one, **other}}


def _learn(
    joined: Iterable[tuple[AuditRecord, Facts]], denials: dict[Access, Denial], granted: dict[Access, Denial]
) -> None:
    for record, facts in joined:
        assert record.signature is not None
        tally = Tally(record.signature)
        tally.learn(facts)
        evidence = tally.frozen()
        for access in record.signature.accesses:
            add_evidence(granted if record.signature.granted else denials, access, evidence)
