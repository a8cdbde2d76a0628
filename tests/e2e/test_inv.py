"""`./inv` as a newcomer meets it: in a fresh clone, interrupted, twice at once, moved, and where there is no Python."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
NOT_CLONED = shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", "build", "dist")
NO_INDEX = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_EXTRA_INDEX_URL": "", "PIP_NO_CACHE_DIR": "1"}
NO_CONFIGURATION = {"PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": "", "PIP_RETRIES": "0"}
INSTALLING = "installing what requirements.lock names"


def clone(place: Path) -> Path:
    shutil.copytree(ROOT, place, ignore=NOT_CLONED, symlinks=True)
    return place


def inv(
    tree: Path, *arguments: str, env: dict[str, str] | None = None, under: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    argv = [*under, str(tree / "inv"), *arguments]
    env = {**os.environ, **(env or {})}
    return subprocess.run(argv, cwd="/", env=env, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone, with a space in its path, in which `./inv` has been called once."""
    tree = clone(tmp_path_factory.mktemp("fresh") / "the clone")
    first = inv(tree, "--list")
    assert first.returncode == 0, first.stderr
    assert "build" in first.stdout
    assert [line.split()[1] for line in first.stderr.splitlines()] == ["making", "installing"]
    return tree


def test_the_next_run_is_silent_and_needs_no_network(tree: Path) -> None:
    again = inv(tree, "--list", env=NO_INDEX)

    assert again.returncode == 0
    assert again.stderr == ""
    assert "build" in again.stdout


@pytest.mark.root
def test_the_next_run_works_where_there_is_no_network_at_all(tree: Path, require_tool: Callable[[str], str]) -> None:
    again = inv(tree, "--list", under=(require_tool("unshare"), "--net"))

    assert (again.returncode, again.stderr) == (0, "")


def test_a_link_to_it_works_from_anywhere(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "inv").symlink_to(os.path.relpath(tree / "inv", tmp_path))

    linked = inv(tmp_path, "--list")

    assert (linked.returncode, linked.stderr) == (0, "")
    assert linked.stdout == inv(tree, "--list").stdout


def test_exit_codes_and_arguments_pass_through(tree: Path) -> None:
    assert inv(tree, "no-such task").returncode == 1
    assert "no-such task" in inv(tree, "no-such task").stderr


def test_a_changed_lock_is_installed_and_needs_a_network_only_for_what_is_new(tree: Path) -> None:
    lock = tree / "requirements.lock"
    lock.write_text(f"{lock.read_text()}# a comment changes nothing to install\n")
    os.utime(lock, (0, 0))

    changed = inv(tree, "--version", env=NO_INDEX)

    assert changed.returncode == 0
    assert INSTALLING in changed.stderr
    assert inv(tree, "--version").stderr == ""


def test_a_venv_whose_python_is_gone_is_made_anew(tree: Path) -> None:
    (tree / ".venv/bin/python").unlink()
    (tree / ".venv/bin/python").symlink_to("/nonexistent/python3.11")

    mended = inv(tree, "--version")

    assert mended.returncode == 0
    assert "making .venv" in mended.stderr


def test_a_copy_runs_its_own_code(tree: Path, tmp_path: Path) -> None:
    inv(tree, "--version")
    copy = tmp_path / "copy"
    shutil.copytree(tree, copy, symlinks=True)

    moved = inv(copy, "--version")

    assert moved.returncode == 0
    assert "making .venv" in moved.stderr
    where = [str(copy / ".venv/bin/python"), "-c", "import sepack; print(sepack.__file__)"]
    found = subprocess.run(where, cwd="/", capture_output=True, text=True, check=True).stdout
    assert Path(found.strip()).is_relative_to(copy)


def test_a_killed_set_up_is_done_again_and_two_at_once_share_one(tmp_path: Path) -> None:
    tree = clone(tmp_path / "clone")
    argv = [str(tree / "inv"), "--list"]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True, start_new_session=True) as killed:
        assert killed.stderr
        assert any(INSTALLING in line for line in killed.stderr)
        time.sleep(2)
        os.killpg(killed.pid, signal.SIGKILL)

    both = [subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate() for process in both]

    assert [process.returncode for process in both] == [0, 0]
    assert said[0][0] == said[1][0]
    assert sorted(stderr.count(INSTALLING) for _, stderr in said) == [0, 1]


def test_a_set_up_without_network_says_what_to_do(tmp_path: Path) -> None:
    tree = clone(tmp_path / "clone")

    failed = inv(tree, "--list", env=NO_INDEX | NO_CONFIGURATION)

    assert failed.returncode == 3
    assert "network" in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize(
    ("manager", "command"),
    [("apt-get", "apt-get install -y python3 python3-venv"), ("dnf", "dnf install -y python3")],
)
def test_without_python_and_forbidden_to_install_it_prints_the_command(
    manager: str, command: str, tmp_path: Path
) -> None:
    tree = clone(tmp_path / "clone")
    programs = host_without_python(tmp_path / "bin", manager)

    stopped = inv(tree, env={"PATH": str(programs), "INVOKE_SEPACK_INSTALL": "never"})

    assert stopped.returncode == 3
    assert command in stopped.stderr
    assert not (tmp_path / "called").exists()


def test_without_python_it_is_installed_and_that_is_said(tmp_path: Path) -> None:
    tree = clone(tmp_path / "clone")
    programs = host_without_python(tmp_path / "bin", "apt-get")

    stopped = inv(tree, env={"PATH": str(programs), "INVOKE_SEPACK_INSTALL": ""})

    assert stopped.returncode == 3
    assert "installing it: apt-get install -y python3 python3-venv" in stopped.stderr
    called = (tmp_path / "called").read_text().splitlines()
    assert called[-1].endswith("install -y python3 python3-venv -q")


def host_without_python(directory: Path, manager: str) -> Path:
    """A PATH with what any host has but Python, and a package manager and sudo that write down what was called."""
    directory.mkdir()
    for name in ("cat", "cmp", "dirname", "env", "grep", "id", "mkdir", "readlink"):
        found = shutil.which(name)
        if found:
            (directory / name).symlink_to(found)
    (directory / manager).write_text(f'#!/bin/sh\necho "{manager} $*" >>"{directory.parent}/called"\n')
    (directory / manager).chmod(0o755)
    (directory / "sudo").write_text('#!/bin/sh\nshift\nexec "$@"\n')
    (directory / "sudo").chmod(0o755)
    return directory
