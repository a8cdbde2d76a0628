"""A disk that is full at any moment of a build: it is said, no wrong package is accepted, and room mends it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from sepack.pipeline.outputs import OutputError
from tests.tools.building import PLAIN, invoke, outputs, packages, require_all, run_build, twelve_modules, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.root

BUILD_FAILED = 4
# KiB, for a build that prepares the headers first: no room for those, hardly any left after them, room for everything.
COLD = (64, 1024, 4096, 11264, 12288, 65536)
# KiB that are left to a build that has the headers: from nothing, over some of the modules, to all of them.
WARM = (4, 16, 64, 200, 400, 600, 800, 1000, 1200, 4096)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory, require_tool: Callable[[str], str]) -> dict[str, bytes]:
    require_all(require_tool)
    root = write(tmp_path_factory.mktemp("reference"), twelve_modules("httpd_t"))
    run_build(root)
    return outputs(root)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path, twelve_modules("httpd_t"))


@contextmanager
def small_disk(place: Path, kilobytes: int) -> Iterator[None]:
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "sepack-test", str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def enlarge(place: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=256m", str(place)], check=True)


def fill(place: Path, left: int) -> None:
    """Leave `left` KiB free."""
    state = os.statvfs(place)
    (place / "filler").write_bytes(bytes(state.f_bavail * state.f_frsize - 1024 * left))


def require_said(root: Path, reference: dict[str, bytes]) -> None:
    """A build that fails names the disk, and what lies there as built is what was to be built."""
    done = invoke(root, "build")
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    assert done.returncode in {0, BUILD_FAILED}
    assert (done.returncode == 0) == (len(packages(root)) == 12), said
    if done.returncode:
        assert "there is no room for it" in said or "make room on the disk" in said
    for name, data in packages(root).items():
        assert data == reference[f"{name}.pp"]


def require_mended(root: Path, reference: dict[str, bytes]) -> None:
    enlarge(root / "build")
    assert run_build(root).failed == {}
    assert outputs(root) == reference
    assert list((root / "build/.cache/scratch").iterdir()) == []


@pytest.mark.parametrize("kilobytes", COLD)
def test_a_disk_too_small_for_a_first_build_is_said_and_room_mends_it(
    kilobytes: int, root: Path, reference: dict[str, bytes]
) -> None:
    with small_disk(root / "build", kilobytes):
        require_said(root, reference)
        require_mended(root, reference)


@pytest.mark.parametrize("kilobytes", WARM)
def test_a_disk_that_fills_while_modules_are_built_is_said_and_room_mends_it(
    kilobytes: int, root: Path, reference: dict[str, bytes]
) -> None:
    with small_disk(root / "build", 65536):
        run_build(root)
        shutil.rmtree(root / "build/host")
        fill(root / "build", kilobytes)

        require_said(root, reference)
        require_mended(root, reference)


def test_a_package_that_lacks_only_its_last_bytes_is_not_taken(
    tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    """semodule_package ends well although what it wrote last found no room."""
    require_all(require_tool)
    root = write(tmp_path, {"tasks.py": "", "policy/big/big.te": big_module()})
    run_build(root)
    (whole,) = packages(root).values()
    said: list[str] = []
    with small_disk(root / "build", 4096):
        for left in range(4, 400, 4):
            fill(root / "build", left)
            said += attempt(root)
            assert set(packages(root).values()) <= {whole}
            if packages(root):
                break
            (root / "build/filler").unlink()
            shutil.rmtree(root / "build/host", ignore_errors=True)
        else:
            pytest.fail("there was never room")

    assert any(re.search(r"it holds \d+ of its module's \d+ bytes", brief) for brief in said), said


def attempt(root: Path) -> list[str]:
    try:
        return [error.brief for errors in run_build(root).failed.values() for error in errors]
    except OutputError as error:
        return [error.brief]


def big_module() -> str:
    types = "".join(f"type big{number}_t;\n" for number in range(400))
    return PLAIN.replace("plain", "big") + types
