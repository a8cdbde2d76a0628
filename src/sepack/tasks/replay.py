"""`denials.replay`: the ledgers' denials, asked again."""

from __future__ import annotations

from invoke.exceptions import Exit

from sepack.errors import ExitCode
from sepack.tasks.verb import Run, verb


@verb("module", "target", "toolchain", "output")
def replay(run: Run) -> None:
    """Ask every denial of the ledgers again, offline, of the base policy with what is built."""
    from sepack.console.replay import replay_as_json, show_replay
    from sepack.console.screen import print_json
    from sepack.pipeline.replay import replay as ask_again

    found = ask_again(run.workspace, run.settings, run.modules, run.screen.line)
    if run.json:
        print_json(replay_as_json(found))
    else:
        show_replay(run.screen, found, run.command)
    if found.failed:
        raise Exit(code=ExitCode.FINDINGS)
