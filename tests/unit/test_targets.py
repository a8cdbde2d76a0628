"""What each release accepts, and which release a host is."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepack.errors import DeclarationError, ExitCode
from sepack.model.target import FormatRange, Target
from sepack.model.tools import NO_FORMATS
from sepack.targets import (
    POLICY_HEADERS,
    HostFacts,
    load_targets,
    packages,
    read_host,
    release_of,
    settle,
    target,
    target_names,
    versioned_packages,
)
from tests.unit.os_releases import OS_RELEASES

FORMATS = {"el7": "4-19", "el8": "4-19", "el9": "4-20", "el10": "4-22", "fedora": "4-23", "debian12": "4-21"}


def host_root(root: Path, os_release: str, *, selinux: str = "", program: str = "") -> Path:
    (root / "etc/selinux").mkdir(parents=True)
    (root / "etc/os-release").write_text(os_release)
    if selinux:
        (root / "etc/selinux/config").write_text(selinux)
    if program:
        (root / "usr/bin").mkdir(parents=True)
        (root / "usr/bin" / program).touch()
    return root


@pytest.mark.parametrize("system", OS_RELEASES)
def test_a_host_is_recognised_by_its_os_release(tmp_path: Path, system: str) -> None:
    text, release = OS_RELEASES[system]
    assert release_of(read_host(host_root(tmp_path, text))) == release


def test_every_release_says_which_formats_it_reads() -> None:
    assert {name: str(found.formats) for name, found in load_targets().items()} == FORMATS


@pytest.mark.parametrize(
    ("name", "policy_type", "store", "runtime_directory", "dist_tag"),
    [
        ("el7", "targeted", "/etc/selinux/targeted", "/var/run", ".el7"),
        ("el8", "targeted", "/var/lib/selinux/targeted", "/var/run", ".el8"),
        ("el9", "targeted", "/var/lib/selinux/targeted", "/var/run", ".el9"),
        ("el10", "targeted", "/var/lib/selinux/targeted", "/run", ".el10"),
        ("fedora", "targeted", "/var/lib/selinux/targeted", "/run", ".fc43"),
        ("debian12", "default", "/var/lib/selinux/default", "/run", ""),
    ],
)
def test_a_release_has_its_own_conventions(
    name: str, policy_type: str, store: str, runtime_directory: str, dist_tag: str
) -> None:
    found = load_targets()[name]
    assert (found.policy_type, str(found.store), str(found.runtime_directory), found.dist_tag, found.mls) == (
        policy_type,
        store,
        runtime_directory,
        dist_tag,
        True,
    )


def test_a_release_has_an_image_or_another_release_to_build_with() -> None:
    releases = load_targets()
    for found in releases.values():
        assert bool(found.base_image) != bool(found.built_with)
        assert not found.built_with or releases[found.built_with].base_image
        assert re.fullmatch(r"[^.]+(\.\d+[^.]*)*\.", found.note), "one sentence"


def test_every_package_manager_brings_the_same_tools() -> None:
    tools = {"m4", "checkmodule", "semodule_package", "sefcontext_compile", POLICY_HEADERS}
    asking = {"python3", "setools", "audit2why", "sepolgen", "semodule", "base policy"}
    for found in load_targets().values():
        bringing = packages(found.package_manager)
        versioned = set(versioned_packages(found.package_manager))
        assert set(bringing) == tools | asking
        assert {bringing[tool] for tool in tools} < versioned
        assert not versioned & {bringing["setools"], bringing["audit2why"], bringing["base policy"]}
    assert packages("pacman") == {}
    assert versioned_packages("") == ()


def test_a_name_that_is_no_target_is_refused_with_near_ones() -> None:
    with pytest.raises(DeclarationError) as caught:
        target("el-9", HostFacts())
    assert caught.value.exit_code is ExitCode.DECLARATION
    assert str(caught.value) == "there is no target 'el-9'"
    assert caught.value.hint == ("Did you mean el9? The targets are host, el7, el8, el9, el10, fedora, debian12.")


def test_host_is_the_release_it_was_recognised_as_with_its_own_policy_type(tmp_path: Path) -> None:
    root = host_root(tmp_path, OS_RELEASES["debian 12"][0], selinux="# x\nSELINUX=enforcing\nSELINUXTYPE=mls\n")
    found = target("host", read_host(root))
    assert (found.name, found.release, found.title) == ("host", "debian12", "Debian GNU/Linux 12 (bookworm)")
    assert (found.policy_type, found.store) == ("mls", PurePosixPath("/var/lib/selinux/mls"))


def test_a_named_release_does_not_depend_on_the_host() -> None:
    facts = HostFacts(os_id="debian", version="12", policy_type="mls", package_manager="apt")
    assert target("el9", facts) == load_targets()["el9"]


def test_a_policy_type_that_is_no_name_is_not_taken_for_a_directory(tmp_path: Path) -> None:
    root = host_root(tmp_path, OS_RELEASES["rocky 9"][0], selinux="SELINUXTYPE=../../tmp\n")
    assert target("host", read_host(root)).policy_type == "targeted"


def test_a_fedora_host_is_its_own_version() -> None:
    found = target("host", HostFacts(os_id="fedora", version="44"))
    assert (found.dist_tag, found.base_image) == (".fc44", "quay.io/fedora/fedora:44")


@pytest.mark.parametrize(
    ("program", "manager", "policy_type", "like"),
    [
        ("apt-get", "apt", "default", "Debian 12"),
        ("dnf", "dnf", "targeted", "Enterprise Linux 9"),
        ("dnf5", "dnf", "targeted", "Enterprise Linux 9"),
        ("pacman", "", "targeted", "Enterprise Linux 9"),
    ],
)
def test_an_unknown_host_is_like_the_release_that_shares_its_package_manager(
    tmp_path: Path, program: str, manager: str, policy_type: str, like: str
) -> None:
    found = target("host", read_host(host_root(tmp_path, OS_RELEASES["ubuntu"][0], program=program)))
    assert (found.release, found.title) == ("unknown", "Ubuntu 24.04 LTS")
    assert (found.package_manager, found.policy_type) == (manager, policy_type)
    assert (found.base_image, found.built_with, str(found.formats)) == ("", "", "4-19")
    assert f"it is taken to be like {like}" in found.note


def test_a_host_that_says_nothing_is_still_a_target(tmp_path: Path) -> None:
    assert read_host(tmp_path) == HostFacts()
    assert target("host", HostFacts()).title == "this host"


def test_os_release_may_lie_in_usr_lib(tmp_path: Path) -> None:
    (tmp_path / "usr/lib").mkdir(parents=True)
    (tmp_path / "usr/lib/os-release").write_text("ID='rocky'\nVERSION_ID='10.0'\n")
    assert release_of(read_host(tmp_path)) == "el10"


def formats(oldest: int, newest: int) -> FormatRange:
    return FormatRange(oldest=oldest, newest=newest)


@pytest.mark.parametrize(
    ("facts", "made", "settled"),
    [
        (HostFacts(os_id="ubuntu"), formats(4, 22), "4-22"),
        (HostFacts(os_id="ubuntu"), NO_FORMATS, "4-19"),
        (HostFacts(os_id="fedora", version="42"), formats(4, 22), "4-22"),
        (HostFacts(os_id="debian", version="12"), formats(4, 24), "4-21"),
    ],
)
def test_a_host_learns_its_formats_from_its_checkmodule(facts: HostFacts, made: FormatRange, settled: str) -> None:
    assert str(settle(target("host", facts), made).formats) == settled


def test_another_release_learns_nothing_from_the_tools_that_build_for_it() -> None:
    assert settle(load_targets()["el10"], formats(4, 19)) == load_targets()["el10"]


@given(
    st.builds(
        HostFacts,
        os_id=st.sampled_from(["debian", "centos", "fedora", "rhel", "void", ""]),
        version=st.from_regex(r"\A(\d{1,2}(\.\d)?)?\Z"),
        platform=st.sampled_from(["", "platform:el8", "platform:f44"]),
        policy_type=st.sampled_from(["", "mls", "targeted"]),
        package_manager=st.sampled_from(["", "apt", "dnf"]),
    )
)
def test_any_host_is_a_target_whose_store_is_its_policy_type_s(facts: HostFacts) -> None:
    found: Target = target("host", facts)
    assert found.name == "host"
    assert found.release in {*target_names(), "unknown"}
    assert found.store.name == found.policy_type
    assert 19 in found.formats
