"""`status`: modules, versions, and what is built for what."""

from __future__ import annotations

from invoke.exceptions import Exit

from sepack.errors import ExitCode
from sepack.tasks.verb import Run, verb


@verb("output")
def status(run: Run) -> None:
    """Show modules, versions, and what is built for what."""
    from sepack.console.status import print_status_json, show_status
    from sepack.pipeline.status import status as status_of

    rows, problems = status_of(run.workspace, run.settings, run.screen.line)
    errors = [error for problem in problems for error in problem.errors]
    if run.json:
        print_status_json(rows, errors)
    else:
        show_status(run.screen, rows, errors, run.command)
    if errors:
        raise Exit(code=ExitCode.DECLARATION)
