"""The base policy of this host linked with modules, booleans and ports, in a copy of its store."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sepack.model.base_policy import AccessQuestion, LabelQuestion, WhyKind
from sepack.model.fix import PortLabel
from sepack.pipeline.base_policy import LinkedPolicy, NoBasePolicy, linked
from sepack.pipeline.outputs import OutputError
from sepack.pipeline.scratch import scratch_directory
from sepack.workspace import Workspace
from tests.e2e.test_full_disk import enlarge, small_disk
from tests.tools.linking import GOOD, TWICE, UNKNOWN_TYPE, described, package, require_policy, session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import PurePosixPath

    from sepack.model.package import PolicyPackage
    from tests.conftest import Unprivileged

pytestmark = pytest.mark.root  # whose the store is

HTTPD = "system_u:system_r:httpd_t:s0"
EXECMEM = AccessQuestion(HTTPD, HTTPD, "process", "execmem")
SRV = LabelQuestion("/srv/good/x", "file")
CONTEXT = "/srv/good(/.*)?\tsystem_u:object_r:good_t:s0\n"
STORE = Path("/var/lib/selinux")


@pytest.fixture(scope="module")
def root(require_tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One workspace for all, as its cache is made to be used again."""
    for tool in ("sesearch", "semodule", "checkmodule", "semodule_package"):
        require_tool(tool)
    require_policy()
    root = tmp_path_factory.mktemp("linked")
    package(root, "good", GOOD, CONTEXT)
    return root


@pytest.fixture
def good(root: Path) -> PolicyPackage:
    return described(root, "good")


@pytest.fixture
def scratch(root: Path) -> Iterator[PurePosixPath]:
    with scratch_directory(Workspace(root)) as place:
        yield place


def tree(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}


def test_a_module_a_boolean_and_a_port_are_in_the_linked_policy(
    root: Path, scratch: PurePosixPath, good: PolicyPackage
) -> None:
    before = {path: path.stat().st_mtime_ns for path in (*STORE.rglob("*"), *Path("/etc/selinux").rglob("*"))}
    ports = [
        PortLabel(protocol="tcp", low=18765, high=18770, type="http_port_t"),
        PortLabel(protocol="tcp", low=18770, high=18771, type="http_port_t"),
        PortLabel(protocol="tcp", low=18800, high=18800, type="gone_port_t"),
    ]
    booleans = {"httpd_can_network_connect": True, "gone": True}
    found = linked(session(root), scratch, [good], booleans=booleans, ports=ports)
    assert isinstance(found, LinkedPolicy)
    assert found.refused == {}
    assert found.notes == (
        "not labelled: port tcp 18770-18771 http_port_t, which overlaps another port label asked for",
        "not labelled: port tcp 18800 gone_port_t, whose type is in no policy that links",
        "not switched: there is no boolean gone",
    )
    assert found.index.title.endswith("of this host with good")
    assert found.index.type("good_t")
    assert found.index.grants("httpd_t", "good_t", "file").always == {"read", "open"}
    assert found.index.boolean_default("httpd_can_network_connect") is True
    record = found.index.port("tcp", 18767)
    assert record
    assert (record.low, record.high, record.type) == (18765, 18770, "http_port_t")
    assert found.index.file_context_types()["good_t"] == 1
    answers = found.ask([EXECMEM, SRV, LabelQuestion("/run/httpd/x", "file")])
    assert answers.access[EXECMEM].kind is WhyKind.ALLOWED
    assert answers.labels[SRV] == "system_u:object_r:good_t:s0"
    assert answers.labels[LabelQuestion("/run/httpd/x", "file")] == "system_u:object_r:httpd_runtime_t:s0"
    after = {path: path.stat().st_mtime_ns for path in (*STORE.rglob("*"), *Path("/etc/selinux").rglob("*"))}
    assert after == before


def test_linking_the_same_again_links_nothing(root: Path, scratch: PurePosixPath, good: PolicyPackage) -> None:
    def run() -> tuple[str, set[str]]:
        found = linked(session(root), scratch, [good])
        assert isinstance(found, LinkedPolicy)
        return found.index.digest, tree(root / "build/.cache/base")

    assert run() == run()
    assert not any((root / scratch).glob("copy-*"))


def test_a_module_that_does_not_link_does_not_spoil_the_others(
    root: Path, scratch: PurePosixPath, good: PolicyPackage
) -> None:
    """One that semodule names, one whose path expression it does not, and one that is no package at all."""
    unknown = package(root, "unknown", UNKNOWN_TYPE)
    expression = package(root, "expression", GOOD, "/srv/(\tsystem_u:object_r:expression_t:s0\n")
    (root / "cut.pp").write_bytes((root / "good.pp").read_bytes()[:500])
    found = linked(session(root), scratch, [expression, unknown, good, described(root, "cut")])
    assert isinstance(found, LinkedPolicy)
    assert set(found.refused) == {"unknown", "expression", "cut"}
    assert any("/modules/999/unknown/cil" in line for line in found.refused["unknown"])
    assert any("invalid regex /srv/(" in line for line in found.refused["expression"])
    assert not any(str(root) in line for words in found.refused.values() for line in words)
    assert found.index.type("good_t")
    assert found.index.type("expression_t") is None
    assert found.index.title.endswith("with good")


def test_of_two_modules_that_exclude_each_other_one_is_linked(
    root: Path, scratch: PurePosixPath, good: PolicyPackage
) -> None:
    found = linked(session(root), scratch, [good, package(root, "twice", TWICE)])
    assert isinstance(found, LinkedPolicy)
    assert len(found.refused) == 1
    assert "Re-declaration of type good_t" in next(iter(found.refused.values()))


def test_booleans_and_ports_alone_can_be_changed(root: Path, scratch: PurePosixPath) -> None:
    port = PortLabel(protocol="tcp", low=8765, high=8765, type="http_port_t")
    found = linked(session(root), scratch, [], booleans={"httpd_execmem": True}, ports=[port])
    assert isinstance(found, LinkedPolicy)
    assert (found.refused, found.notes) == ({}, ())
    assert "execmem" in found.index.grants("httpd_t", "httpd_t", "process").always
    record = found.index.port("tcp", 8765)
    assert record
    assert record.type == "http_port_t"


def test_nothing_asked_for_is_the_base_itself(root: Path, scratch: PurePosixPath) -> None:
    found = linked(session(root), scratch, [])
    assert isinstance(found, LinkedPolicy)
    assert found.index.title.endswith(" of this host")


@pytest.mark.parametrize("hostile", ["a=1\nb", "", "a b", "x;y", "../x"])
def test_no_text_reaches_the_store_but_identifiers(root: Path, scratch: PurePosixPath, hostile: str) -> None:
    port = PortLabel(protocol="tcp", low=1, high=1, type=hostile)
    for request in ({"booleans": {hostile: True}}, {"ports": [port]}):
        with pytest.raises(ValueError, match="not an identifier"):
            linked(session(root), scratch, [], **request)


def test_who_may_not_read_the_store_gets_the_base_alone(
    root: Path, unprivileged: Unprivileged, good: PolicyPackage
) -> None:
    if not unprivileged.changes_user:
        pytest.skip("needs root, to give it up")
    shutil.copy(root / "good.pp", unprivileged.directory)

    def run() -> tuple[dict[str, tuple[str, ...]], tuple[str, ...], str | None, str, str | None]:
        place = unprivileged.directory
        with session(place) as running, scratch_directory(Workspace(place)) as scratch:
            found = linked(running, scratch, [good])
            assert isinstance(found, LinkedPolicy)
            answers = found.ask([EXECMEM, SRV])
            return (
                dict(found.refused),
                found.notes,
                found.index.type("good_t"),
                answers.access[EXECMEM].kind,
                answers.labels[SRV],
            )

    refused, notes, kind, why, label = unprivileged(run)
    assert set(refused) == {"good"}
    assert "Permission denied" in refused["good"][1]
    assert notes == ("the base policy answers alone, because the store of loaded modules cannot be copied",)
    assert (kind, why, label) == (None, WhyKind.BOOLEAN, "system_u:object_r:var_t:s0")


@pytest.mark.parametrize("kilobytes", [64, 3072, 12288, 26624])
def test_a_full_disk_is_said_and_room_mends_it(root: Path, tmp_path: Path, kilobytes: int) -> None:
    """From no room for a program, over the index and the copy of the store, to the linked policy."""

    def run() -> LinkedPolicy | NoBasePolicy:
        with session(tmp_path) as running, scratch_directory(Workspace(tmp_path)) as scratch:
            return linked(running, scratch, [described(tmp_path, "good")])

    with small_disk(tmp_path, kilobytes):
        shutil.copy(root / "good.pp", tmp_path)
        words: Sequence[str]
        try:
            found = run()
        except OutputError as error:
            words = [error.brief]
        else:
            words = found.details if isinstance(found, NoBasePolicy) else found.refused["good"]
        assert re.search("there is no room for it|No space left|disk is full|not enough room", " ".join(words)), words
        enlarge(tmp_path)
        found = run()
        assert isinstance(found, LinkedPolicy)
        assert found.refused == {}
        assert found.index.type("good_t")
