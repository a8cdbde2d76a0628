"""A whole build in the container: the model modules and a sample of refpolicy, byte for byte what this host makes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.compile import SOURCE, lay_out
from sepack.model.build import Built, Chosen, Failed, UpToDate
from sepack.pipeline.build import BuildRequest, build
from sepack.settings import Settings
from sepack.targets import load_targets
from sepack.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from docker import APIClient

    from sepack.model.build import BuildEvent
ROOT = Path(__file__).parents[2]
TARGET = "debian12"
BROKEN = "policy_module(broken, 1.0)\nno_such_interface(broken_t)\n"


@pytest.fixture
def engine(
    monkeypatch: pytest.MonkeyPatch,
    client: APIClient,
    base_image: str,
    engine_environment: dict[str, str],
) -> None:
    """The engine as a person would have it: found by the environment, with the target's base image at hand."""
    repository, _, tag = load_targets()[TARGET].base_image.rpartition(":")
    client.tag(base_image, repository, tag)
    for name, value in engine_environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def repository(tmp_path: Path, require_tool: Callable[[str], str]) -> Path:
    """The model modules, every twelfth of refpolicy's where its source is, and a broken one."""
    for tool in ("m4", "checkmodule", "semodule_package"):
        require_tool(tool)
    if SOURCE.is_file():
        _, root = lay_out(tmp_path, (".te", ".fc"))
        for place in sorted((root / "policy").iterdir()):
            if number_of(place.name) % 12:
                shutil.rmtree(place)
    else:
        root = tmp_path / "sepack"
    for place in (ROOT / "policy").iterdir():
        if place.is_dir():
            shutil.copytree(place, root / "policy" / place.name)
    (root / "policy/broken").mkdir()
    (root / "policy/broken/broken.te").write_text(BROKEN)
    return root


def number_of(name: str) -> int:
    """The same for a name in every run, which hash() is not."""
    return sum(name.encode())


def run(root: Path, toolchain: str) -> list[BuildEvent]:
    settings = Settings(targets=(TARGET,), toolchain=toolchain, install="never", build_network="host")
    return list(build(Workspace(root), settings, BuildRequest(), lambda _: None))


def packages(root: Path, events: list[BuildEvent]) -> dict[str, bytes]:
    return {event.module: (root / event.package.path).read_bytes() for event in events if isinstance(event, Built)}


@pytest.mark.root
@pytest.mark.usefixtures("engine")
def test_the_container_makes_what_this_host_makes(repository: Path) -> None:
    inside = run(repository, "container")
    made_inside = packages(repository, inside)
    failed_inside = [str(error) for event in inside if isinstance(event, Failed) for error in event.errors]
    again = run(repository, "container")
    shutil.rmtree(repository / "build")
    here = run(repository, "local")

    assert [event.toolchain for event in inside if isinstance(event, Chosen)] == ["container"]
    assert len(made_inside) > 2
    assert made_inside == packages(repository, here)
    assert failed_inside == [str(error) for event in here if isinstance(event, Failed) for error in event.errors]
    assert len(failed_inside) == 1
    assert {event.module for event in again if isinstance(event, UpToDate)} == made_inside.keys()
