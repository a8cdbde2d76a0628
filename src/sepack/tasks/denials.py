"""`denials.*`: what audit logs say was denied."""

from __future__ import annotations

from invoke.exceptions import Exit

from sepack.errors import DeclarationError, ExitCode
from sepack.tasks.verb import Run, verb

OUTPUTS = ("text", "json", "markdown")


class NoLogError(DeclarationError):
    def __init__(self, command: str) -> None:
        super().__init__(
            "no log is named",
            hint=f"{command} denials.list --log /var/log/audit/audit.log   (- is standard input)",
        )


@verb(
    "output",
    outputs=OUTPUTS,
    repeatable=("log",),
    help={
        "log": "Read this log: a file, a directory, a glob or - for standard input; may be given several times.",
        "strict": "Exit with 7 when a line is not understood, or a log cannot be read.",
    },
)
def list_(run: Run, log: list[str] = [], strict: bool = False) -> None:  # noqa: B006 - Invoke wants a list, and none is changed
    """List what audit logs of any shape say was denied, and account for every line."""
    from sepack.console.denials import print_denials_json, print_denials_markdown, show_denials
    from sepack.pipeline.denials import read_denials
    from sepack.workers.local import LocalWorkers

    if not log:
        raise NoLogError(run.command)
    aggregation = read_denials(log, LocalWorkers())
    if run.output == "json":
        print_denials_json(aggregation)
    elif run.output == "markdown":
        print_denials_markdown(aggregation, run.command)
    else:
        show_denials(run.screen, aggregation, run.command)
    if strict and (aggregation.account.not_understood or aggregation.faults):
        raise Exit(code=ExitCode.NOT_UNDERSTOOD)
