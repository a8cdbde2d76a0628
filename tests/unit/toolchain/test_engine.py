from __future__ import annotations

import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from sepack.toolchain.engine import engine_available, engine_urls, find_engine, first_open, user_options
from sepack.toolchain.errors import NoEngineError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Unprivileged

NOWHERE = "unix:///nonexistent/engine.sock"


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[str]:
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(tmp_path / "d.sock"))
        door.listen()
        yield f"unix://{tmp_path}/d.sock"


def test_engines_are_looked_for_where_docker_and_podman_listen() -> None:
    assert engine_urls({"XDG_RUNTIME_DIR": "/run/user/7"}) == (
        "unix:///var/run/docker.sock",
        "unix:///run/user/7/docker.sock",
        "unix:///run/user/7/podman/podman.sock",
        "unix:///run/podman/podman.sock",
    )
    assert engine_urls({}) == ("unix:///var/run/docker.sock", "unix:///run/podman/podman.sock")


def test_docker_host_is_the_only_one_when_set() -> None:
    assert engine_urls({"DOCKER_HOST": "tcp://box:2375", "XDG_RUNTIME_DIR": "/run/user/7"}) == ("tcp://box:2375",)


def test_the_first_that_listens_is_taken(listening: str) -> None:
    assert first_open([NOWHERE, listening]) == listening
    assert engine_available({"DOCKER_HOST": listening}) == (True, listening)


def test_a_socket_that_nobody_listens_at_is_none(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(tmp_path / "dead.sock"))
    with pytest.raises(NoEngineError) as caught:
        first_open([NOWHERE, f"unix://{tmp_path}/dead.sock"])
    assert caught.value.details == ("tried /nonexistent/engine.sock", f"tried {tmp_path}/dead.sock")


def test_another_machine_is_believed_to_be_there() -> None:
    assert find_engine({"DOCKER_HOST": "tcp://box:2375"}) == "tcp://box:2375"


def test_why_there_is_none_is_one_line() -> None:
    assert engine_available({"DOCKER_HOST": NOWHERE}) == (
        False,
        "No container engine answers; tried /nonexistent/engine.sock",
    )


def test_a_closed_door_is_another_thing_than_none(unprivileged: Unprivileged) -> None:
    path = unprivileged.directory / "d.sock"
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))
        door.listen()
        path.chmod(0)
        found = unprivileged(lambda: engine_available({"DOCKER_HOST": f"unix://{path}"}))
    assert found == (False, f"The container engine at {path} does not let this user in")


def test_looking_for_an_engine_loads_no_library() -> None:
    script = (
        "import sys, sepack.toolchain.container, sepack.toolchain.engine as engine\n"
        f"assert not engine.engine_available({{'DOCKER_HOST': {NOWHERE!r}}})[0]\n"
        "assert not {'docker', 'requests'} & set(sys.modules), 'loaded'\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({"SecurityOptions": ["name=seccomp,profile=default"]}, {"user": "7:8"}),
        ({"SecurityOptions": None}, {"user": "7:8"}),
        ({"SecurityOptions": ["name=seccomp,profile=default", "name=rootless"]}, {"user": "0:0"}),
        ({"SecurityOptions": ["name=seccomp,profile=default"], "Rootless": True}, {"user": "0:0"}),
        ({"SecurityOptions": ["name=userns"]}, {"user": "7:8", "userns_mode": "host"}),
    ],
    ids=["rootful", "silent", "rootless docker", "rootless podman", "remapped"],
)
def test_files_belong_to_the_caller(info: dict[str, object], expected: dict[str, str]) -> None:
    assert user_options(info, 7, 8) == expected
