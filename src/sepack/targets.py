"""What each release accepts, read from targets.toml, and which of them this host is."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sepack.errors import DeclarationError
from sepack.frozen import frozen
from sepack.model.names import did_you_mean
from sepack.model.target import FormatRange, Target

if TYPE_CHECKING:
    from collections.abc import Mapping

HOST = "host"
UNKNOWN = "unknown"
POLICY_HEADERS = "policy headers"

DATA = Path(__file__).with_name("targets.toml")
MANAGERS = {"apt": ("usr/bin/apt-get",), "dnf": ("usr/bin/dnf", "usr/bin/dnf5")}


class UnknownTargetError(DeclarationError):
    """A target's name that is none of those sepack knows."""

    def __init__(self, name: str) -> None:
        known = target_names()
        super().__init__(
            f"there is no target {name!r}",
            hint=f"{did_you_mean(name, known)} The targets are {', '.join(known)}.".lstrip(),
        )


@frozen
class HostFacts:
    """What this host says of itself; each field is empty where it says nothing.

    `os_id`, `version` and `platform` are ID, VERSION_ID and PLATFORM_ID of os-release, `policy_type` is SELINUXTYPE,
    `package_manager` is "apt" or "dnf".
    """

    os_id: str = ""
    version: str = ""
    platform: str = ""
    title: str = ""
    policy_type: str = ""
    package_manager: str = ""

    @property
    def major(self) -> str:
        return self.version.partition(".")[0]


def read_host(root: Path = Path("/")) -> HostFacts:
    """Read os-release, SELinux's config and the package manager below `root`; a file that is not there is no error."""
    release = assignments(root / "etc/os-release") or assignments(root / "usr/lib/os-release")
    policy_type = assignments(root / "etc/selinux/config").get("SELINUXTYPE", "")
    managers = (name for name, programs in MANAGERS.items() if any((root / path).exists() for path in programs))
    return HostFacts(
        os_id=release.get("ID", ""),
        version=release.get("VERSION_ID", ""),
        platform=release.get("PLATFORM_ID", ""),
        title=release.get("PRETTY_NAME", ""),
        policy_type=policy_type if re.fullmatch(r"\w[\w-]*", policy_type) else "",
        package_manager=next(managers, ""),
    )


def assignments(path: Path) -> dict[str, str]:
    """The KEY=value lines of a shell-like file, without the quotes."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    pairs = (line.split("=", 1) for line in map(str.strip, text.splitlines()) if "=" in line and line[0] != "#")
    return {key.strip(): value.strip().strip("\"'") for key, value in pairs}


@cache
def load_data() -> Mapping[str, Any]:
    import tomllib

    return MappingProxyType(tomllib.loads(DATA.read_text(encoding="utf-8")))


def load_targets() -> Mapping[str, Target]:
    """Every release by its name; "host" is not among them, because it depends on where one asks."""
    return MappingProxyType({name: _release(name) for name in load_data()["release"]})


def target_names() -> tuple[str, ...]:
    """What a person may type, "host" first."""
    return (HOST, *load_data()["release"])


def packages(manager: str) -> Mapping[str, str]:
    """Which package brings each tool (and POLICY_HEADERS); empty for a package manager that is not known."""
    data = load_data()
    return MappingProxyType({**data["asking"].get(manager, {}), **data["packages"].get(manager, {})})


def versioned_packages(manager: str) -> tuple[str, ...]:
    """The packages whose versions say what a toolchain compiles with."""
    data = load_data()
    return tuple(sorted({*data["packages"].get(manager, {}).values(), *data["libraries"].get(manager, ())}))


def release_of(host: HostFacts) -> str:
    """The name of the release that this host is, or UNKNOWN."""
    releases = load_data()["release"].items()
    for name, data in releases:
        if host.platform and host.platform in data.get("platforms", ()):
            return str(name)
    for name, data in releases:
        if host.os_id in data["ids"] and (not data.get("versions") or host.major in data["versions"]):
            return str(name)
    return UNKNOWN


def require_target(name: str) -> None:
    """Raises UnknownTargetError."""
    if name not in target_names():
        raise UnknownTargetError(name)


def target(name: str, host: HostFacts) -> Target:
    """The target that a person typed; "host" is the release that this host is, with this host's own policy type.

    Raises UnknownTargetError.
    """
    require_target(name)
    if name != HOST:
        return _release(name)
    release = release_of(host)
    found = _release(release, host.major) if release != UNKNOWN else _unknown(host)
    policy_type = host.policy_type or found.policy_type
    return replace(
        found,
        name=HOST,
        title=host.title or found.title,
        policy_type=policy_type,
        store=found.store.parent / policy_type,
    )


def settle(target: Target, made: FormatRange) -> Target:
    """The target once its own checkmodule has said which formats it makes; none, where there is no checkmodule.

    Only "host" can learn from it: what its tools cannot make its libsepol hardly reads, and on a release that sepack
    does not know they are the only ones to ask.
    """
    if target.name != HOST or made.newest < made.oldest:
        return target
    if target.release == UNKNOWN:
        return replace(target, formats=made)
    newest = min(target.formats.newest, made.newest)
    return replace(target, formats=FormatRange(oldest=max(target.formats.oldest, made.oldest), newest=newest))


def _release(name: str, version: str = "") -> Target:
    data = load_data()["release"][name]
    version = version or data.get("version", "")
    return Target(
        name=name,
        release=name,
        title=data["title"],
        formats=FormatRange(oldest=data["formats"][0], newest=data["formats"][1]),
        policy_type=data["policy_type"],
        mls=data["mls"],
        store=PurePosixPath(data["store"], data["policy_type"]),
        runtime_directory=PurePosixPath(data["runtime_directory"]),
        dist_tag=data["dist_tag"].replace("{version}", version),
        package_manager=data["package_manager"],
        base_image=data.get("base_image", "").replace("{version}", version),
        built_with=data.get("built_with", ""),
        note=data["note"],
    )


def _unknown(host: HostFacts) -> Target:
    data = load_data()["unknown"]
    like = _release(data.get(host.package_manager or "dnf"))
    oldest, newest = data["formats"]
    return replace(
        like,
        release=UNKNOWN,
        title="this host",
        formats=FormatRange(oldest=oldest, newest=newest),
        dist_tag="",
        package_manager=host.package_manager,
        base_image="",
        built_with="",
        note=data["note"].replace("{like}", like.title),
    )
