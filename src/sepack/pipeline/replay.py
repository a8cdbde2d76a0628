"""`denials.replay`: the base policy, the built modules and what their ledgers switch and label, asked once more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sepack.catalog import load_modules
from sepack.errors import ExitCode, SepackError
from sepack.fingerprints import Fingerprints
from sepack.model.base_policy import AccessQuestion, LabelQuestion, Why, WhyKind
from sepack.model.denial import SecurityContext
from sepack.model.fix import Boolean, FileContext, PortLabel
from sepack.model.ledger import Answer
from sepack.model.replay import Replay, Replayed
from sepack.pipeline.base_policy import LinkedPolicy, NoBasePolicy, linked
from sepack.pipeline.learning import built_packages, declared_state
from sepack.pipeline.outputs import read_manifest
from sepack.pipeline.scratch import scratch_directory
from sepack.pipeline.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sepack.model.base_policy import Answers, BasePolicy
    from sepack.model.ledger import Denied, LedgerItem
    from sepack.model.module import Module
    from sepack.settings import Settings
    from sepack.workspace import Workspace


class NotBuiltError(SepackError):
    def __init__(self, modules: Sequence[str]) -> None:
        super().__init__(
            f"what is built of {', '.join(modules)} does not hold what the ledger says now",
            hint="Build first; then replay what was built.",
        )


class CannotReplayError(SepackError):
    exit_code = ExitCode.TOOL_MISSING

    def __init__(self, reason: str, details: Sequence[str], hint: str) -> None:
        super().__init__(f"nothing can be replayed: {reason}", details=details, hint=hint)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question with the label as it was, and which label has to be looked up first, if any."""

    module: str
    item: LedgerItem
    denied: Denied
    permission: str
    path: str
    port: tuple[str, int] | None

    @property
    def label(self) -> LabelQuestion | None:
        return LabelQuestion(self.path, self.denied.tclass) if self.path else None


def replay(workspace: Workspace, settings: Settings, names: Sequence[str], say: Callable[[str], None]) -> Replay:
    """Ask every denial of the ledgers of `names` (none: all) again.

    Raises UnknownModuleError, the first error of a broken module, NotBuiltError, CannotReplayError, and what
    Session.choose raises.
    """
    modules, problems = load_modules(workspace, names)
    for problem in problems:
        raise problem.errors[0]
    learned = [module for module in modules if module.ledger is not None and module.ledger.items]
    session = Session.choose(workspace, settings, settings.targets[0], say)
    _require_built(workspace, session, learned)
    state = [item for module in modules for item in declared_state(module)]
    for module in learned:
        accepted = module.ledger.accepted if module.ledger is not None else ()
        state += [item.item for item in accepted if isinstance(item.item, Boolean | PortLabel)]
    booleans = {item.name: item.value for item in state if isinstance(item, Boolean)}
    ports = [item for item in state if isinstance(item, PortLabel)]
    everything = load_modules(workspace)[0]
    with session, scratch_directory(workspace) as scratch:
        packages = built_packages(workspace, session.target, everything)
        policy = linked(session, scratch, packages, booleans=booleans, ports=ports)
        if isinstance(policy, NoBasePolicy):
            raise CannotReplayError(policy.reason, policy.details, policy.hint)
        for module in learned:
            if module.name in policy.refused:
                words = policy.refused[module.name]
                raise CannotReplayError(f"{module.name} does not link with the base policy", words, "")
        asked = [each for module in learned for each in _questions(module)]
        replayed = tuple(_replayed(asked, policy))
    unasked = [(module.name, item) for module in learned if module.ledger for item in module.ledger.items]
    return Replay(
        target=session.target.name,
        policy=policy.index.title,
        replayed=replayed,
        unasked=tuple((name, item) for name, item in unasked if not item.evidence.denied),
        notes=policy.notes,
    )


def _require_built(workspace: Workspace, session: Session, modules: Sequence[Module]) -> None:
    fingerprints = Fingerprints(workspace.root, workspace.digests)
    stale = []
    for module in modules:
        path = str(workspace.ledger(module.name))
        manifest = read_manifest(workspace, session.target.name, module.name)
        if manifest is None or manifest.inputs.get(path) != fingerprints.of(path):
            stale.append(module.name)
    if stale:
        raise NotBuiltError(stale)


def _questions(module: Module) -> Iterator[_Asked]:
    for item in module.ledger.items if module.ledger is not None else ():
        for denied in item.evidence.denied:
            # A label answers for its own paths and ports; whatever else was denied is asked as it was.
            paths = denied.paths if isinstance(item.item, FileContext) else ()
            ports = denied.ports if isinstance(item.item, PortLabel) else ()
            protocol = item.item.protocol if isinstance(item.item, PortLabel) else ""
            for permission in denied.permissions:
                for path in paths or ("",):
                    for port in ports or (None,):
                        place = None if port is None else (protocol, port)
                        yield _Asked(module.name, item, denied, permission, path, place)


def _replayed(asked: Sequence[_Asked], policy: LinkedPolicy) -> Iterator[Replayed]:
    labels = policy.ask([label for each in asked if (label := each.label) is not None])
    questions = [_question(each, labels, policy.index) for each in asked]
    answers = policy.ask(questions).access
    for each, question in zip(asked, questions, strict=True):
        answer = answers.get(question, Why(kind=WhyKind.BAD_TARGET))
        allowed = answer.kind is WhyKind.ALLOWED
        about = each.path or (f"{each.port[0]} {each.port[1]}" if each.port else "")
        yield Replayed(
            module=each.module,
            item=each.item,
            question=question,
            about=about,
            answer=answer,
            expected=allowed is (each.item.answer is Answer.ACCEPTED),
        )


def _question(each: _Asked, labels: Answers, policy: BasePolicy) -> AccessQuestion:
    """With the label that the path or the port has by now; only the type of a port changes."""
    target = each.denied.target
    if each.label is not None:
        target = labels.labels.get(each.label) or target
    context = SecurityContext.read(target)
    if each.port is not None and context is not None:
        record = policy.port(*each.port)
        if record is not None:
            level = f":{context.level}" if context.level else ""
            target = f"{context.user}:{context.role}:{record.type}{level}"
    return AccessQuestion(each.denied.source, target, each.denied.tclass, each.permission)
