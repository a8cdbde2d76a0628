"""`status`: every module, for every target that is configured or that something was built for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sepack.catalog import load_modules
from sepack.model.build import Build, Planned
from sepack.model.status import ModuleStatus
from sepack.pipeline.build import BuildRequest, build
from sepack.pipeline.outputs import read_manifest
from sepack.pipeline.rendering import rendered
from sepack.stages.compile.candidate import Candidate
from sepack.targets import target_names
from sepack.workspace import BUILD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sepack.catalog import ModuleProblem
    from sepack.model.build import Decision
    from sepack.model.target import Target
    from sepack.settings import Settings
    from sepack.workspace import Workspace


def status(
    workspace: Workspace, settings: Settings, say: Callable[[str], None]
) -> tuple[list[ModuleStatus], list[ModuleProblem]]:
    """A row for each module and target, by module; and what is wrong with declarations. Builds nothing."""
    modules, problems = load_modules(workspace)
    by_name = {module.name: module for module in modules}
    wanted = tuple(dict.fromkeys((*settings.targets, *_built_targets(workspace))))
    rows = []
    for event in build(workspace, replace(settings, targets=wanted), BuildRequest(dry_run=True), say):
        if isinstance(event, Planned):
            for decision in event.decisions:
                source = rendered(by_name[decision.module], event.target, workspace)
                version = source.version if isinstance(source, Candidate) else ""
                rows.append(_row(workspace, event.target, decision, version))
    return sorted(rows, key=lambda row: (row.module, wanted.index(row.target))), problems


def _built_targets(workspace: Workspace) -> Iterator[str]:
    known = target_names()
    places = (workspace / BUILD).iterdir() if (workspace / BUILD).is_dir() else ()
    return (place.name for place in sorted(places) if place.name in known)


def _row(workspace: Workspace, target: Target, decision: Decision, version: str) -> ModuleStatus:
    manifest = read_manifest(workspace, target.name, decision.module)
    path = workspace.output(target.name, decision.module, f"{decision.module}.pp") if manifest else ""
    return ModuleStatus(
        module=decision.module,
        target=target.name,
        version=version,
        built=manifest.version if manifest else "",
        format=manifest.format if manifest else 0,
        stale=decision.reason if isinstance(decision, Build) else "",
        path=str(path),
    )
