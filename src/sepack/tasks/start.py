"""What `./inv` alone shows: the few words that a newcomer needs."""

from __future__ import annotations

from sepack.tasks.verb import Run, verb

VERBS = {
    "build": "Turn policy/ into loadable .pp files.",
    "status": "Show modules, versions, and what is built for what.",
    "doctor": "Show which tools are there, and what brings those that are missing.",
    "test": "Run this repository's tests.",
    "clean": "Remove what was built.",
}


@verb()
def start(run: Run) -> None:
    """Show the words to start with."""
    from sepack.tasks import ns  # by now the repository's tasks.py has added its own

    run.screen.line("sepack builds SELinux policy modules. The words to start with:")
    for name, text in VERBS.items():
        if name in ns.tasks:
            run.screen.line(f"  {run.command} {name:8} {text}")
    run.screen.line(f"All tasks: {run.command} --list.  More on one: {run.command} --help build")
