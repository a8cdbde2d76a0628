"""Every case of which toolchain builds for a target, and what each refusal says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepack.errors import ExitCode
from sepack.model.command import Command, Outcome
from sepack.pipeline.toolchains import (
    PLAIN_TOOLS,
    REFPOLICY_TOOLS,
    Choice,
    ImageLacksToolsError,
    Kind,
    NoToolchainError,
    choose,
    equip,
    open_toolchain,
)
from sepack.settings import Settings
from sepack.targets import HostFacts, load_targets, target
from sepack.toolchain.install import MissingToolsError
from sepack.toolchain.local import LocalToolchain
from sepack.workspace import Workspace
from tests.unit.answering import DEBIAN, Answering

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sepack.model.target import Target

DEBIAN12 = HostFacts(os_id="debian", version="12", package_manager="apt")
UBUNTU = HostFacts(os_id="ubuntu", version="24.04", package_manager="apt")
ROCKY9 = HostFacts(os_id="rocky", version="9.4", platform="platform:el9", package_manager="dnf")
SILENT = "No container engine answers. tried /var/run/docker.sock tried /run/podman/podman.sock"
STREAM9 = "quay.io/centos/centos:stream9"


def there() -> tuple[bool, str]:
    return True, "unix:///var/run/docker.sock"


def silent() -> tuple[bool, str]:
    return False, SILENT


def unasked() -> tuple[bool, str]:
    raise AssertionError("the engine was asked where it does not matter")


def local(reason: str, foreign: str = "") -> Choice:
    return Choice(kind=Kind.LOCAL, reason=reason, foreign_headers=foreign)


def container(reason: str, release: str, image: str, foreign: str = "") -> Choice:
    return Choice(kind=Kind.CONTAINER, reason=reason, image_release=release, base_image=image, foreign_headers=foreign)


FROM_DEBIAN = "this host is debian12, and no container engine answers"
ASKED_LOCAL = "local was asked for, and this host is debian12"
NO_EL7 = "there is no image of Enterprise Linux 7"
SERVES = "the image of Enterprise Linux 9 serves for Enterprise Linux 7"
FOR_EL7 = f"this host is debian12, and {SERVES}"
ASKED_EL7 = f"container was asked for, and {SERVES}"

CASES = [
    # auto, on the release itself
    ("host", DEBIAN12, "auto", unasked, local("this host's own tools")),
    ("host", UBUNTU, "auto", unasked, local("this host's own tools")),
    ("debian12", DEBIAN12, "auto", unasked, local("this host is Debian 12")),
    ("el9", ROCKY9, "auto", unasked, local("this host is Enterprise Linux 9")),
    # auto, for another release, with an engine
    ("el9", DEBIAN12, "auto", there, container("this host is debian12", "el9", STREAM9)),
    ("debian12", ROCKY9, "auto", there, container("this host is el9", "debian12", "docker.io/library/debian:12-slim")),
    ("el9", UBUNTU, "auto", there, container("this host is another release", "el9", STREAM9)),
    ("el7", DEBIAN12, "auto", there, container(FOR_EL7, "el9", STREAM9, NO_EL7)),
    # auto, for another release, without an engine
    ("el9", DEBIAN12, "auto", silent, local(FROM_DEBIAN, FROM_DEBIAN)),
    ("el7", DEBIAN12, "auto", silent, local(FROM_DEBIAN, FROM_DEBIAN)),
    # local
    ("host", DEBIAN12, "local", unasked, local("local was asked for")),
    ("debian12", DEBIAN12, "local", unasked, local("local was asked for")),
    ("el9", DEBIAN12, "local", unasked, local(ASKED_LOCAL, ASKED_LOCAL)),
    # container
    ("host", ROCKY9, "container", there, container("container was asked for", "el9", STREAM9)),
    ("el9", ROCKY9, "container", there, container("container was asked for", "el9", STREAM9)),
    (
        "el10",
        DEBIAN12,
        "container",
        there,
        container("container was asked for", "el10", "quay.io/centos/centos:stream10"),
    ),
    ("el7", DEBIAN12, "container", there, container(ASKED_EL7, "el9", STREAM9, NO_EL7)),
]


def case(name: str, host: HostFacts) -> tuple[Target, str]:
    return target(name, host), target("host", host).release


@pytest.mark.parametrize(("name", "host", "requested", "engine", "choice"), CASES)
def test_the_choice(
    name: str, host: HostFacts, requested: str, engine: Callable[[], tuple[bool, str]], choice: Choice
) -> None:
    wanted, release = case(name, host)
    assert choose(wanted, release, requested, engine) == choice
    if not choice.foreign_headers:
        assert choose(wanted, release, requested, engine, needs_headers=True) == choice


@pytest.mark.parametrize(
    ("name", "host", "requested", "engine", "sentence", "hint"),
    [
        (
            "el9",
            DEBIAN12,
            "auto",
            silent,
            f"el9 (Enterprise Linux 9) cannot be built for: refpolicy modules need its own headers, and {FROM_DEBIAN}",
            "Start a container engine (Docker, or Podman's socket), or build on a host of that release.",
        ),
        (
            "el9",
            DEBIAN12,
            "local",
            unasked,
            f"el9 (Enterprise Linux 9) cannot be built for: refpolicy modules need its own headers, and {ASKED_LOCAL}",
            "Start a container engine (Docker, or Podman's socket), or build on a host of that release.",
        ),
        (
            "el7",
            DEBIAN12,
            "auto",
            there,
            f"el7 (Enterprise Linux 7) cannot be built for: refpolicy modules need its own headers, and {NO_EL7}",
            "Build on a host of that release, or write the module in the plain dialect.",
        ),
        (
            "el7",
            DEBIAN12,
            "auto",
            silent,
            f"el7 (Enterprise Linux 7) cannot be built for: refpolicy modules need its own headers, and {FROM_DEBIAN}",
            "Build on a host of that release, or write the module in the plain dialect.",
        ),
    ],
)
def test_refpolicy_without_its_own_headers_is_refused(
    name: str, host: HostFacts, requested: str, engine: Callable[[], tuple[bool, str]], sentence: str, hint: str
) -> None:
    with pytest.raises(NoToolchainError) as caught:
        choose(*case(name, host), requested, engine, needs_headers=True)
    assert (str(caught.value), caught.value.hint) == (sentence, hint)
    assert caught.value.exit_code is ExitCode.TOOL_MISSING


@pytest.mark.parametrize(
    ("name", "host", "engine", "sentence", "hint"),
    [
        (
            "el9",
            DEBIAN12,
            silent,
            "el9 (Enterprise Linux 9) cannot be built for: container was asked for, and no container engine answers",
            "Start a container engine (Docker, or Podman's socket), or build on a host of that release.",
        ),
        (
            "host",
            UBUNTU,
            unasked,
            "host (this host) cannot be built for: container was asked for, and sepack knows no image of it",
            "Build on a host of that release.",
        ),
    ],
)
def test_a_container_that_is_not_to_be_had_is_refused(
    name: str, host: HostFacts, engine: Callable[[], tuple[bool, str]], sentence: str, hint: str
) -> None:
    with pytest.raises(NoToolchainError) as caught:
        choose(*case(name, host), "container", engine)
    assert (str(caught.value), caught.value.hint) == (sentence, hint)


@given(
    name=st.sampled_from(["host", *load_targets()]),
    host=st.sampled_from([DEBIAN12, UBUNTU, ROCKY9, HostFacts()]),
    requested=st.sampled_from(["auto", "local", "container"]),
    engine=st.booleans(),
)
def test_only_a_release_s_own_headers_expand_its_modules(
    name: str, host: HostFacts, requested: str, engine: bool
) -> None:
    wanted, release = case(name, host)
    try:
        choice = choose(wanted, release, requested, there if engine else silent)
    except NoToolchainError:
        assert requested == "container"
        return
    runs_on = choice.image_release if choice.kind is Kind.CONTAINER else release
    assert (runs_on == wanted.release) != bool(choice.foreign_headers)
    assert bool(choice.base_image) == (choice.kind is Kind.CONTAINER)
    assert requested in ("auto", choice.kind)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def test_local_is_opened_for_the_workspace(workspace: Workspace) -> None:
    opened = open_toolchain(local("x"), workspace, Settings(), print)
    assert isinstance(opened, LocalToolchain)


def test_a_container_is_named_by_what_makes_its_image(workspace: Workspace) -> None:
    (workspace / "Dockerfile").write_text("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n")
    nine = open_toolchain(container("x", "el9", STREAM9), workspace, Settings(), print)
    ten = open_toolchain(container("x", "el10", "quay.io/centos/centos:stream10"), workspace, Settings(), print)
    assert (nine.name, ten.name) == ("container", "container")
    assert "el9" in nine.identity
    assert nine.identity != ten.identity
    (workspace / "Dockerfile").write_text("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nRUN true\n")
    changed = open_toolchain(container("x", "el9", STREAM9), workspace, Settings(), print)
    assert changed.identity != nine.identity


def without(*names: str) -> dict[str, tuple[int, bytes]]:
    return {key: value for key, value in DEBIAN.items() if not key.startswith(names)}


def test_a_toolchain_that_holds_all_is_left_alone(workspace: Workspace) -> None:
    said: list[str] = []
    toolchain = Answering(DEBIAN, identity="local")
    tools = equip(toolchain, workspace, DEBIAN12, REFPOLICY_TOOLS, allowed=False, say=said.append)
    assert tools.missing == ()
    assert said == []


def test_a_plain_module_needs_no_m4_and_no_headers(workspace: Workspace) -> None:
    toolchain = Answering(without("m4", "cat", "sefcontext_compile"), identity="local")
    tools = equip(toolchain, workspace, DEBIAN12, PLAIN_TOOLS, allowed=False, say=print)
    assert tools.missing == ("m4", "sefcontext_compile", "policy headers")


def test_what_this_host_lacks_is_installed_and_looked_for_again(workspace: Workspace) -> None:
    toolchain = Answering(without("m4", "checkmodule", "sefcontext_compile"), identity="local")
    said: list[str] = []

    def execute(command: Command) -> Outcome:
        if "install" in command.argv:
            assert {"m4", "checkpolicy", "selinux-utils"} <= set(command.argv)
            toolchain.answers = DEBIAN
        return Outcome(command=command, exit_code=0, stdout=b"", stderr=b"", seconds=0)

    tools = equip(toolchain, workspace, DEBIAN12, REFPOLICY_TOOLS, allowed=True, say=said.append, execute=execute)
    assert tools.missing == ()
    assert "Installing m4 checkpolicy selinux-utils for m4, checkmodule, sefcontext_compile" in said


def test_packages_that_do_not_bring_the_tools_are_no_help(workspace: Workspace) -> None:
    def execute(command: Command) -> Outcome:
        return Outcome(command=command, exit_code=0, stdout=b"", stderr=b"", seconds=0)

    toolchain = Answering({}, identity="local")
    with pytest.raises(MissingToolsError, match="installing their packages did not help"):
        equip(toolchain, workspace, DEBIAN12, PLAIN_TOOLS, allowed=True, say=print, execute=execute)


def test_install_never_names_tool_package_and_command(workspace: Workspace) -> None:
    with pytest.raises(MissingToolsError) as caught:
        equip(Answering({}, identity="local"), workspace, ROCKY9, ("checkmodule",), allowed=False, say=print)
    assert caught.value.details[0] == "checkmodule comes with the package checkpolicy"
    assert caught.value.hint.startswith("Type: sudo dnf -y --setopt=install_weak_deps=False install checkpolicy")


def test_nothing_is_installed_into_an_image(workspace: Workspace) -> None:
    with pytest.raises(ImageLacksToolsError) as caught:
        equip(Answering({}, identity="image-1"), workspace, DEBIAN12, PLAIN_TOOLS, allowed=True, say=print)
    assert str(caught.value) == "checkmodule, semodule_package are missing in image-1"
    assert caught.value.hint == "The Dockerfile's package step says what is in there: add what brings them."
    assert caught.value.exit_code is ExitCode.TOOL_MISSING


def test_the_title_of_a_host_is_its_own() -> None:
    facts = replace(UBUNTU, title="Ubuntu 24.04 LTS")
    with pytest.raises(NoToolchainError, match=r"Ubuntu 24\.04 LTS"):
        choose(*case("host", facts), "container", silent)
