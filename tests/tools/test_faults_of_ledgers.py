"""A ledger that is written while the writer is killed, or the disk is full: what was there is there, or what is new."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from sepack.catalog.ledger import load_ledger
from sepack.catalog.ledger_errors import LedgerNotWrittenError
from sepack.catalog.ledger_file import ledger_text, save_items
from sepack.workspace import Workspace
from tests.unit.test_ledger import PATH, WRITTEN, rule

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import FrameType

    from tests.conftest import Unprivileged


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "policy/shop").mkdir(parents=True)
    (tmp_path / PATH).write_text(WRITTEN)
    return Workspace(tmp_path)


def _save(workspace: Workspace) -> None:
    save_items(workspace, "shop", [rule("read")], before=ledger_text(workspace, "shop"))


def _dying_at(line: int) -> Callable[[FrameType, str, object], Any]:
    """Kills this process, without a chance to clean up, before the `line`th line of the file that writes."""
    left = line

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.endswith("catalog/ledger_file.py"):
            return None
        if event == "line":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    return trace


def _killed_at_every_line(root: Path) -> None:
    """Exits with 0 if whatever the killed writers left was whole, and the next writer could go on from it."""
    workspace, folder = Workspace(root), (root / PATH).parent
    save_items(workspace, "shop", [rule("write")], before=WRITTEN)
    old = (root / PATH).read_text()
    _save(workspace)
    new = (root / PATH).read_text()
    seen, line, ended = set(), 0, False
    while not ended:
        line += 1
        (root / PATH).write_text(old)
        if (child := os.fork()) == 0:
            sys.settrace(_dying_at(line))
            _save(workspace)
            os._exit(0)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        left = (root / PATH).read_text()
        assert left in (old, new), f"half-written at line {line}"
        seen.add((left == new, len(list(folder.iterdir()))))
        (root / PATH).write_text(old)
        _save(workspace)
        assert (root / PATH).read_text() == new
        assert [entry.name for entry in folder.iterdir()] == ["ledger.toml"], f"left over at line {line}"
    assert {(False, 1), (False, 2), (True, 1)} <= seen, f"not killed at every stage: {seen}"


def test_a_writer_that_is_killed_at_any_line_leaves_a_whole_ledger(workspace: Workspace) -> None:
    # In a process of its own, as forking one that has threads is not allowed.
    process = multiprocessing.get_context("spawn").Process(target=_killed_at_every_line, args=(workspace.root,))
    process.start()
    process.join()
    assert process.exitcode == 0


@pytest.mark.root
@pytest.mark.parametrize("left", [0, 4])
def test_a_full_disk_leaves_what_was_there(tmp_path: Path, left: int) -> None:
    """No room at all, and room for the first page of what is to be written."""
    place = tmp_path / "policy/shop"
    place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "sepack-test", str(place)], check=True)
    try:
        workspace = Workspace(tmp_path)
        before = WRITTEN + "# long\n" * 1000
        (tmp_path / PATH).write_text(before)
        state = os.statvfs(place)
        (place / "filler").write_bytes(bytes(state.f_bavail * state.f_frsize - 1024 * left))
        with pytest.raises(LedgerNotWrittenError, match="cannot be written") as caught:
            save_items(workspace, "shop", [rule("read")], before=before)
        assert caught.value.details == ("No space left on device",)
        assert (tmp_path / PATH).read_text() == before
        assert sorted(entry.name for entry in place.iterdir()) == ["filler", "ledger.toml"]
        (place / "filler").unlink()
        save_items(workspace, "shop", [rule("read")], before=before)
        ledger, errors = load_ledger(workspace, "shop")
        assert (len(ledger.items), errors) == (3, [])
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_folder_that_may_not_be_written_is_said(unprivileged: Unprivileged) -> None:
    workspace = Workspace(unprivileged.directory)
    folder = (workspace / PATH).parent
    folder.mkdir(parents=True)
    (workspace / PATH).write_text(WRITTEN)
    folder.chmod(0o555)

    def refused() -> str:
        try:
            _save(workspace)
        except LedgerNotWrittenError as error:
            return error.details[0]
        return "written"

    assert unprivileged(refused) == "Permission denied"
    assert (workspace / PATH).read_text() == WRITTEN
