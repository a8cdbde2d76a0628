"""`regenerate`: new denials to reviewed changes of a module's ledger."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from invoke.exceptions import Exit

from sepack.errors import ExitCode
from sepack.tasks.verb import Run, verb

if TYPE_CHECKING:
    from sepack.model.proposal import Regeneration
    from sepack.pipeline.regenerate import RegenerateRequest

OUTPUTS = ("text", "json", "markdown")


@verb(
    "module",
    "target",
    "toolchain",
    "output",
    outputs=OUTPUTS,
    repeatable=("log", "accept", "refuse"),
    help={
        "log": "Read this audit log: a file, a directory, a glob or - for standard input; may be given several times.",
        "apply": "Write the ledgers: policy/<module>/ledger.toml, nothing else.",
        "accept": "Accept this statement, whatever speaks against it (needs --reason); may be given several times.",
        "refuse": "Refuse this statement for good (needs --reason); may be given several times.",
        "reason": "Why: it goes into the ledger beside what --accept and --refuse name.",
        "by": "Who says so (without: you, as this host knows you).",
        "expires": "The day after which what is written has to be looked at again: YYYY-MM-DD.",
        "new": "Start a module of this name for the denials that no module answers for.",
        "refresh": "Bring the evidence of what the ledger holds already up to date.",
        "strict": "Exit with 7 when a line of the log is not understood, or a log cannot be read.",
    },
)
def regenerate(
    run: Run,
    log: list[str] = [],  # noqa: B006 - Invoke wants a list, and none is changed
    apply: bool = False,
    accept: list[str] = [],  # noqa: B006 - as above
    refuse: list[str] = [],  # noqa: B006 - as above
    reason: str = "",
    by: str = "",
    expires: str = "",
    new: str = "",
    refresh: bool = False,
    strict: bool = False,
) -> None:
    """Turn denials of an audit log into reviewed changes of the modules' ledgers."""
    from sepack.pipeline.regenerate import RegenerateRequest
    from sepack.pipeline.regenerate import regenerate as find_proposals
    from sepack.pipeline.word import read_word

    word = read_word(accept=accept, refuse=refuse, reason=reason, by=by, expires=expires, refresh=refresh)
    request = RegenerateRequest(logs=tuple(log), modules=run.modules, word=word, apply=apply, new=new)
    found = find_proposals(run.workspace, run.settings, request, run.screen.line)
    _show(run, found, request)
    code = exit_code(found, strict=strict)
    if code is not ExitCode.DONE:
        raise Exit(code=code)


def exit_code(found: Regeneration, *, strict: bool) -> ExitCode:
    """What was written or is not new is done; a proposal comes before what waits for a person's word."""
    if strict and (found.account.not_understood or found.faults):
        return ExitCode.NOT_UNDERSTOOD
    if found.has_changes and not found.written:
        return ExitCode.PROPOSAL
    return ExitCode.REFUSALS if found.has_held else ExitCode.DONE


def _show(run: Run, found: Regeneration, request: RegenerateRequest) -> None:
    from sepack.console.proposal import ProposalText
    from sepack.console.proposal_markup import print_proposal_markdown, proposal_as_json
    from sepack.console.screen import print_json

    again = _again(run, request)
    if run.json:
        print_json(proposal_as_json(found))
    elif run.output == "markdown":
        print_proposal_markdown(found, again)
    else:
        ProposalText(run.screen, run.command, again).show(found)


def _again(run: Run, request: RegenerateRequest) -> str:
    """The command line that asks the same again, to which --apply and a person's word are added."""
    words = [run.command, "regenerate"]
    words += [word for name in request.modules for word in ("-m", shlex.quote(name))]
    words += [word for name in run.targets for word in ("--target", shlex.quote(name))]
    words += [word for name in request.logs for word in ("--log", shlex.quote(name))]
    words += ["--new", shlex.quote(request.new)] if request.new else []
    for option, statements in (("--accept", request.word.accept), ("--refuse", request.word.refuse)):
        words += [word for statement in statements for word in (option, shlex.quote(statement))]
    words += ["--reason", shlex.quote(request.word.reason)] if request.word.reason else []
    return " ".join(words)
