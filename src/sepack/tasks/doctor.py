"""`doctor`: what is there and what is missing."""

from __future__ import annotations

from invoke.exceptions import Exit

from sepack.errors import ExitCode
from sepack.tasks.verb import Run, verb


@verb("target", "toolchain", "output")
def doctor(run: Run) -> None:
    """Show which tools are there, what brings the missing ones, and what would build for each target."""
    from sepack.console.doctor import print_report_json, show_report
    from sepack.pipeline.doctor import diagnose

    report = diagnose(run.workspace, run.settings)
    if run.json:
        print_report_json(report)
    else:
        show_report(run.screen, report, run.command)
    if not report.ready:
        raise Exit(code=ExitCode.TOOL_MISSING)
