"""A base image without a registry: Debian bookworm's minimal root, debootstrapped once and kept outside the tree."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

RELEASE = "bookworm"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
# How this machine reaches its mirror: proxies, certificates, dates that are not to be checked.
REACHING = ("Acquire::http::", "Acquire::https::", "Acquire::Check-")


def base_tarball() -> Path:
    """The root as a tar archive; some 35 seconds the first time on a machine."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sepack-tests"
    cache.mkdir(parents=True, exist_ok=True)
    tarball = cache / f"{RELEASE}-{os.uname().machine}.tar"
    with (cache / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not tarball.exists():
            make(tarball)
    return tarball


def make(tarball: Path) -> None:
    root = Path(tempfile.mkdtemp(prefix="sepack-base-"))
    beside = tarball.with_suffix(".new")
    settings = reaching()
    try:
        bootstrap(root, settings)
        lines = "".join(f'{name} "{value}";\n' for name, value in settings.items())
        (root / "etc/apt/apt.conf.d/99reaching").write_text(lines)
        if CERTIFICATES.exists():
            (root / "etc/ssl/certs").mkdir(parents=True, exist_ok=True)
            shutil.copy(CERTIFICATES, root / CERTIFICATES.relative_to("/"))
        subprocess.run(["tar", "-C", root, "--one-file-system", "-cf", beside, "."], check=True)
        beside.replace(tarball)
    finally:
        shutil.rmtree(root)


def bootstrap(root: Path, settings: dict[str, str]) -> None:
    proxies = {name: settings.get(f"Acquire::{name[:-6]}::Proxy", "") for name in ("http_proxy", "https_proxy")}
    done = subprocess.run(
        # In a mount namespace of its own: what is mounted meanwhile goes with it, however it ends.
        ["unshare", "--mount", "debootstrap", "--variant=minbase", RELEASE, root, *mirror()],
        env={**os.environ, **{name: value for name, value in proxies.items() if value}},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"debootstrap failed:\n{done.stdout.decode(errors='replace')[-2000:]}")


def reaching() -> dict[str, str]:
    said = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
    pairs = (line.rstrip(";").split(" ", 1) for line in said.splitlines() if line.startswith(REACHING))
    return {name: value.strip('"') for name, value in pairs}


def mirror() -> list[str]:
    """The one this machine itself uses for the release, if it uses one; debootstrap has a default of its own."""
    targets = ["Created-By: Packages", f"Codename: {RELEASE}", "Component: main"]
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI)", *targets]
    said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split()
    return said[:1]
