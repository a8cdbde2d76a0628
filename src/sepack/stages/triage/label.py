"""The label is wrong: the path's own label would do, or its place deserves one that the domain may use already."""

from __future__ import annotations

import posixpath
import shlex
from typing import TYPE_CHECKING

from sepack.model.base_policy import LabelQuestion
from sepack.model.fix import Allow, FileContext, RestoreLabel
from sepack.model.verdict import Verdict, VerdictKind
from sepack.stages.triage.boolean import shares_stem
from sepack.stages.triage.case import FILE_CLASSES, Case, permissions, rule_of
from sepack.stages.triage.trees import Place, places
from sepack.stages.triage.words import what, who

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sepack.model.base_policy import BasePolicy
    from sepack.model.denial import Access, Denial
    from sepack.stages.triage.case import Asked

# Labels of places rather than of things: whatever lies there without a label of its own has them.
GENERIC = {
    "default_t": "the label of what no file context is for",
    "unlabeled_t": "the label of what has none",
    "file_t": "the label of what has none",
    "root_t": "the label of what lies in /",
    "var_t": "the label of anything below /var or /srv that nobody labelled",
    "var_lib_t": "the label of anything below /var/lib that nobody labelled",
    "var_spool_t": "the label of anything below /var/spool that nobody labelled",
    "var_log_t": "the label of any log that nobody labelled",
    "var_run_t": "the label of anything below /run that nobody labelled",
    "usr_t": "the label of anything below /usr or /opt that nobody labelled",
    "etc_t": "the label of anything below /etc that nobody labelled",
    "mnt_t": "the label of what is mounted or lies below /mnt",
    "user_home_t": "the label of a person's own files",
    "user_home_dir_t": "the label of a person's home",
    "home_root_t": "the label of /home itself",
    "admin_home_t": "the label of root's own files",
    "tmp_t": "the label of anything in /tmp",
    "user_tmp_t": "the label of a person's files in /tmp",
}
_WRITES = frozenset("write append create unlink rename setattr add_name remove_name link rmdir reparent".split())
_RUNS = frozenset({"execute", "execute_no_trans", "entrypoint"})
_COMPANIONS = {
    "file": frozenset({"getattr", "open"}),
    "dir": frozenset({"getattr", "search"}),
    "lnk_file": frozenset({"getattr"}),
}
# Types of nobody's own that every domain may be pointed to for data that it only reads.
_NEUTRAL = frozenset({"public_content_t"})
_CANDIDATES = 5


def judge(case: Case, asked: Asked) -> tuple[Sequence[Verdict], Sequence[Denial]]:
    policy = asked.policy
    of_files = [denial for denial in case.denials if denial.access.tclass in FILE_CLASSES]
    if policy is None or not of_files:
        return [], case.denials
    others = [denial for denial in case.denials if denial.access.tclass not in FILE_CLASSES]
    restored, left = _restore(case, of_files, asked, policy)
    labelled, left = _file_contexts(case, left, policy)
    return [*restored, *labelled], [*others, *left]


def _restore(
    case: Case, denials: Sequence[Denial], asked: Asked, policy: BasePolicy
) -> tuple[list[Verdict], list[Denial]]:
    """Paths that the policy labels otherwise than they were, where that label lets the domain in."""
    wanted: dict[str, str] = {}
    for denial in denials:
        for path in Case.paths(_alone(case, denial)):
            label = _type_by_policy(path, denial.access.tclass, asked)
            if label is not None and label != case.target:
                wanted[path] = label
    helped: dict[str, list[Denial]] = {}
    left: list[Denial] = []
    for denial in denials:
        paths = _paths_of(denial, wanted)
        if paths and all(_lets_in(case.source, wanted.get(path), denial, policy) for path in paths):
            for path in paths:
                helped.setdefault(path, []).append(denial)
        else:
            left.append(denial)
    return [_restored(case, path, wanted[path], group) for path, group in sorted(helped.items())], left


def _paths_of(denial: Denial, known: Iterable[str]) -> list[str]:
    """Its own, or, where the log only has the last part of a path, those of `known` that end so."""
    own = [path for path in denial.evidence.paths.values if path.startswith("/")]
    if own or denial.evidence.paths.values:
        return own
    names = set(denial.evidence.names.values)
    found = [path for path in known if posixpath.basename(path) in names]
    return found if names == {posixpath.basename(path) for path in found} else []


def _lets_in(source: str, label: str | None, denial: Denial, policy: BasePolicy) -> bool:
    access = denial.access
    return label is not None and access.permission in policy.grants(source, label, access.tclass).always


def _restored(case: Case, path: str, label: str, denials: Sequence[Denial]) -> Verdict:
    return Verdict(
        denials=tuple(denials),
        kind=VerdictKind.RESTORE_LABEL,
        reason=f"{who(denials)} wanted to {what(denials)}: {path} was labelled {case.target}, and by the policy it is "
        f"{label}, which this domain may use so.",
        fix=RestoreLabel(path=path, current=case.target, wanted=label),
        advice=f"On that host: restorecon -v {shlex.quote(path)}   (and find out what labelled it otherwise: mv keeps "
        "labels, cp and install do not).",
    )


def _alone(case: Case, denial: Denial) -> Case:
    return Case(source=case.source, target=case.target, denials=(denial,))


def _type_by_policy(path: str, tclass: str, asked: Asked) -> str | None:
    context = asked.answers.labels.get(LabelQuestion(path, tclass))
    parts = context.split(":") if context else []
    return parts[2] if len(parts) > 2 else None


def _file_contexts(case: Case, denials: Sequence[Denial], policy: BasePolicy) -> tuple[list[Verdict], list[Denial]]:
    if case.target not in GENERIC:
        return [], list(denials)
    verdicts: list[Verdict] = []
    met: set[Denial] = set()
    classes = {path: denial.access.tclass for denial in denials for path in Case.paths(_alone(case, denial))}
    known: dict[frozenset[Access], list[str]] = {}
    for place in places(classes):
        inside = [denial for denial in denials if _is_about(denial, place)]
        wanted = frozenset(denial.access for denial in inside)
        if wanted not in known:
            known[wanted] = _candidates(case.source, case.target, inside, policy)
        candidates = known[wanted]
        if candidates:
            verdicts.append(_verdict(case, inside, place, candidates))
            met.update(inside)
    return verdicts, [denial for denial in denials if denial not in met]


def _is_about(denial: Denial, place: Place) -> bool:
    """By its paths, or, where the log only has a last part of one, by that."""
    paths = [path for path in denial.evidence.paths.values if path.startswith("/")]
    if paths:
        return not set(paths).isdisjoint(place.covers)
    known = {posixpath.basename(path) for path in (*place.covers, *([place.directory] if place.whole_tree else []))}
    return bool(denial.evidence.names.values) and known.issuperset(denial.evidence.names.values)


def _candidates(source: str, target: str, denials: Sequence[Denial], policy: BasePolicy) -> list[str]:
    """Types that label files and that the domain may use already as it wanted to; the likeliest first."""
    wanted: dict[str, frozenset[str]] = {}
    for denial in denials:
        tclass = denial.access.tclass
        known = policy.permissions(tclass) or frozenset()
        companions = _COMPANIONS.get(tclass, frozenset()) & known
        wanted[tclass] = wanted.get(tclass, companions) | {denial.access.permission}
    labelling = policy.file_context_types()
    found = set(labelling)
    for tclass, needed in wanted.items():
        found &= policy.targets(source, tclass, needed)
    asked_for = permissions(denials)
    usable = [name for name in found if name != target and _is_fit(name, source, asked_for, policy)]

    def rank(name: str) -> tuple[bool, bool, int, int, str]:
        writable = asked_for.isdisjoint(_WRITES) and _may_write(source, name, policy)
        return not shares_stem(name, source), writable, -labelling[name], len(name), name

    return sorted(usable, key=rank)[:_CANDIDATES]


def _is_fit(name: str, source: str, asked_for: frozenset[str], policy: BasePolicy) -> bool:
    if name in GENERIC or (name not in _NEUTRAL and not shares_stem(name, source)):
        return False
    return not asked_for.isdisjoint(_RUNS) or "exec_type" not in policy.attributes(name)


def _may_write(source: str, name: str, policy: BasePolicy) -> bool:
    return any(not policy.grants(source, name, tclass).always.isdisjoint(_WRITES) for tclass in ("file", "dir"))


def _verdict(case: Case, denials: Sequence[Denial], place: Place, candidates: Sequence[str]) -> Verdict:
    label, *others = candidates
    fix = FileContext(pattern=place.pattern, kind=place.kind, type=label, candidates=tuple(others))
    reach = f", which is for all below {place.directory}" if place.whole_tree else ""
    note = f" {place.note}" if place.note else ""
    return Verdict(
        denials=tuple(denials),
        kind=VerdictKind.FILE_CONTEXT,
        reason=f"{who(denials)} wanted to {what(denials)}: it is labelled {case.target}, {GENERIC[case.target]}; as "
        f"{label} this domain may use it{reach}.{note}",
        fix=fix,
        alternatives=(*_narrower(place, label), *_other_types(place, others), *_rules(denials)),
        advice="Once the module is installed, on that host: restorecon -R -v " + shlex.quote(place.directory),
    )


def _narrower(place: Place, label: str) -> list[FileContext]:
    return [FileContext(pattern=pattern, kind=kind, type=label) for pattern, kind in place.exact]


def _other_types(place: Place, others: Sequence[str]) -> list[FileContext]:
    return [FileContext(pattern=place.pattern, kind=place.kind, type=other) for other in others]


def _rules(denials: Sequence[Denial]) -> list[Allow]:
    classes: Mapping[str, list[Denial]] = Case(
        source=denials[0].access.source_type, target=denials[0].access.target_type, denials=tuple(denials)
    ).by_class()
    return [Allow(rule=rule_of(group)) for group in classes.values()]
