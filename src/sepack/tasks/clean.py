"""`clean`: removes what was built."""

from __future__ import annotations

from sepack.tasks.verb import Run, verb


@verb("module", "target", "output")
def clean(run: Run) -> None:
    """Remove what was built; all of it and the cache, or only some modules or targets."""
    from sepack.console.clean import print_removed_json, show_removed
    from sepack.pipeline.clean import clean as clean_outputs

    removed = clean_outputs(run.workspace, run.modules, run.targets)
    if run.json:
        print_removed_json(removed)
    else:
        show_removed(run.screen, removed, run.command)
