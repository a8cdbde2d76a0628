"""What `regenerate` and `denials.triage` start from: the log, the modules that answer for its denials, and a policy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sepack.catalog import load_modules
from sepack.catalog.guardrails import load_guardrails
from sepack.errors import DeclarationError, ExitCode, SepackError
from sepack.formats.policy_text import declared_types
from sepack.model.fix import Boolean, PortLabel
from sepack.model.module import Dialect
from sepack.model.package import PolicyPackage
from sepack.pipeline.base_policy import LinkedPolicy, NoBasePolicy, linked
from sepack.pipeline.denials import read_denials
from sepack.pipeline.interface_calls import NearCalls, near_calls
from sepack.pipeline.outputs import read_manifest
from sepack.pipeline.rendering import rendered
from sepack.stages.compile.candidate import Candidate
from sepack.stages.learn.ownership import Claim
from sepack.stages.triage.case import Asked
from sepack.stages.triage.guardrail import Guard
from sepack.stages.triage.interface import accesses, offer
from sepack.stages.triage.order import triage, triage_errors
from sepack.stages.triage.questions import questions
from sepack.workers.local import LocalWorkers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import PurePosixPath

    from sepack.model.audit_log import Aggregation
    from sepack.model.denial import Denial
    from sepack.model.guardrail import Guardrail
    from sepack.model.module import Module
    from sepack.model.rule import Rule
    from sepack.model.target import Target
    from sepack.model.verdict import Verdict
    from sepack.pipeline.session import Session
    from sepack.workspace import Workspace


class NoLogError(DeclarationError):
    def __init__(self, task: str) -> None:
        super().__init__(
            "no log is named",
            hint=f"Name one: {task} --log /var/log/audit/audit.log   (- is standard input)",
        )


class NothingReadError(SepackError):
    """No line was read of any log that was named."""

    exit_code = ExitCode.NOT_UNDERSTOOD

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(
            "nothing could be read of the logs that are named",
            details=[f"{source}: {fault}" for source, fault in sorted(faults.items())],
            hint="auditd writes /var/log/audit/audit.log, which is root's to read; `ausearch -m avc --raw` prints it.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The repository's modules and what they claim; `refpolicy` names those that call interfaces.

    `notes` are about those that could not be looked at.
    """

    modules: tuple[Module, ...]
    claims: tuple[Claim, ...]
    refpolicy: frozenset[str]
    notes: tuple[str, ...]


def read_log(logs: Sequence[str], task: str) -> Aggregation:
    """Raises NoLogError and NothingReadError; what cannot be read beside others is among the aggregation's faults."""
    if not logs:
        raise NoLogError(task)
    aggregation = read_denials(logs, LocalWorkers())
    if aggregation.faults and not aggregation.account.lines:
        raise NothingReadError(aggregation.faults)
    return aggregation


def look_at_modules(workspace: Workspace, target: Target, wanted: Sequence[str], *, strict: bool = True) -> Known:
    """Raises UnknownModuleError and, with `strict`, the first error of a module in `wanted` (none: all).

    Those of the others are only noted.
    """
    load_modules(workspace, wanted)
    modules, problems = load_modules(workspace)
    for problem in problems:
        if strict and (problem.name in wanted or not wanted):
            raise problem.errors[0]
    claims: list[Claim] = []
    refpolicy: set[str] = set()
    notes = [f"policy/{problem.name} is not looked at: {problem.errors[0]}" for problem in problems]
    for module in modules:
        declared: frozenset[str] = frozenset()
        candidate = rendered(module, target, workspace)
        if isinstance(candidate, Candidate):
            declared = declared_types(candidate.te)
            refpolicy |= {module.name} if candidate.dialect is Dialect.REFPOLICY else set()
        else:
            notes.append(f"the types of policy/{module.name} are not known: {candidate[0]}")
        claims.append(claim_of(module, declared))
    return Known(modules=tuple(modules), claims=tuple(claims), refpolicy=frozenset(refpolicy), notes=tuple(notes))


def claim_of(module: Module, declared: frozenset[str]) -> Claim:
    return Claim(
        module=module.name,
        types=frozenset(module.domains.get("types", ())),
        executables=frozenset(module.domains.get("executables", ())),
        paths=module.domains.get("paths", ()),
        declared=declared,
    )


def declared_state(module: Module) -> list[Boolean | PortLabel]:
    """The booleans that the module's declaration puts to a value, and the ports that it labels."""
    return [*(Boolean(name=name, value=value, excess=0) for name, value in module.booleans.items()), *module.ports]


def built_packages(workspace: Workspace, target: Target, modules: Iterable[Module]) -> list[PolicyPackage]:
    """Those that lie in build/, as their manifests tell; a module that was never built is not among them."""
    found: list[PolicyPackage] = []
    for module in modules:
        manifest = read_manifest(workspace, target.name, module.name)
        name = f"{module.name}.pp"
        path = workspace.output(target.name, module.name, name)
        if manifest is None or name not in manifest.outputs or not (workspace / path).is_file():
            continue
        found.append(
            PolicyPackage(
                name=module.name,
                version=manifest.version,
                format=manifest.format,
                mls=target.mls,
                path=path,
                digest=manifest.outputs[name],
                size=(workspace / path).stat().st_size,
            )
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Gives verdicts on denials. `title` says which policy is asked, or why none is; `notes` are for a person.

    `calls` finds interfaces; what it has to say joins the notes.
    """

    policy: LinkedPolicy | None
    title: str
    notes: list[str]
    declared: Mapping[str, str]
    calls: Callable[[tuple[Rule, ...]], NearCalls]
    guardrails: tuple[Guardrail, ...]

    @classmethod
    def of(cls, session: Session, scratch: PurePosixPath, known: Known) -> Judge:
        """Over the base policy together with what is built of the repository's modules."""
        guardrails, errors = load_guardrails(session.workspace)
        for error in errors:
            raise error
        packages = built_packages(session.workspace, session.target, known.modules)
        found = linked(session, scratch, packages)
        calls = partial(near_calls, session, scratch)
        declared = {name: claim.module for claim in known.claims for name in sorted(claim.declared)}
        if isinstance(found, NoBasePolicy):
            words = " ".join(filter(None, (found.reason, found.hint)))
            title = f"no base policy: {words}"
            return cls(policy=None, title=title, notes=[], declared=declared, calls=calls, guardrails=guardrails)
        built = {package.name for package in packages}
        missing = [module.name for module in known.modules if module.name not in built]
        notes = [
            f"{name} is not in the policy that was asked: {words[0]}" for name, words in found.refused.items() if words
        ]
        notes += [f"not built, and so not in the policy that was asked: {', '.join(missing)}"] if missing else []
        return cls(
            policy=found,
            title=found.index.title,
            notes=[*found.notes, *notes],
            declared=declared,
            calls=calls,
            guardrails=guardrails,
        )

    def verdicts(
        self, denials: Sequence[Denial], errors: Sequence[Denial] = (), *, interfaces: bool = False
    ) -> tuple[Verdict, ...]:
        """With `interfaces`, for a module that may call them, one is offered in the place of rules where it is near."""
        if self.policy is None:
            asked = Asked(policy=None, without=self.title, declared=self.declared)
        else:
            answers = self.policy.ask(questions(denials, self.policy.index))
            asked = Asked(policy=self.policy.index, answers=answers, declared=self.declared)
        found = triage(denials, asked)
        if interfaces and asked.policy is not None:
            near = self.calls(accesses(found))
            self.notes.extend(note for note in near.notes if note not in self.notes)
            found = offer(found, near.calls, asked.policy)
        found = (*found, *triage_errors(errors))
        guard = Guard(asked.policy, self.guardrails)
        return tuple(guard.hold(verdict) for verdict in found)
