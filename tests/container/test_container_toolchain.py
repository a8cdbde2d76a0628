from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from sepack.toolchain.errors import (
    BaseImageError,
    ContainerLostError,
    ContainerStartError,
    ImageBuildError,
    NoEngineError,
    WorkspaceReadOnlyError,
    WorkspaceUnseenError,
)
from tests.container.conftest import DOCKERFILE
from tests.container.keeper import HIDDEN
from tests.contract.toolchain_contract import RealToolchainContract, command, only

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import APIClient

    from sepack.model.toolchain import Toolchain
    from tests.container.conftest import OpenContainer

pytestmark = pytest.mark.root


def containers(client: APIClient, caller: int | None = None) -> list[str]:
    """Those of this process, or of another caller."""
    label = f"sepack.client={caller or os.getpid()}"
    return [found["Id"] for found in client.containers(all=True, filters={"label": label})]


def gone(client: APIClient, seconds: float = 1, caller: int | None = None) -> bool:
    end = time.monotonic() + seconds
    while (left := containers(client, caller)) and time.monotonic() < end:
        time.sleep(0.05)
    return not left


class TestContainerToolchain(RealToolchainContract):
    @pytest.fixture
    def toolchain(self, root: Path, open_container: OpenContainer) -> Iterator[Toolchain]:
        with open_container(root) as toolchain:
            yield toolchain

    def test_its_identity_is_the_images_name(self, toolchain: Toolchain, client: APIClient) -> None:
        assert toolchain.identity.startswith("sepack-toolchain:debian12-")
        assert client.images(toolchain.identity)

    def test_it_holds_the_compile_tools_and_the_headers(self, toolchain: Toolchain) -> None:
        asked = ["checkmodule -V", "m4 --version", "command -v semodule_package sefcontext_compile find"]
        for script in [*asked, "test -f /usr/share/selinux/devel/include/support/loadable_module.spt"]:
            done = self.run_shell(toolchain, script)
            assert done.ok, (script, done.stderr)


class TestConfinement:
    @pytest.fixture
    def toolchain(self, tmp_path: Path, open_container: OpenContainer) -> Iterator[Toolchain]:
        with open_container(tmp_path) as toolchain:
            yield toolchain

    def said(self, toolchain: Toolchain, script: str) -> str:
        done = only(toolchain, command("sh", "-c", script)).last
        return (done.stdout + done.stderr).decode().strip()

    def test_there_is_no_network(self, toolchain: Toolchain) -> None:
        assert self.said(toolchain, "ls /sys/class/net") == "lo"

    def test_there_are_no_capabilities_and_no_way_to_gain_any(self, toolchain: Toolchain) -> None:
        status = dict(line.split(":\t", 1) for line in self.said(toolchain, "cat /proc/self/status").splitlines())
        for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(status[kind], 16) == 0
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")

    def test_nothing_but_the_workspace_and_tmp_can_be_written_to(self, toolchain: Toolchain) -> None:
        for place in ("/", "/usr", "/etc", "/root", "/var"):
            assert "Read-only file system" in self.said(toolchain, f"touch {place}/x")
        assert self.said(toolchain, "touch /tmp/x here && ls") == "here"

    def test_it_shows_nothing_else_of_this_machine(self, toolchain: Toolchain, tmp_path: Path) -> None:
        assert self.said(toolchain, "pwd") == "/workspace"
        assert self.said(toolchain, f"ls {tmp_path}").endswith("No such file or directory")
        assert self.said(toolchain, "ps -e 2>/dev/null | wc -l; ls -d /proc/[0-9]* | wc -l").splitlines()[-1] in "3456"


def test_files_belong_to_an_unprivileged_caller(tmp_path: Path, open_container: OpenContainer) -> None:
    os.chown(tmp_path, 4321, 4322)
    with open_container(tmp_path, user=(4321, 4322)) as toolchain:
        done = only(toolchain, command("id", stdout="id"))
    assert done.ok
    assert (tmp_path / "id").read_text().startswith("uid=4321 gid=4322 groups=4322")
    status = (tmp_path / "id").stat()
    assert (status.st_uid, status.st_gid) == (4321, 4322)


def test_a_workspace_of_somebody_elses_is_refused(tmp_path: Path, open_container: OpenContainer) -> None:
    with (
        open_container(tmp_path, user=(4321, 4322)) as toolchain,
        pytest.raises(WorkspaceReadOnlyError, match=f"user 4321:4322 may not write to {tmp_path}"),
    ):
        only(toolchain, command("true"))


def test_a_workspace_that_the_engine_does_not_see_is_refused(
    engine_directory: Path, open_container: OpenContainer
) -> None:
    hidden = engine_directory / HIDDEN
    (hidden / "invoke.yaml").touch()
    with open_container(hidden) as toolchain, pytest.raises(WorkspaceUnseenError, match=f"does not see {hidden}"):
        only(toolchain, command("true"))


class TestEnding:
    def test_leaving_it_removes_the_container(
        self, tmp_path: Path, open_container: OpenContainer, client: APIClient
    ) -> None:
        with open_container(tmp_path):
            assert len(containers(client)) == 1
        assert gone(client)

    def test_so_does_an_exception(self, tmp_path: Path, open_container: OpenContainer, client: APIClient) -> None:
        with pytest.raises(ZeroDivisionError), open_container(tmp_path) as toolchain:
            only(toolchain, command("true")).index / 0
        assert gone(client)

    def test_so_does_a_start_that_fails(self, tmp_path: Path, open_container: OpenContainer, client: APIClient) -> None:
        (tmp_path / "Dockerfile").write_text("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n")
        with (
            pytest.raises(
                ContainerStartError, match=r"A container of sepack-toolchain:bare-.* does not start"
            ) as caught,
            open_container(tmp_path, dockerfile=tmp_path / "Dockerfile", target="bare"),
        ):
            pass
        assert any("python3" in line for line in caught.value.details)
        assert gone(client)

    def test_one_container_serves_many_batches(
        self, tmp_path: Path, open_container: OpenContainer, client: APIClient
    ) -> None:
        with open_container(tmp_path) as toolchain:
            before = containers(client)
            for _ in range(3):
                assert only(toolchain, command("true"), command("true")).ok
            assert containers(client) == before

    def test_a_container_that_is_killed_is_an_error_that_says_so_and_the_next_batch_has_a_new_one(
        self, tmp_path: Path, open_container: OpenContainer, client: APIClient
    ) -> None:
        with open_container(tmp_path) as toolchain:
            batch = toolchain.run([[command("true")], [command("sleep", "60")], [command("sleep", "60")]])
            next(batch)
            client.kill(containers(client)[0])
            with pytest.raises(ContainerLostError, match="with 2 of its chains of commands unfinished"):
                next(batch)
            assert only(toolchain, command("true")).ok
        assert gone(client)


CLIENT = """
import signal, sys
from pathlib import Path
from sepack.model.command import Command
from sepack.toolchain.container import ContainerToolchain
root, base, dockerfile, host = sys.argv[1:]
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a background job ignores
with ContainerToolchain(
    Path(root), target="debian12", base_image=base, dockerfile=Path(dockerfile), environ={"DOCKER_HOST": host}
) as toolchain:
    for outcome in toolchain.run([[Command(argv=("true",))], [Command(argv=("sleep", "300"))]]):
        print("running", flush=True)
"""


@pytest.mark.usefixtures("open_container")  # for the image
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_the_container_ends_with_its_caller(
    number: signal.Signals,
    tmp_path: Path,
    engine_environment: dict[str, str],
    base_image: str,
    client: APIClient,
) -> None:
    argv = [sys.executable, "-c", CLIENT, str(tmp_path), base_image, str(DOCKERFILE), engine_environment["DOCKER_HOST"]]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as caller:
        assert caller.stdout
        assert caller.stdout.readline() == b"running\n"
        assert len(containers(client, caller.pid)) == 1
        caller.send_signal(number)
        try:
            caller.wait(timeout=10)
        finally:
            caller.kill()
    assert gone(client, 5, caller.pid)


def test_a_second_batch_beside_the_first_is_refused(tmp_path: Path, open_container: OpenContainer) -> None:
    with open_container(tmp_path) as toolchain:
        first = toolchain.run([[command("true")], [command("true")]])
        next(first)
        with pytest.raises(RuntimeError, match="one batch at a time"):
            only(toolchain, command("true"))
        assert next(first).ok


class TestImage:
    def test_it_is_built_on_first_use_with_a_line_that_says_so(
        self, tmp_path: Path, open_container: OpenContainer, base_image: str
    ) -> None:
        said: list[str] = []
        (tmp_path / "Dockerfile").write_text(f"ARG BASE_IMAGE\nFROM ${{BASE_IMAGE}}\nLABEL made={time.time_ns()}\n")
        for _ in range(2):
            toolchain = open_container(tmp_path, dockerfile=tmp_path / "Dockerfile", target="first", say=said.append)
            with pytest.raises(ContainerStartError), toolchain:
                pass
        assert said[0].startswith(f"Building the toolchain image {toolchain.identity} from {base_image} (first use")
        assert said[1].startswith(f"Built {toolchain.identity} in ")
        assert len(said) == 2

    def test_a_step_that_fails_shows_what_it_said(self, tmp_path: Path, open_container: OpenContainer) -> None:
        (tmp_path / "Dockerfile").write_text(
            "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nRUN echo no mirror today >&2; exit 9\n"
        )
        with pytest.raises(ImageBuildError) as caught, open_container(tmp_path, dockerfile=tmp_path / "Dockerfile"):
            pass
        assert "no mirror today" in caught.value.details
        assert any("returned a non-zero code: 9" in line for line in caught.value.details)

    def test_a_base_that_is_not_to_be_had_is_said_to_be_that(
        self, tmp_path: Path, open_container: OpenContainer
    ) -> None:
        with pytest.raises(BaseImageError), open_container(tmp_path, base_image="localhost:9/no/such:image"):
            pass

    def test_a_base_without_a_package_manager_is_told_so(
        self, tmp_path: Path, open_container: OpenContainer, client: APIClient, base_image: str
    ) -> None:
        text = f"FROM {base_image}\nRUN rm /usr/bin/apt-get\n".encode()
        assert list(client.build(fileobj=io.BytesIO(text), tag="sepack-tests/bare:1", rm=True))
        with pytest.raises(ImageBuildError) as caught, open_container(tmp_path, base_image="sepack-tests/bare:1"):
            pass
        assert "The base image has neither dnf nor apt-get." in caught.value.details


def test_without_an_engine_the_error_says_how_to_get_one(tmp_path: Path, open_container: OpenContainer) -> None:
    toolchain = open_container(tmp_path, environ={"DOCKER_HOST": f"unix://{tmp_path}/none.sock"})
    assert toolchain.identity.startswith("sepack-toolchain:debian12-")
    with pytest.raises(NoEngineError) as caught, toolchain:
        pass
    assert caught.value.details == (f"tried {tmp_path}/none.sock",)
    assert "podman.socket" in caught.value.hint
