"""What doctor says of a host, its tools and its targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sepack.errors import DeclarationError
from sepack.model.doctor import Check, DoctorReport
from sepack.pipeline.doctor import diagnose
from sepack.settings import Settings
from sepack.targets import HostFacts
from sepack.workspace import Workspace
from tests.unit.answering import DEBIAN, EL8, Answering

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DEBIAN12 = HostFacts(os_id="debian", version="12", package_manager="apt")
ROCKY8 = HostFacts(os_id="rocky", version="8.9", platform="platform:el8", package_manager="dnf")
ENGINE = Check(name="container engine", found=True, version="27.0", detail="unix:///var/run/docker.sock")
NO_ENGINE = Check(name="container engine", found=False, detail="No container engine answers. tried /x tried /y")


def report(
    root: Path,
    *targets: str,
    host: HostFacts = DEBIAN12,
    answers: Mapping[str, tuple[int, bytes]] = DEBIAN,
    engine: Check = NO_ENGINE,
    toolchain: str = "auto",
) -> DoctorReport:
    return diagnose(
        Workspace(root),
        Settings(targets=targets or ("host",), toolchain=toolchain),
        host=host,
        toolchain=Answering(answers, identity="local"),
        engine=lambda: engine,
    )


def test_a_host_that_has_everything(tmp_path: Path) -> None:
    found = report(tmp_path)
    assert all(check.found for check in found.checks)
    assert [check.name for check in found.checks] == [
        "Python",
        "Invoke",
        "m4",
        "checkmodule",
        "semodule_package",
        "sefcontext_compile",
        "policy headers",
    ]
    assert found.checks[3] == Check(
        name="checkmodule",
        found=True,
        version="3.4-1",
        detail="makes module formats 4-21",
        package="checkpolicy",
        serves="every module",
    )
    assert (found.install, found.ready) == ("", True)
    assert (found.targets[0].toolchain, found.targets[0].reason) == ("local", "this host's own tools")


def test_what_is_missing_is_named_with_what_brings_it(tmp_path: Path) -> None:
    found = report(tmp_path, host=ROCKY8, answers=EL8)
    missing = {check.name: (check.package, check.serves, check.version) for check in found.checks if not check.found}
    assert missing == {
        "m4": ("m4", "refpolicy modules", ""),
        "sefcontext_compile": ("libselinux-utils", "checking file contexts", ""),
        "policy headers": ("selinux-policy-devel", "refpolicy modules", ""),
    }
    assert found.install == (
        "sudo dnf -y --setopt=install_weak_deps=False install m4 libselinux-utils selinux-policy-devel"
    )
    assert found.targets[0].lacking == ("m4", "policy headers")
    assert not found.ready


def test_a_host_without_a_known_package_manager_gets_no_command(tmp_path: Path) -> None:
    found = report(tmp_path, host=HostFacts(os_id="void"), answers={})
    assert found.install == ""
    assert [check.package for check in found.checks] == [""] * 7


@pytest.mark.parametrize(
    ("engine", "toolchain", "built_by", "reason", "plain_only"),
    [
        (ENGINE, "auto", "container", "this host is debian12", ""),
        (
            NO_ENGINE,
            "auto",
            "local",
            "this host is debian12, and no container engine answers",
            "this host is debian12, and no container engine answers",
        ),
        (NO_ENGINE, "container", "", "container was asked for, and no container engine answers", ""),
    ],
)
def test_each_target_says_what_would_build_it(
    tmp_path: Path, engine: Check, toolchain: str, built_by: str, reason: str, plain_only: str
) -> None:
    found = report(tmp_path, "el9", engine=engine, toolchain=toolchain)
    (nine,) = found.targets
    assert (nine.toolchain, nine.reason, nine.plain_only) == (built_by, reason, plain_only)
    assert nine.lacking == ()
    assert bool(nine.hint) == (not built_by)
    assert found.ready == bool(built_by)
    assert found.engine == engine


def test_a_container_needs_nothing_of_this_host(tmp_path: Path) -> None:
    found = report(tmp_path, "el9", answers={}, engine=ENGINE)
    assert found.targets[0].lacking == ()
    assert found.ready


def test_plain_modules_for_another_release_need_no_headers(tmp_path: Path) -> None:
    answers = {key: value for key, value in DEBIAN.items() if not key.startswith(("cat", "m4"))}
    assert report(tmp_path, "el9", answers=answers).targets[0].lacking == ()


def test_plain_modules_for_another_release_need_this_host_s_checkmodule(tmp_path: Path) -> None:
    assert report(tmp_path, "el9", answers={}).targets[0].lacking == ("checkmodule", "semodule_package")


def test_a_host_is_shown_with_the_formats_of_its_own_checkmodule(tmp_path: Path) -> None:
    found = report(tmp_path, host=HostFacts(os_id="ubuntu", package_manager="apt"))
    assert str(found.targets[0].target.formats) == "4-21"


def test_a_target_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="there is no target 'el99'"):
        report(tmp_path, "el99")


def test_this_very_host_can_be_looked_at(tmp_path: Path) -> None:
    found = diagnose(Workspace(tmp_path), Settings())
    assert found.engine.name == "container engine"
    assert found.engine.detail
    assert found.targets[0].target.name == "host"
