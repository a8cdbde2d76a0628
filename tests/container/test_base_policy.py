"""The release's own policy inside its image: found, asked, and linked with a module by whoever builds."""

from __future__ import annotations

import os
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

from sepack.basepolicy.index import open_index
from sepack.basepolicy.link import LinkRequest, link
from sepack.basepolicy.programs import Programs
from sepack.model.base_policy import AccessQuestion, LabelQuestion, WhyKind
from sepack.model.fix import PortLabel
from sepack.targets import load_targets
from sepack.workspace import Workspace
from tests.tools.linking import GOOD, package

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.container.conftest import OpenContainer

NOBODY = 65534
HTTPD = "system_u:system_r:httpd_t:s0"
EXECMEM = AccessQuestion(HTTPD, HTTPD, "process", "execmem")
SRV = LabelQuestion("/srv/good/x", "file")


@pytest.mark.parametrize("user", [0, NOBODY])
def test_the_images_policy_is_asked_and_linked(
    tmp_path: Path, open_container: OpenContainer, require_tool: Callable[[str], str], user: int
) -> None:
    for tool in ("checkmodule", "semodule_package"):
        require_tool(tool)
    good = package(tmp_path, "good", GOOD, "/srv/good(/.*)?\tsystem_u:object_r:good_t:s0\n")
    os.chown(tmp_path, user, user)
    target, workspace, here = load_targets()["debian12"], Workspace(tmp_path), PurePosixPath()
    port = PortLabel(protocol="tcp", low=18765, high=18765, type="http_port_t")
    with open_container(tmp_path, user=(user, user)) as toolchain:
        programs = Programs(toolchain, workspace, here)
        programs.dump("/etc/selinux/default", PurePosixPath("base.sqlite"))
        base = open_index(tmp_path / "base.sqlite", "the image")
        request = LinkRequest(
            policy_type=target.policy_type, store=target.store, mls=target.mls, packages=(good,), ports=(port,)
        )
        linked = link(request, toolchain, workspace, here)
        programs.dump(str(linked.directory), PurePosixPath("linked.sqlite"))
        contexts = linked.directory / "contexts/files/file_contexts"
        assert base
        answers = programs.ask(str(linked.directory / "policy" / base.file_name), str(contexts), [EXECMEM, SRV])
    index = open_index(tmp_path / "linked.sqlite", "the image")
    assert index
    assert (linked.refused, linked.notes) == ({}, ())
    assert (base.type("good_t"), index.type("good_t")) == (None, "good_t")
    assert index.grants("httpd_t", "good_t", "file").always == {"read", "open"}
    record = index.port("tcp", 18765)
    assert record
    assert record.type == "http_port_t"
    assert answers.access[EXECMEM].kind is WhyKind.ALLOWED
    assert answers.labels[SRV] == "system_u:object_r:good_t:s0"
