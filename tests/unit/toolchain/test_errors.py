from __future__ import annotations

import pytest

from sepack.errors import ExitCode
from sepack.toolchain import errors

LOST = errors.ContainerLostError("i:1", 3, "exit code 137", ["Traceback"])


@pytest.mark.parametrize(
    ("error", "brief", "hint"),
    [
        (errors.NoEngineError(["/x"]), "No container engine answers.", "podman.socket"),
        (errors.NoEngineError(["/x"]), "No container engine answers.", "set DOCKER_HOST"),
        (errors.EngineDeniedError("/x"), "The container engine at /x does not let this user in.", "usermod -aG docker"),
        (errors.EngineError("to answer", "no"), "The container engine failed to answer.", "docker info"),
        (errors.BaseImageError("b:1", "no"), "The base image b:1 is not to be had.", "registry"),
        (
            errors.ImageBuildError("i:1", [], "no", "default"),
            "The toolchain image i:1 does not build.",
            "build_network",
        ),
        (errors.ContainerStartError("i:1", "no"), "A container of i:1 does not start.", "docker rmi i:1"),
        (errors.WorkspaceUnseenError("/w"), "The container engine does not see /w.", "another machine"),
        (
            errors.WorkspaceReadOnlyError("/w", "7:8"),
            "Inside the container, user 7:8 may not write to /w.",
            "belong to you",
        ),
        (
            LOST,
            "The container of i:1 ended with 3 of its chains of commands unfinished (exit code 137).",
            "Run the same again",
        ),
    ],
)
def test_what_happened_and_what_to_do(error: errors.ToolchainError, brief: str, hint: str) -> None:
    assert error.brief == brief
    assert hint in error.hint
    assert error.exit_code == ExitCode.TOOL_MISSING


def test_no_build_network_is_advised_where_it_is_set() -> None:
    assert "build_network" not in errors.ImageBuildError("i:1", [], "no", "host").hint


def test_the_runners_last_words_are_kept() -> None:
    assert LOST.details == ("Traceback",)
