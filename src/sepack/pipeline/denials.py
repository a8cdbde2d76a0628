"""`denials`: audit logs → denials with their evidence, and an account of every line."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from sepack.stages.audit.aggregate import faulty, merge_all
from sepack.stages.audit.sources import aggregate_part, find_logs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sepack.model.audit_log import Aggregation
    from sepack.model.workers import Workers


def read_denials(logs: Sequence[str], workers: Workers) -> Aggregation:
    """Read all that `logs` name (files, directories, globs, `-` for standard input), in parts, on all workers.

    What cannot be read is in the aggregation's `faults`; the rest is read all the same. The result does not depend on
    the number of workers, nor on which part is done first.
    """
    found = find_logs(logs, workers.count)
    missing = [faulty(source, fault) for source, fault in found.faults]
    return merge_all(chain(missing, workers.map(aggregate_part, found.parts)))
