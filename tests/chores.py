"""The chores of this repository's developers: `lint` and `test`."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.exceptions import Exit
from invoke.tasks import task

if TYPE_CHECKING:
    from invoke.context import Context

SCRIPTS = ("inv", ".ci/run")
QUICK_TIERS = ("unit", "golden", "tools")
TIERS = (*QUICK_TIERS, "container", "guest", "e2e")


@task(help={"fix": "Mend what can be mended without a person, instead of only saying so."})
def lint(_: Context, fix: bool = False) -> None:
    """Check style, types, layers and shell scripts."""
    finish(run_linters(fix=fix))


@task(
    help={
        "all_": "Run the tiers that need root, a container engine or minutes, too.",
        "only": f"Run this tier alone, without linters: {', '.join(TIERS)}.",
        "keyword": "Run the tests whose names match this pytest expression, without linters.",
    }
)
def test(context: Context, all_: bool = False, only: str = "", keyword: str = "") -> None:
    """Lint, then run the tests: unit, golden and tools, without root and without network."""
    if only and only not in TIERS:
        raise Exit(f"there is no tier {only!r}; those are {', '.join(TIERS)}", code=2)
    tiers = (only,) if only else TIERS if all_ else QUICK_TIERS
    options = ["-k", keyword] if keyword else []
    if tiers is QUICK_TIERS:
        options += ["-m", "not root"]
    if tiers != ("unit",):
        install_compile_tools(allowed=context.config["sepack"]["install"] != "never")
    failed = {} if only or keyword else run_linters(fix=False)
    folders = [f"tests/{tier}" for tier in tiers if Path("tests", tier).is_dir()]
    finish(failed | run("pytest", "-n", "auto", *options, *folders))


def install_compile_tools(*, allowed: bool) -> None:
    """Bring what `build` would; where that is not possible say why, and the tests that need the tools are skipped."""
    from sepack.console.errors import error_text
    from sepack.errors import SepackError
    from sepack.pipeline.toolchains import CHECKING_TOOLS, REFPOLICY_TOOLS, equip
    from sepack.targets import read_host
    from sepack.toolchain.local import LocalToolchain
    from sepack.workspace import Workspace

    workspace = Workspace.find()
    needed = (*REFPOLICY_TOOLS, *CHECKING_TOOLS)
    try:
        equip(LocalToolchain(workspace.root), workspace, read_host(), needed, allowed=allowed, say=say)
    except SepackError as error:
        say(error_text(error))


def run_linters(*, fix: bool) -> dict[str, int]:
    failed = run("ruff", "check", *(["--fix"] if fix else []))
    failed |= run("ruff", "format", *([] if fix else ["--check"]))
    failed |= run("mypy")
    failed |= run("lint-imports", "--no-logo")
    if shutil.which("shellcheck") or os.environ.get("CI"):
        failed |= run("shellcheck", *SCRIPTS)
    return failed


def run(program: str, *arguments: str) -> dict[str, int]:
    """Run a program of .venv or of the host; what failed and its exit code, for `finish`."""
    beside_python = Path(sys.executable).with_name(program)
    argv = [str(beside_python) if beside_python.exists() else program, *arguments]
    say(f"$ {shlex.join([program, *arguments])}")
    try:
        code = subprocess.run(argv, check=False).returncode
    except FileNotFoundError:
        code = 127
    return {f"{program} {arguments[0]}" if program == "ruff" else program: code} if code else {}


def finish(failed: dict[str, int]) -> None:
    """End with the last failure's own exit code."""
    if failed:
        raise Exit(f"failed: {', '.join(failed)}", code=[*failed.values()][-1])


def say(text: str) -> None:
    print(text, flush=True)
