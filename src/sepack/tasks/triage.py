"""`denials.triage`: what each denial is, and what fixes it."""

from __future__ import annotations

from invoke.exceptions import Exit

from sepack.errors import ExitCode
from sepack.tasks.verb import Run, verb


@verb(
    "target",
    "toolchain",
    "output",
    repeatable=("log",),
    help={
        "log": "Read this audit log: a file, a directory, a glob or - for standard input; may be given several times.",
        "strict": "Exit with 7 when a line of the log is not understood, or a log cannot be read.",
    },
)
def triage(run: Run, log: list[str] = [], strict: bool = False) -> None:  # noqa: B006 - Invoke wants a list
    """Say what each denial of an audit log is and what fixes it, and write nothing."""
    from sepack.console.screen import print_json
    from sepack.console.triage import show_triage, triage_as_json
    from sepack.pipeline.triage import judge_log

    found = judge_log(run.workspace, run.settings, log, run.screen.line)
    if run.json:
        print_json(triage_as_json(found))
    else:
        show_triage(run.screen, found, run.command)
    if strict and (found.account.not_understood or found.faults):
        raise Exit(code=ExitCode.NOT_UNDERSTOOD)
