"""A repository with one module for httpd_t, and `regenerate` on a real log of an enforcing machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sepack.model.build import Failed
from sepack.pipeline.build import BuildRequest, build
from sepack.pipeline.regenerate import RegenerateRequest, regenerate
from sepack.pipeline.word import read_word
from sepack.workspace import Workspace
from tests.tools.building import LOCAL

if TYPE_CHECKING:
    from sepack.model.proposal import Proposal, Regeneration

DATA = Path(__file__).parent / "data/audit"
LOG = str(DATA / "enforcing-vm.log")
MODULE = """\
module web 1.0;
require { type httpd_t; class process signal; }
allow httpd_t self:process signal;
"""
# What each denial of httpd_t in that log comes to; the machine that wrote it was seen to serve again after each fix.
EXPECTED = {
    "file_context /srv/x(/.*)? httpd_sys_content_t": {"var_t:file getattr", "var_t:file read"},
    "file_context HOME_DIR/live(/.*)? httpd_sys_content_t": {"user_home_t:dir getattr", "user_home_t:dir search"},
    "boolean httpd_can_network_connect on": {"unreserved_port_t:tcp_socket name_connect"},
    "boolean httpd_can_network_connect_db on": {"postgresql_port_t:tcp_socket name_connect"},
    "port tcp 18765 http_port_t": {"unreserved_port_t:tcp_socket name_bind"},
}
HELD = {"boolean httpd_execmem on": {"httpd_t:process execmem"}}
BEYOND = {"port conflict": {"lirc_port_t:tcp_socket name_bind"}}
RULE = "allow httpd_t self:process execmem;"
NOTHING: dict[str, Any] = {"accept": [], "refuse": [], "reason": "", "by": "Ada", "expires": "", "refresh": False}


def repository(root: Path, policies: Path) -> Workspace:
    """`policies` is where base policies are kept by digest, for all tests together: to link one takes seconds."""
    place = root / "policy/web"
    place.mkdir(parents=True)
    (root / "build/.cache").mkdir(parents=True)
    (root / "build/.cache/base").symlink_to(policies)
    (root / "tasks.py").write_text("from sepack.tasks import ns\n")
    (place / "web.te").write_text(MODULE)
    (place / "module.toml").write_text('[domains]\ntypes = ["httpd_t"]\n')
    return Workspace(root)


def asked(
    workspace: Workspace, *, apply: bool = False, new: str = "", logs: tuple[str, ...] = (LOG,), **said: Any
) -> Regeneration:
    word = read_word(**{**NOTHING, **said})
    request = RegenerateRequest(logs=logs, word=word, apply=apply, new=new)
    return regenerate(workspace, LOCAL, request, lambda _: None)


def built(workspace: Workspace) -> None:
    events = list(build(workspace, LOCAL, BuildRequest(), lambda _: None))
    assert [event for event in events if isinstance(event, Failed)] == []


def accesses(verdicts: Any) -> set[str]:
    found = (denial.access for verdict in verdicts for denial in verdict.denials)
    return {f"{access.target_type}:{access.tclass} {access.permission}" for access in found}


def only(found: Regeneration) -> Proposal:
    (proposal,) = found.proposals
    return proposal
