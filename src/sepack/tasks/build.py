"""`build`: policy/ to loadable .pp files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.exceptions import Exit

from sepack.errors import ExitCode, SepackError
from sepack.tasks.verb import Run, as_exit, verb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sepack.model.build import Failed


@verb(
    "module",
    "target",
    "toolchain",
    "module_format",
    "output",
    help={
        "force": "Build again what is up to date.",
        "dry_run": "Say what would be built and why, and build nothing.",
    },
)
def build(run: Run, force: bool = False, dry_run: bool = False) -> None:
    """Build policy/ into loadable .pp files, below build/."""
    from sepack.console.build import BuildJson, BuildText
    from sepack.pipeline.build import BuildRequest
    from sepack.pipeline.build import build as build_modules

    show = BuildJson() if run.json else BuildText(run.screen, run.command, dry_run=dry_run)
    request = BuildRequest(modules=run.modules, force=force, dry_run=dry_run)
    try:
        show.show(build_modules(run.workspace, run.settings, request, show.say))
    except SepackError as error:
        if show.stop(error):
            raise as_exit(error) from error
        raise
    show.finish()
    if show.failures:
        raise Exit(code=exit_code(show.failures))


def exit_code(failures: Sequence[Failed]) -> ExitCode:
    """The one code that all failures share, or BUILD."""
    codes = {error.exit_code for failure in failures for error in failure.errors}
    return codes.pop() if len(codes) == 1 else ExitCode.BUILD
