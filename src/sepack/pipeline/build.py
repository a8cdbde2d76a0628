"""`build`: modules to policy packages, for one target after the other, reported as it happens."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sepack.catalog import load_modules
from sepack.fingerprints import Fingerprints
from sepack.frozen import frozen
from sepack.model.build import Build, BuildEvent, Decision, Failed, Fresh, Planned, UpToDate
from sepack.pipeline.inputs import Inputs
from sepack.pipeline.interfaces import Interfaces
from sepack.pipeline.outputs import OutputError, read_manifest, replace_manifest
from sepack.pipeline.scratch import scratch_directory
from sepack.pipeline.session import Session
from sepack.stages.compile.plan import decide
from sepack.workspace import BUILD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sepack.model.module import Module
    from sepack.model.package import Manifest
    from sepack.settings import Settings
    from sepack.workspace import Workspace


@frozen
class BuildRequest:
    """What was asked for on the command line; `modules` empty means all."""

    modules: tuple[str, ...] = ()
    force: bool = False
    dry_run: bool = False


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
        decisions = [planner.decide(module) for module in asked]
        yield Planned(target=session.target, decisions=tuple(decisions))
        for decision in decisions:
            if isinstance(decision, Fresh):
                manifest = decision.manifest
                if not request.dry_run and _looks_older(manifest, interfaces.identity()):
                    manifest = replace(manifest, interface_index=interfaces.identity())
                    replace_manifest(session.workspace, scratch, manifest)
                yield UpToDate(module=decision.module, target=session.target.name, manifest=manifest)
        reasons = {decision.module: decision.reason for decision in decisions if isinstance(decision, Build)}
        if reasons and not request.dry_run:
            from sepack.pipeline.make import Maker  # a build with nothing to do loads no compiler

            maker = Maker(session, inputs, interfaces, fingerprints, scratch)
            yield from maker.make([module for module in asked if module.name in reasons], reasons)


def _looks_older(manifest: Manifest, interfaces: str) -> bool:
    """Whether other interfaces changed than those the module reaches: once noted, the next build need not look."""
    return bool(manifest.interface_index and interfaces) and manifest.interface_index != interfaces


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

    def decide(self, module: Module) -> Decision:
        workspace, target = self._session.workspace, self._session.target.name
        prior = read_manifest(workspace, target, module.name)
        inputs = self._inputs.of(module, prior.templates if prior else ())
        outputs: Mapping[str, str | None] = {}
        if prior is not None:
            inputs |= self._interfaces.inputs_of(module.name, prior)
            directory = str(workspace.outputs(target, module.name))
            outputs = {name: self._fingerprints.of(f"{directory}/{name}") for name in prior.outputs}
        return decide(module.name, inputs, self._tools, outputs, prior, force=self._force)
