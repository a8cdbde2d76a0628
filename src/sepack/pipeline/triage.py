"""`denials.triage`: what each denial of a log is and what fixes it, whoever's it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.model.verdict import Triage
from sepack.pipeline.learning import Judge, look_at_modules, read_log
from sepack.pipeline.scratch import scratch_directory
from sepack.pipeline.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sepack.settings import Settings
    from sepack.workspace import Workspace


def judge_log(workspace: Workspace, settings: Settings, logs: Sequence[str], say: Callable[[str], None]) -> Triage:
    """Raises NoLogError, what Session.choose raises, and the first error of guardrails.toml."""
    aggregation = read_log(logs, "denials.triage")
    session = Session.choose(workspace, settings, settings.targets[0], say)
    known = look_at_modules(workspace, session.target, (), strict=False)
    with session, scratch_directory(workspace) as scratch:
        judge = Judge.of(session, scratch, known)
        verdicts = judge.verdicts(list(aggregation.denials.values()), list(aggregation.errors.values()))
    return Triage(
        target=session.target.name,
        policy=judge.title,
        verdicts=verdicts,
        account=aggregation.account,
        faults=aggregation.faults,
        notes=(*known.notes, *judge.notes),
    )
