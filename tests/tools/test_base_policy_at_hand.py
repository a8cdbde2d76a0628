"""The base policy of this host: found, indexed once, kept whole, and asked."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sepack.model.base_policy import AccessQuestion, LabelQuestion, WhyKind
from sepack.pipeline.base_policy import LinkedPolicy, NoBasePolicy, open_base_policy
from sepack.pipeline.scratch import scratch_directory
from sepack.workspace import Workspace
from tests.tools.linking import require_policy, session

if TYPE_CHECKING:
    from collections.abc import Callable

HTTPD = "system_u:system_r:httpd_t:s0"
EXECMEM = AccessQuestion(HTTPD, HTTPD, "process", "execmem")
SRV = LabelQuestion("/srv/good/x", "file")


@pytest.fixture(scope="module", autouse=True)
def policy_is_installed(require_tool: Callable[[str], str]) -> None:
    require_tool("sesearch")
    require_policy()


def test_the_base_is_indexed_once(tmp_path: Path) -> None:
    with session(tmp_path) as running, scratch_directory(Workspace(tmp_path)) as scratch:
        first = open_base_policy(running, scratch)
        assert isinstance(first, LinkedPolicy)
        assert first.index.title.endswith(" of this host")
        assert first.index.type("httpd_t") == "httpd_t"
        (kept,) = (tmp_path / "build/.cache/base").iterdir()
        stamp = (kept / "index.sqlite").stat().st_mtime_ns
        again = open_base_policy(running, scratch)
        assert isinstance(again, LinkedPolicy)
        assert again.index.digest == first.index.digest
        assert (kept / "index.sqlite").stat().st_mtime_ns == stamp
        found = again.ask([EXECMEM, SRV])
    assert found.access[EXECMEM].kind is WhyKind.BOOLEAN
    assert found.labels[SRV] == "system_u:object_r:var_t:s0"


@pytest.mark.parametrize("damage", ["index lost", "index cut", "told lost", "told foreign", "a file in its place"])
def test_what_is_damaged_in_the_cache_is_made_again(tmp_path: Path, damage: str) -> None:
    def opened() -> LinkedPolicy | NoBasePolicy:
        with session(tmp_path) as running, scratch_directory(Workspace(tmp_path)) as place:
            return open_base_policy(running, place)

    assert isinstance(opened(), LinkedPolicy)
    (kept,) = (tmp_path / "build/.cache/base").iterdir()
    match damage:
        case "index lost":
            (kept / "index.sqlite").unlink()
        case "index cut":
            os.truncate(kept / "index.sqlite", 8192)
        case "told lost":
            (kept / "told.json").unlink()
        case "told foreign":
            (kept / "told.json").write_text('{"refused": 7}')
        case _:
            shutil.rmtree(kept)
            kept.write_text("")
    again = opened()
    assert isinstance(again, LinkedPolicy)
    assert again.index.type("httpd_t")
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]
    assert list((tmp_path / "build/.cache/scratch").iterdir()) == []


KILLED = """
import sys
from pathlib import Path
from sepack.pipeline.base_policy import open_base_policy
from sepack.pipeline.scratch import scratch_directory
from sepack.workspace import Workspace
from tests.tools.linking import session
root = Path(sys.argv[1])
with session(root) as running, scratch_directory(Workspace(root)) as scratch:
    print("ready", flush=True)
    print(open_base_policy(running, scratch).index.type("httpd_t"), flush=True)
"""


def start(root: Path) -> subprocess.Popen[str]:
    top = Path(__file__).parents[2]
    return subprocess.Popen([sys.executable, "-c", KILLED, str(root)], cwd=top, stdout=subprocess.PIPE, text=True)


def test_a_kill_leaves_nothing_that_is_taken_for_whole(tmp_path: Path) -> None:
    """At several moments between the first file and the last."""
    for moment in ("asking-*", "asking-*/dump_program.py", "base-*/index.sqlite"):
        process = start(tmp_path)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        while process.poll() is None and not list((tmp_path / "build/.cache/scratch").glob(f"*/{moment}")):
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    with session(tmp_path) as running, scratch_directory(Workspace(tmp_path)) as place:
        found = open_base_policy(running, place)
        assert isinstance(found, LinkedPolicy)
        assert found.index.type("httpd_t")
        assert len(list((tmp_path / "build/.cache/scratch").iterdir())) == 1


def test_two_at_once_both_have_a_whole_one(tmp_path: Path) -> None:
    processes = [start(tmp_path) for _ in range(3)]
    for process in processes:
        said, _ = process.communicate()
        assert (said, process.returncode) == ("ready\nhttpd_t\n", 0)
    assert len(list((tmp_path / "build/.cache/base").iterdir())) == 1
