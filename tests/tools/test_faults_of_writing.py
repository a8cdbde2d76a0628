"""Builds that are killed, that run side by side, or that may not write: nothing is lost, and the next one is right."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from sepack.console.errors import error_text
from sepack.errors import ExitCode, SepackError
from sepack.model.build import Built
from sepack.pipeline.build import BuildRequest, build
from sepack.workspace import Workspace
from tests.tools.building import (
    INVOKE,
    LOCAL,
    PLAIN,
    environment,
    outputs,
    packages,
    require_all,
    run_build,
    twelve_modules,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Unprivileged

STATES = ("httpd_t", "init_t")
ALL = {f"{kind}{number}" for kind in ("plain", "caller") for number in range(6)}


@pytest.fixture(scope="module")
def references(tmp_path_factory: pytest.TempPathFactory, require_tool: Callable[[str], str]) -> list[dict[str, bytes]]:
    """What undisturbed builds of the two states make."""
    require_all(require_tool)
    found = []
    for state in STATES:
        root = write(tmp_path_factory.mktemp("reference"), twelve_modules(state))
        assert set(run_build(root).built) == ALL
        found.append(outputs(root))
    return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path, twelve_modules(STATES[0]))


def start(root: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [INVOKE, "build", *words],
        cwd=root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_when(root: Path, moment: Callable[[], bool]) -> bool:
    """Whether it still ran."""
    with start(root) as running:
        while running.poll() is None and not moment():
            time.sleep(0.002)
        running.send_signal(signal.SIGKILL)
    return running.returncode == -signal.SIGKILL


def after(seconds: float) -> Callable[[], bool]:
    begin = time.monotonic()
    return lambda: time.monotonic() - begin > seconds


def scratch(root: Path) -> list[Path]:
    place = root / "build/.cache/scratch"
    return sorted(place.iterdir()) if place.is_dir() else []


def require_right(root: Path, reference: dict[str, bytes]) -> None:
    """The next build leaves what an undisturbed one makes, nothing else, and nothing to do."""
    assert run_build(root).failed == {}
    assert outputs(root) == reference
    assert scratch(root) == []
    assert run_build(root).fresh == ALL


def test_a_first_build_that_is_killed_at_any_moment_does_no_harm(
    root: Path, references: list[dict[str, bytes]]
) -> None:
    killed = 0
    for number in range(4):
        shutil.rmtree(root / "build", ignore_errors=True)
        killed += kill_when(root, after(0.3 + 0.3 * number))
        require_right(root, references[0])
    assert killed


def test_a_build_of_changed_sources_that_is_killed_at_any_moment_does_no_harm(
    root: Path, references: list[dict[str, bytes]]
) -> None:
    run_build(root)
    killed = 0
    for number in range(7):
        state = (number + 1) % 2
        write(root, twelve_modules(STATES[state]))
        killed += kill_when(root, after(0.25 + 0.06 * number))
        require_right(root, references[state])
    assert killed


@pytest.mark.parametrize(
    "sight",
    ["build/.cache/scratch/*/.lock", "build/host/*/*.te", "build/host/*/*.pp", "build/host/*/manifest.json"],
)
def test_a_build_that_is_killed_just_as_it_writes_does_no_harm(
    sight: str, root: Path, references: list[dict[str, bytes]]
) -> None:
    assert kill_when(root, lambda: any(root.glob(sight)))

    assert not set(packages(root)) - {f"{name}/{name}" for name in ALL}
    require_right(root, references[0])


@pytest.mark.parametrize("count", [2, 4])
def test_builds_at_once_do_each_other_no_harm(count: int, root: Path, references: list[dict[str, bytes]]) -> None:
    running = [start(root) for _ in range(count)]
    said = [process.communicate() for process in running]

    assert [process.returncode for process in running] == [0] * count, said
    assert outputs(root) == references[0]
    assert scratch(root) == []
    assert run_build(root).fresh == ALL


def test_builds_at_once_of_what_is_there_already_do_each_other_no_harm(
    root: Path, references: list[dict[str, bytes]]
) -> None:
    run_build(root)
    write(root, twelve_modules(STATES[1]))
    running = [start(root, "--force") for _ in range(3)]
    said = [process.communicate() for process in running]

    assert [process.returncode for process in running] == [0] * 3, said
    require_right(root, references[1])


def test_what_is_edited_while_a_build_runs_is_built_again(root: Path, references: list[dict[str, bytes]]) -> None:
    run_build(root)
    edited = False
    for event in build(Workspace(root), LOCAL, BuildRequest(force=True), lambda _: None):
        if isinstance(event, Built) and not edited:
            write(root, twelve_modules(STATES[1]))
            edited = True

    assert edited
    assert set(run_build(root).built) == ALL
    assert outputs(root) == references[1]


@pytest.mark.parametrize(
    ("path", "again"),
    [
        ("templates/frame.te.j2", {"made"}),
        ("policy/made/module.toml", {"made"}),
        ("policy/spool/spool.if", {"spool", "reader"}),
        ("policy/spool/spool.fc", {"spool"}),
    ],
)
def test_each_kind_of_source_edited_while_a_build_runs_counts(path: str, again: set[str], repository: Path) -> None:
    edited = False
    for event in build(Workspace(repository), LOCAL, BuildRequest(force=True), lambda _: None):
        if isinstance(event, Built) and not edited:
            text = (repository / path).read_text()
            changed = text.replace("read_files_pattern", "rw_files_pattern")
            (repository / path).write_text(changed if changed != text else f"{text}# more\n")
            edited = True

    assert set(run_build(repository).built) == again


def test_a_build_directory_that_may_not_be_written_is_said_and_nothing_is_lost(
    built_repository: Path, unprivileged: Unprivileged
) -> None:
    root = shutil.copytree(built_repository, unprivileged.directory / "repository")
    before = outputs(root)
    (root / "policy/plain/plain.te").write_text(PLAIN + "# more\n")
    places = [root / "build", *(path for path in (root / "build").rglob("*") if path.is_dir())]

    def refused() -> tuple[int, str]:
        for place in places:
            place.chmod(0o555)
        try:
            run_build(root)
        except SepackError as error:
            return int(error.exit_code), error_text(error)
        return 0, "it was built"

    code, said = unprivileged(refused)

    assert code == ExitCode.BUILD
    assert "cannot be written: this user may not write there" in said
    assert "Permission denied" in said
    assert "ls -ld build" in said
    assert outputs(root) == before


def test_one_modules_outputs_that_may_not_be_written_fail_that_module_alone(
    built_repository: Path, unprivileged: Unprivileged
) -> None:
    root = shutil.copytree(built_repository, unprivileged.directory / "repository")
    before = packages(root)

    def build_all() -> tuple[set[str], dict[str, list[str]]]:
        (root / "build/host/plain").chmod(0o555)
        done = run_build(root, force=True)
        return set(done.built), {name: [error_text(error) for error in errors] for name, errors in done.failed.items()}

    built, failed = unprivileged(build_all)

    assert (built, set(failed)) == ({"spool", "reader", "made"}, {"plain"})
    assert "this user may not write there" in failed["plain"][0]
    assert packages(root) == before
