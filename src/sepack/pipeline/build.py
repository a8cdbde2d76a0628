"""`build`: modules to policy packages, for one target after the other, reported as it happens."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeGuard

from sepack.catalog import load_modules
from sepack.fingerprints import Fingerprints
from sepack.frozen import frozen
from sepack.model.build import Build, BuildEvent, Decision, Failed, Fresh, Notice, Planned, UpToDate
from sepack.pipeline.inputs import Inputs
from sepack.pipeline.interfaces import Interfaces
from sepack.pipeline.outputs import OutputError, read_manifest, replace_manifest
from sepack.pipeline.scratch import scratch_directory
from sepack.pipeline.session import Session
from sepack.pipeline.settled import Settled
from sepack.stages.compile.plan import decide
from sepack.workspace import BUILD

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Sequence

    from sepack.model.module import Module
    from sepack.model.package import Manifest
    from sepack.settings import Settings
    from sepack.workspace import Workspace


@frozen
class BuildRequest:
    """What was asked for on the command line; `modules` empty means all, `today` None the day it is, in UTC."""

    modules: tuple[str, ...] = ()
    force: bool = False
    dry_run: bool = False
    today: dt.date | None = None


def build(
    workspace: Workspace, settings: Settings, request: BuildRequest, say: Callable[[str], None]
) -> Iterator[BuildEvent]:
    """Yields, for each target: Chosen, Planned, then UpToDate, Built or Failed for each module, with Notices between.

    A module's failure is a value; what stops a target's whole build (no tools, no engine) is raised as SepackError,
    before anything is done where it shows in the choice of the toolchains.
    Abandoning the iterator ends what runs and leaves only whole outputs. `say` gets a line before something that takes
    long or changes this host (an image is built, a package installed).
    """
    asked, problems = load_modules(workspace, request.modules)
    everything = load_modules(workspace)[0] if request.modules else asked
    fingerprints = Fingerprints(workspace.root, workspace.digests)
    try:
        sessions = [Session.choose(workspace, settings, name, say) for name in settings.targets]
        for session in sessions:
            yield session.chosen
            yield from _for_target(session, request, asked, everything, fingerprints)
            for problem in problems:
                yield Failed(module=problem.name, target=session.target.name, errors=tuple(problem.errors))
    except OSError as error:
        raise OutputError(str(error.filename or BUILD), error) from error
    finally:
        fingerprints.save()


def _for_target(
    session: Session,
    request: BuildRequest,
    asked: Sequence[Module],
    everything: Sequence[Module],
    fingerprints: Fingerprints,
) -> Iterator[BuildEvent]:
    inputs = Inputs(session.workspace, fingerprints, session.target, session.settings.module_format)
    with session, scratch_directory(session.workspace) as scratch:
        interfaces = Interfaces(session, inputs, everything, scratch)
        planner = _Planner(session, inputs, interfaces, fingerprints, force=request.force)
        said: Sequence[Notice | Failed] = ()
        if any(module.ledger is not None for module in asked):
            from sepack.pipeline.expiry import look_at_expiry

            asked, said = look_at_expiry(asked, session.settings.expiry, session.target.name, request.today)
        decisions = planner.decide_all(asked, everything)
        yield Planned(target=session.target, decisions=decisions)
        yield from said
        for decision in decisions:
            if isinstance(decision, Fresh):
                if not request.dry_run and looks_older(decision.manifest, interfaces.identity()):
                    manifest = replace(decision.manifest, interface_index=interfaces.identity())
                    replace_manifest(session.workspace, scratch, manifest)
                yield UpToDate(module=decision.module, target=session.target.name)
        reasons = {decision.module: decision.reason for decision in decisions if isinstance(decision, Build)}
        if reasons and not request.dry_run:
            from sepack.pipeline.make import Maker  # a build with nothing to do loads no compiler

            maker = Maker(session, inputs, interfaces, fingerprints, scratch)
            yield from maker.make([module for module in asked if module.name in reasons], reasons)


def looks_older(manifest: Manifest | None, interfaces: str) -> TypeGuard[Manifest]:
    """Whether other interfaces changed than those the module reaches: once noted, the next build need not look."""
    return (
        manifest is not None
        and bool(manifest.interface_index and interfaces)
        and manifest.interface_index != interfaces
    )


class _Planner:
    """Gathers what the plan is a function of."""

    def __init__(
        self, session: Session, inputs: Inputs, interfaces: Interfaces, fingerprints: Fingerprints, *, force: bool
    ) -> None:
        self._session = session
        self._inputs = inputs
        self._interfaces = interfaces
        self._fingerprints = fingerprints
        self._force = force
        self._tools = session.versions_that_count()
        self._identity = interfaces.identity()
        facts = (*inputs.common(), *self._tools, *self._tools.values(), self._identity)
        self._settled = Settled(session.workspace, session.target.name, facts)

    def decide_all(self, modules: Sequence[Module], everything: Sequence[Module]) -> tuple[Decision, ...]:
        """Each module's decision; what there is to remember of `everything` is kept for the next build."""
        decisions = tuple(self._decide(module) for module in modules)
        self._settled.save(everything)
        return decisions

    def _decide(self, module: Module) -> Decision:
        if not self._force and self._settled.holds(module):
            return Fresh(module=module.name)
        workspace, target = self._session.workspace, self._session.target.name
        look = self._settled.manifest_look(module.name)
        prior = read_manifest(workspace, target, module.name)
        if prior is None:
            return decide(module.name, {}, {}, {}, None)
        candidate = self._settled.candidate(module, prior, look)
        inputs = self._inputs.of(module, prior.templates) | self._interfaces.inputs_of(module.name, prior)
        directory = str(workspace.outputs(target, module.name))
        outputs = {name: self._fingerprints.of(f"{directory}/{name}") for name in prior.outputs}
        decision = decide(module.name, inputs, self._tools, outputs, prior, force=self._force)
        same_interfaces = self._interfaces.identity() == self._identity  # or the files were edited in between
        settled = same_interfaces and self._inputs.is_as_read(module) and not looks_older(prior, self._identity)
        if isinstance(decision, Fresh) and settled:
            self._settled.remember(module.name, candidate)
        return decision
