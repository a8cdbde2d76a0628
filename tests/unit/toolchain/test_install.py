"""What is installed, through whom, and what is said where it is not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from sepack.errors import ExitCode, ToolMissingError
from sepack.model.command import Command, Outcome
from sepack.toolchain.errors import ToolchainError
from sepack.toolchain.install import InstallError, MissingToolsError, has_lists, install, missing_packages, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PLAIN = ("checkmodule", "semodule_package")
APT = "apt-get -o DPkg::Lock::Timeout=120 -q -y --no-install-recommends install checkpolicy semodule-utils"
DNF = "dnf -y --setopt=install_weak_deps=False install checkpolicy policycoreutils"


class Host:
    """Records what is run; commands that hold one of the words in `failing` end with code 100, once each."""

    def __init__(self, *failing: str) -> None:
        self.failing = list(failing)
        self.ran: list[str] = []
        self.said: list[str] = []

    def execute(self, command: Command) -> Outcome:
        self.ran.append(str(command))
        fault = next((word for word in self.failing if word in command.argv), None)
        if fault:
            self.failing.remove(fault)
        said = b"Reading...\n\nE: Unable to locate package checkpolicy\n" if fault else b""
        return Outcome(command=command, exit_code=100 if fault else 0, stdout=said, stderr=b"", seconds=0)

    def install(
        self,
        lists: Path,
        manager: str = "apt",
        *,
        tools: Sequence[str] = PLAIN,
        allowed: bool = True,
        root: bool = True,
    ) -> None:
        install(tools, manager, allowed=allowed, say=self.said.append, execute=self.execute, root=root, lists=lists)


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    (tmp_path / "mirror_dists_bookworm_main_binary-amd64_Packages.lz4").touch()
    return tmp_path


def test_only_the_packages_that_are_needed() -> None:
    assert missing_packages(PLAIN, "apt") == ("checkpolicy", "semodule-utils")
    assert missing_packages(("policy headers", "m4"), "dnf") == ("selinux-policy-devel", "m4")
    assert missing_packages(("policy headers", "emacs"), "apt") == ("selinux-policy-dev",)


def test_root_installs_through_apt(lists: Path) -> None:
    host = Host()
    host.install(lists)
    assert host.ran == [f"DEBIAN_FRONTEND=noninteractive {APT}"]
    assert host.said == [
        "Installing checkpolicy semodule-utils for checkmodule, semodule_package",
        f"$ DEBIAN_FRONTEND=noninteractive {APT}",
    ]


def test_root_installs_through_dnf(tmp_path: Path) -> None:
    host = Host()
    host.install(tmp_path, "dnf")
    assert host.ran == [DNF]


def test_others_install_through_sudo_without_a_password(lists: Path) -> None:
    host = Host()
    host.install(lists, root=False)
    assert host.ran == ["sudo -n true", f"sudo -n env DEBIAN_FRONTEND=noninteractive {APT}"]
    host = Host()
    host.install(lists, "dnf", root=False)
    assert host.ran == ["sudo -n true", f"sudo -n {DNF}"]


def test_apt_without_lists_fetches_them_first(tmp_path: Path) -> None:
    host = Host()
    host.install(tmp_path / "nowhere")
    assert [line.split()[-1] for line in host.ran] == ["update", "semodule-utils"]


def test_apt_with_old_lists_fetches_new_ones_and_tries_again(lists: Path) -> None:
    host = Host("install")
    host.install(lists)
    assert [line.split()[-1] for line in host.ran] == ["semodule-utils", "update", "semodule-utils"]


@pytest.mark.parametrize(
    ("manager", "failing"), [("apt", ("install", "install")), ("apt", ("install", "update")), ("dnf", ("install",))]
)
def test_a_package_manager_that_fails_is_quoted(lists: Path, manager: str, failing: tuple[str, ...]) -> None:
    host = Host(*failing)
    with pytest.raises(InstallError) as caught:
        host.install(lists, manager)
    assert isinstance(caught.value, ToolchainError)
    assert caught.value.exit_code is ExitCode.TOOL_MISSING
    assert caught.value.brief == f"installing failed with code 100: {host.ran[-1]}"
    assert caught.value.details == ("Reading...", "E: Unable to locate package checkpolicy")
    assert caught.value.hint == "Mend what it says, or type the command yourself to see all of it."


def refusal(
    host: Host, lists: Path, manager: str = "apt", *, allowed: bool = True, root: bool = True
) -> MissingToolsError:
    with pytest.raises(MissingToolsError) as caught:
        host.install(lists, manager, allowed=allowed, root=root)
    assert isinstance(caught.value, ToolMissingError)
    assert caught.value.exit_code is ExitCode.TOOL_MISSING
    return caught.value


def test_install_never_prints_the_command_and_stops(lists: Path) -> None:
    host = Host()
    error = refusal(host, lists, allowed=False)
    assert error.brief == (
        "checkmodule, semodule_package are missing, and the setting install forbids to install anything"
    )
    assert error.details == (
        "checkmodule comes with the package checkpolicy",
        "semodule_package comes with the package semodule-utils",
    )
    assert error.hint == "Type: sudo apt-get -q -y --no-install-recommends install checkpolicy semodule-utils"
    assert host.ran == host.said == []


def test_sudo_that_asks_for_a_password_is_not_used(lists: Path) -> None:
    host = Host("sudo")
    error = refusal(host, lists, "dnf", root=False)
    assert error.brief == (
        "checkmodule, semodule_package are missing, and this is not root and sudo asks for a password"
    )
    assert error.hint == f"Type: sudo {DNF}"
    assert host.ran == ["sudo -n true"]


def test_a_host_without_a_known_package_manager_is_told_so(lists: Path) -> None:
    error = refusal(Host(), lists, "pacman")
    assert error.brief.endswith("no package manager that sepack knows brings them")
    assert (error.details, error.hint) == ((), "Install them by hand.")


def test_one_tool_is_missing(lists: Path) -> None:
    with pytest.raises(MissingToolsError, match=r"^m4 is missing, and"):
        Host().install(lists, tools=("m4",), allowed=False)


def test_apt_s_lists_are_looked_for(lists: Path, tmp_path: Path) -> None:
    assert has_lists(lists)
    assert not has_lists(tmp_path / "nowhere")


def test_running_gives_code_and_words() -> None:
    outcome = run(Command(argv=(sys.executable, "-c", "import sys; print('x'); sys.exit('y')")))
    assert (outcome.exit_code, sorted(outcome.stdout.split())) == (1, [b"x", b"y"])
    missing = run(Command(argv=("no-such-manager",)))
    assert (missing.exit_code, missing.stderr) == (127, b"no-such-manager: No such file or directory\n")


def test_a_proxy_is_passed_on_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://me:secret@proxy")
    outcome = run(Command(argv=(sys.executable, "-c", "import os; print(os.environ['https_proxy'])")))
    assert outcome.stdout == b"http://me:secret@proxy\n"
    assert "secret" not in str(outcome.command)
