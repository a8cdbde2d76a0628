"""What can go wrong with a place that runs commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.errors import ExitCode, SepackError

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_LINE = 200
USE_LOCAL = "Or build with this host's own tools: --toolchain local."


class ToolchainError(SepackError):
    """The place itself failed: no engine, an image that does not build, a container that went away."""

    exit_code = ExitCode.TOOL_MISSING


class NoEngineError(ToolchainError):
    def __init__(self, tried: Sequence[str]) -> None:
        super().__init__(
            "No container engine answers.",
            details=[f"tried {place}" for place in tried],
            hint=(
                "Install and start Docker (docker.io or docker-ce), or Podman's socket "
                f"(systemctl --user enable --now podman.socket), or set DOCKER_HOST. {USE_LOCAL}"
            ),
        )


class EngineDeniedError(ToolchainError):
    def __init__(self, place: str) -> None:
        super().__init__(
            f"The container engine at {place} does not let this user in.",
            hint=(
                "Become a member of the socket's group (usermod -aG docker USER, then log in again), or use an engine "
                f"of your own: systemctl --user enable --now podman.socket. {USE_LOCAL}"
            ),
        )


class EngineError(ToolchainError):
    def __init__(self, doing: str, explanation: str) -> None:
        super().__init__(
            f"The container engine failed {doing}.",
            details=explanation.splitlines(),
            hint=f"Look at the engine's own log, and whether `docker info` answers. {USE_LOCAL}",
        )


class BaseImageError(ToolchainError):
    def __init__(self, base_image: str, explanation: str) -> None:
        super().__init__(
            f"The base image {base_image} is not to be had.",
            details=explanation.splitlines(),
            hint="Is its name right, and does the engine reach its registry? `docker pull` says more.",
        )


class ImageBuildError(ToolchainError):
    def __init__(self, image: str, output: Sequence[str], explanation: str, network: str) -> None:
        hint = "The lines above are the last ones of the Dockerfile's own output."
        if network != "host":
            hint += " If it could not reach the package mirrors, set sepack.build_network to host and try again."
        lines = [shorten(line) for line in (*output, *explanation.splitlines())]
        super().__init__(f"The toolchain image {image} does not build.", details=lines, hint=hint)


def shorten(line: str) -> str:
    """An engine repeats a whole RUN instruction in one line."""
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]} …"


class DockerfileUnreadableError(ToolchainError):
    def __init__(self, path: str, explanation: str) -> None:
        super().__init__(f"The toolchain's {path} cannot be read: {explanation}.")


class ContainerStartError(ToolchainError):
    def __init__(self, image: str, explanation: str) -> None:
        super().__init__(
            f"A container of {image} does not start.",
            details=explanation.splitlines(),
            hint=f"An image needs python3 on its path. To have it built anew: docker rmi {image}.",
        )


class WorkspaceUnseenError(ToolchainError):
    def __init__(self, root: str) -> None:
        super().__init__(
            f"The container engine does not see {root}.",
            details=["The directory is empty inside the container."],
            hint=f"An engine on another machine cannot build in a directory of this one. {USE_LOCAL}",
        )


class WorkspaceReadOnlyError(ToolchainError):
    def __init__(self, root: str, user: str) -> None:
        super().__init__(
            f"Inside the container, user {user} may not write to {root}.",
            hint="Does the directory belong to you, and is its file system writable?",
        )


class ContainerLostError(ToolchainError):
    def __init__(self, image: str, unfinished: int, ending: str, stderr: Sequence[str]) -> None:
        super().__init__(
            f"The container of {image} ended with {unfinished} of its chains of commands unfinished ({ending}).",
            details=stderr,
            hint="Run the same again; nothing half-written is kept. If it was short of memory, give the engine more.",
        )
