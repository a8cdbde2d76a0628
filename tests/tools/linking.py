"""Policy packages and sessions for tests that link."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest

from sepack.model.package import PolicyPackage
from sepack.pipeline.session import Session
from sepack.workspace import Workspace
from tests.tools.building import LOCAL

if TYPE_CHECKING:
    from collections.abc import Callable

# A type of its own, a file context, and a rule that the base policy has behind a boolean.
GOOD = """\
module {name} 1.0;
require {{ type httpd_t; class process execmem; class file {{ read open }}; attribute file_type; }}
type {name}_t, file_type;
allow httpd_t self:process execmem;
allow httpd_t {name}_t:file {{ read open }};
"""
UNKNOWN_TYPE = """\
module {name} 1.0;
require {{ type httpd_t; type nosuch_t; class file read; }}
allow httpd_t nosuch_t:file read;
"""
TWICE = """\
module {name} 1.0;
require {{ type httpd_t; class file read; }}
type good_t;
allow httpd_t good_t:file read;
"""


def package(root: Path, name: str, text: str = GOOD, contexts: str = "") -> PolicyPackage:
    """`text` compiled by the real tools to a policy package in `root`."""
    (root / f"{name}.te").write_text(text.format(name=name))
    (root / f"{name}.fc").write_text(contexts)
    mod, pp = root / f"{name}.mod", root / f"{name}.pp"
    subprocess.run(["checkmodule", "-M", "-m", "-c", "19", "-o", mod, root / f"{name}.te"], check=True)
    subprocess.run(["semodule_package", "-o", pp, "-m", mod, "-f", root / f"{name}.fc"], check=True)
    return described(root, name)


def described(root: Path, name: str) -> PolicyPackage:
    data = (root / f"{name}.pp").read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    path = PurePosixPath(f"{name}.pp")
    return PolicyPackage(name=name, version="1.0", format=19, mls=True, path=path, digest=digest, size=len(data))


def session(root: Path, say: Callable[[str], None] = lambda _: None) -> Session:
    return Session.choose(Workspace(root), LOCAL, "host", say)


def require_policy() -> None:
    if not any(Path("/etc/selinux").glob("*/policy/policy.*")):
        pytest.skip("no policy is installed here")
