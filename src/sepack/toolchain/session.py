"""One running container: its confinement, the conversation with the runner inside, and its end."""

from __future__ import annotations

import json
import os
import secrets
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sepack.toolchain.engine import engine_errors, engine_info, explain, user_options
from sepack.toolchain.errors import ContainerStartError, WorkspaceReadOnlyError, WorkspaceUnseenError
from sepack.toolchain.frames import STDERR, Frames

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from docker import APIClient
    from docker.types import HostConfig

WORKSPACE = "/workspace"
LABEL = "sepack"
CHUNK = 1 << 18
STDERR_KEPT = 4000


class Session:
    """Starts with its construction, which removes what it made where it fails; `end` ends it at any moment.

    Raises ContainerStartError, WorkspaceUnseenError, WorkspaceReadOnlyError or EngineError.
    """

    def __init__(self, client: APIClient, image: str, root: Path, owner: tuple[int, int]) -> None:
        self._client = client
        self._image = image
        self._root = root
        self._user = user_options(engine_info(client), *owner)
        # A name of our own: what an interrupt leaves behind can be removed without having read its id.
        self._name = f"sepack-{secrets.token_hex(6)}"
        self._stderr = b""
        self._greeted = False
        self._anything_there = any(root.iterdir())  # before the runner looks, so that both see the same
        self._attached: Any = None
        try:
            self._create()
            self._attach()
            self._launch()
        except BaseException:
            self.end()
            raise
        self._answers = self._read()

    def ask(self, request: Mapping[str, object]) -> Iterator[dict[str, Any]]:
        """Send a request; give the runner's answers until the container ends. How many to take is the caller's."""
        if not self._greeted:
            self._greet()
        with suppress(OSError):  # a container that has ended shows as answers that do not come
            self._socket.sendall(json.dumps(request).encode("ascii") + b"\n")
        return self._answers

    def ending(self) -> str:
        """Why it ended, as far as the engine still knows."""
        from docker.errors import DockerException

        with suppress(DockerException, OSError):
            state = self._client.inspect_container(self._name)["State"]
            return "it ran out of memory" if state.get("OOMKilled") else f"exit code {state.get('ExitCode')}"
        return "it was killed or removed"

    def last_words(self) -> list[str]:
        return self._stderr.decode("utf-8", "replace").splitlines()

    def end(self) -> None:
        """End everything that runs in it, and remove it."""
        if self._attached is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._attached.close()
            self._socket.close()
        self._remove()

    def _create(self) -> None:
        runner = Path(__file__).with_name("runner.py").read_text(encoding="ascii")
        with engine_errors("to create a container"):
            self._client.create_container(
                self._image,
                name=self._name,
                user=self._user["user"],
                entrypoint=["python3", "-I", "-S", "-c", runner],
                command=[WORKSPACE],
                environment={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
                hostname="sepack",
                working_dir="/",
                labels={LABEL: "toolchain", f"{LABEL}.client": str(os.getpid())},
                stdin_open=True,
                host_config=confinement(self._client, self._root, self._user.get("userns_mode")),
            )

    def _attach(self) -> None:
        """Before the start, so that nothing said is missed; the engine closes the input when this connection ends."""
        with engine_errors("to attach to a container"):
            wanted = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
            # The object holds the HTTP response, whose end would close the socket.
            self._attached = self._client.attach_socket(self._name, params=wanted)
        self._socket: socket.socket = getattr(self._attached, "_sock", self._attached)
        self._socket.settimeout(None)

    def _launch(self) -> None:
        from docker.errors import APIError

        with engine_errors("to start a container"):
            try:
                self._client.start(self._name)
            except APIError as error:
                raise ContainerStartError(self._image, explain(error)) from error

    def _greet(self) -> None:
        """Hear the runner's first words, which tell whether it can work where it is."""
        words = next(self._answers, None)
        if words is None:
            raise ContainerStartError(self._image, "\n".join([self.ending(), *self.last_words()]))
        if self._anything_there and words["names"] == 0:
            raise WorkspaceUnseenError(str(self._root))
        if not words["writable"]:
            raise WorkspaceReadOnlyError(str(self._root), self._user["user"])
        self._greeted = True

    def _read(self) -> Iterator[dict[str, Any]]:
        frames = Frames()
        line: list[bytes] = []
        while data := self._receive():
            for stream, part in frames.feed(data):
                if stream == STDERR:
                    self._stderr = (self._stderr + part)[-STDERR_KEPT:]
                    continue
                *ends, rest = part.split(b"\n")
                for end in ends:
                    yield json.loads(b"".join([*line, end]))
                    line.clear()
                line.append(rest)

    def _receive(self) -> bytes:
        try:
            return self._socket.recv(CHUNK)
        except OSError:
            return b""

    def _remove(self) -> None:
        from docker.errors import DockerException

        # Gone already, or going: the engine removes a container whose runner has ended.
        with suppress(DockerException, OSError):
            self._client.remove_container(self._name, force=True, v=True)


def confinement(client: APIClient, root: Path, userns_mode: str | None) -> HostConfig:
    """The workspace, a scratch /tmp, and nothing else: no network, no capability, no way to gain one."""
    from docker.types import LogConfig

    return client.create_host_config(
        auto_remove=True,
        binds=[f"{root}:{WORKSPACE}:rw,z"],
        cap_drop=["ALL"],
        log_config=LogConfig(type="none"),
        network_mode="none",
        pids_limit=max(512, 32 * (os.cpu_count() or 1)),
        read_only=True,
        security_opt=["no-new-privileges"],
        tmpfs={"/tmp": "rw,nosuid,nodev,mode=1777"},  # noqa: S108 - the container's own
        userns_mode=userns_mode,
    )
