"""A real Docker engine on a private socket, with no registry and nothing left behind; needs root."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from sepack.toolchain.container import ContainerToolchain
from sepack.toolchain.engine import connect
from sepack.toolchain.errors import ToolchainError
from tests.container import base_image as base
from tests.container import keeper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docker import APIClient

DOCKERFILE = Path(__file__).parents[2] / "Dockerfile"
BASE_IMAGE = "sepack-tests/bookworm:minbase"
ENGINE_SECONDS = 60


class OpenContainer(Protocol):
    def __call__(self, root: Path, **options: Any) -> ContainerToolchain: ...


@pytest.fixture(scope="session")
def engine_directory(tmp_path_factory: pytest.TempPathFactory, require_tool: Callable[[str], str]) -> Iterator[Path]:
    """The engine's own directory; all test processes of one run share one engine, and the last one ends it."""
    if os.geteuid() != 0:
        pytest.skip("a container engine of one's own needs root")
    for tool in ("dockerd", "containerd", "debootstrap", "unshare", "setpriv"):
        require_tool(tool)
    top = tmp_path_factory.getbasetemp()
    directory = (top.parent if "PYTEST_XDIST_WORKER" in os.environ else top) / "engine"
    with locked(directory):
        lifeline, kept = hold(directory)
        wait_for_engine(directory)
    yield directory
    os.close(lifeline)
    if kept and "PYTEST_XDIST_WORKER" not in os.environ:
        os.waitpid(kept, 0)


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    directory.mkdir(exist_ok=True)
    with (directory / keeper.LOCK).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def hold(directory: Path) -> tuple[int, int]:
    """Take hold of the engine's lifeline; start an engine where none is kept. The lifeline, and the keeper's number."""
    fifo = directory / keeper.LIFELINE
    try:
        return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK), 0
    except OSError:
        fifo.unlink(missing_ok=True)
    os.mkfifo(fifo)
    argv = [sys.executable, "-I", keeper.__file__, str(directory)]
    kept = os.posix_spawn(sys.executable, argv, os.environ, setsid=True)
    return os.open(fifo, os.O_WRONLY), kept


def wait_for_engine(directory: Path) -> None:
    end = time.monotonic() + ENGINE_SECONDS
    while time.monotonic() < end:
        try:
            connect({"DOCKER_HOST": f"unix://{directory / keeper.SOCKET}"}).close()
        except ToolchainError:
            time.sleep(0.1)
        else:
            return
    log = directory / keeper.LOG
    pytest.skip(f"no engine starts here: {log.read_text(errors='replace')[-1000:] if log.exists() else 'no log'}")


@pytest.fixture(scope="session")
def engine_environment(engine_directory: Path) -> dict[str, str]:
    return {"DOCKER_HOST": f"unix://{engine_directory / keeper.SOCKET}"}


@pytest.fixture(scope="session")
def client(engine_environment: dict[str, str]) -> Iterator[APIClient]:
    api = connect(engine_environment)
    yield api
    api.close()


@pytest.fixture(scope="session")
def base_image(client: APIClient, engine_directory: Path) -> str:
    with locked(engine_directory):
        if not client.images(BASE_IMAGE):
            repository, tag = BASE_IMAGE.split(":")
            client.import_image_from_file(str(base.base_tarball()), repository, tag)
    return BASE_IMAGE


@pytest.fixture(scope="session")
def open_container(engine_environment: dict[str, str], base_image: str, engine_directory: Path) -> OpenContainer:
    """A function from a workspace to its toolchain in a container of the repository's own image, to be entered."""

    def open_one(root: Path, **options: Any) -> ContainerToolchain:
        settings = {
            "target": "debian12",
            "base_image": base_image,
            "dockerfile": DOCKERFILE,
            "build_network": "host",
            "environ": engine_environment,
        }
        return ContainerToolchain(root, **{**settings, **options})

    with locked(engine_directory), open_one(engine_directory):
        pass  # the image is built once
    return open_one
