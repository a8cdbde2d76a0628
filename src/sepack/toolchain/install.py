"""Installs the compile tools that this host lacks, or says how to."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sepack.errors import ToolMissingError
from sepack.model.command import Command, Outcome
from sepack.targets import packages
from sepack.toolchain.errors import ToolchainError
from sepack.toolchain.runner import NOT_FOUND, small_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Execute = Callable[[Command], Outcome]

APT_LISTS: Final = Path("/var/lib/apt/lists")
LAST_LINES: Final = 15
PROXIES: Final = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")

REFRESH: Final = {"apt": ("apt-get", "-q", "update")}
INSTALL: Final = {
    "apt": ("apt-get", "-q", "-y", "--no-install-recommends", "install"),
    "dnf": ("dnf", "-y", "--setopt=install_weak_deps=False", "install"),
}
# Another apt may be at work, as it is on many hosts right after they have started.
PATIENCE: Final = {"apt": ("-o", "DPkg::Lock::Timeout=120")}


class MissingToolsError(ToolMissingError):
    """Tools that are not there and that were not to be, or could not be, installed."""

    def __init__(self, tools: Sequence[str], manager: str, why: str) -> None:
        bringing = packages(manager)
        super().__init__(
            f"{', '.join(tools)} {'is' if len(tools) == 1 else 'are'} missing, and {why}",
            details=[f"{tool} comes with the package {bringing[tool]}" for tool in tools if tool in bringing],
            hint=f"Type: {by_hand(tools, manager)}" if manager in INSTALL else "Install them by hand.",
        )


class InstallError(ToolchainError):
    """The package manager failed; its own words are the details."""

    def __init__(self, outcome: Outcome) -> None:
        said = (outcome.stdout + outcome.stderr).decode("utf-8", errors="replace").splitlines()
        super().__init__(
            f"installing failed with code {outcome.exit_code}: {outcome.command}",
            details=[line for line in said if line.strip()][-LAST_LINES:],
            hint="Mend what it says, or type the command yourself to see all of it.",
        )


def missing_packages(tools: Sequence[str], manager: str) -> tuple[str, ...]:
    """The packages that bring these tools, each once."""
    bringing = packages(manager)
    return tuple(dict.fromkeys(bringing[tool] for tool in tools if tool in bringing))


def by_hand(tools: Sequence[str], manager: str) -> str:
    """The command for a person to type."""
    return " ".join(("sudo", *INSTALL[manager], *missing_packages(tools, manager)))


def install_commands(names: Sequence[str], manager: str, *, root: bool, refresh: bool) -> tuple[Command, ...]:
    """What installs these packages without a question; through password-less sudo where `root` is false."""
    env = {"DEBIAN_FRONTEND": "noninteractive"} if manager == "apt" else {}
    program, *options = INSTALL[manager]
    argvs = [(program, *PATIENCE.get(manager, ()), *options, *names)]
    if refresh and manager in REFRESH:
        argvs.insert(0, REFRESH[manager])
    if root:
        return tuple(Command(argv=argv, env=env) for argv in argvs)
    through = ("sudo", "-n", *(["env", *(f"{key}={value}" for key, value in env.items())] if env else []))
    return tuple(Command(argv=(*through, *argv)) for argv in argvs)


def install(
    tools: Sequence[str],
    manager: str,
    *,
    allowed: bool,
    say: Callable[[str], None],
    execute: Execute | None = None,
    root: bool | None = None,
    lists: Path = APT_LISTS,
) -> None:
    """Install the packages that bring `tools` on this host, with a line that says so.

    Raises MissingToolsError where it is not `allowed` or not possible, InstallError where the package manager fails.
    """
    execute = execute or run
    names = missing_packages(tools, manager)
    if not allowed:
        raise MissingToolsError(tools, manager, "the setting install forbids to install anything")
    if manager not in INSTALL or not set(tools) <= set(packages(manager)):
        raise MissingToolsError(tools, manager, "no package manager that sepack knows brings them")
    is_root = os.geteuid() == 0 if root is None else root
    if not is_root and not execute(Command(argv=("sudo", "-n", "true"))).ok:
        raise MissingToolsError(tools, manager, "this is not root and sudo asks for a password")
    say(f"Installing {' '.join(names)} for {', '.join(tools)}")
    can_refresh = manager in REFRESH
    refresh = can_refresh and not has_lists(lists)
    outcome = attempt(install_commands(names, manager, root=is_root, refresh=refresh), execute, say)
    if not outcome.ok and can_refresh and not refresh:
        outcome = attempt(install_commands(names, manager, root=is_root, refresh=True), execute, say)
    if not outcome.ok:
        raise InstallError(outcome)


def attempt(commands: Sequence[Command], execute: Execute, say: Callable[[str], None]) -> Outcome:
    """Run one after the other; the last outcome, or the first failure."""
    for command in commands:
        say(f"$ {command}")
        outcome = execute(command)
        if not outcome.ok:
            break
    return outcome


def run(command: Command) -> Outcome:
    """Run a package manager to its end: an interrupt does not kill it in the middle of its work."""
    proxies = {name: os.environ[name] for name in PROXIES if name in os.environ}
    env = {**small_environment(), **proxies, **command.env}
    begin = time.monotonic()
    try:
        process = subprocess.Popen(
            command.argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
    except OSError as error:
        said = f"{command.argv[0]}: {error.strerror}\n".encode()
        return Outcome(command=command, exit_code=NOT_FOUND, stdout=b"", stderr=said, seconds=0)
    try:
        stdout, _ = process.communicate()
    except KeyboardInterrupt:
        process.communicate()
        raise
    seconds = time.monotonic() - begin
    return Outcome(command=command, exit_code=process.returncode, stdout=stdout, stderr=b"", seconds=seconds)


def has_lists(directory: Path) -> bool:
    """Whether apt knows any packages at all; a minimal image comes without its lists."""
    return any(directory.glob("*_Packages*"))
