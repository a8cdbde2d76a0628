"""From a real log of an enforcing machine to proposals: what each denial comes to, and what is refused."""

from __future__ import annotations

import errno
import gzip
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sepack.errors import SepackError
from sepack.pipeline.learning import NothingReadError
from sepack.pipeline.regenerate import NewModuleError, RegenerateRequest, regenerate
from sepack.pipeline.triage import judge_log
from sepack.pipeline.why import NotInLedgerError, find_item
from sepack.pipeline.word import NotProposedError, read_word
from tests.learning import BEYOND, DATA, EXPECTED, HELD, LOG, NOTHING, RULE, accesses, asked, built, only, repository
from tests.tools.building import LOCAL, TOOLS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sepack.workspace import Workspace


pytestmark = pytest.mark.root  # the store of loaded modules is root's


@pytest.fixture(autouse=True)
def _tools(require_tool: Callable[[str], str]) -> None:
    for tool in (*TOOLS, "semodule"):
        require_tool(tool)


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("policies")


@pytest.fixture
def web(tmp_path: Path, policies: Path) -> Workspace:
    return repository(tmp_path, policies)


def test_each_denial_of_the_web_server_gets_the_fix_that_helped_the_machine(web: Workspace) -> None:
    proposal = only(asked(web))
    assert {change.item.statement: accesses(change.verdicts) for change in proposal.changes} == EXPECTED
    assert {held.statement: accesses([held.verdict]) for held in proposal.held} == HELD
    assert {str(verdict.kind): accesses([verdict]) for verdict in proposal.beyond} == BEYOND


def test_every_line_of_the_log_is_accounted_for_and_nobody_s_denials_are_listed(web: Workspace) -> None:
    found = asked(web)
    assert found.account.lines == len(Path(LOG).read_bytes().splitlines())
    assert {each.denial.access.source_type for each in found.unowned} == {
        "systemd_tmpfiles_t",
        "udev_t",
        "load_policy_t",
        "semanage_t",
    }


@pytest.mark.parametrize("name", ["web", "a b", "../x", "role"])
def test_a_new_module_needs_a_name_of_its_own(web: Workspace, name: str) -> None:
    with pytest.raises(NewModuleError):
        asked(web, new=name)


@pytest.mark.parametrize("step", ["write_text", "rename", "fsync"])
def test_a_full_disk_leaves_nothing_of_a_new_module(web: Workspace, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    owner = os if step == "fsync" else Path
    original = getattr(owner, step)

    def fails(*words: Any, **more: Any) -> Any:
        mine = step == "fsync" or ".extra." in str(words[0])
        return full() if mine else original(*words, **more)

    monkeypatch.setattr(owner, step, fails)
    with pytest.raises(SepackError):
        asked(web, apply=True, new="extra")
    monkeypatch.undo()
    assert not [place for place in (web / "policy").iterdir() if "extra" in place.name]


def test_a_statement_that_nothing_comes_to_is_refused_with_those_there_are(web: Workspace) -> None:
    with pytest.raises(NotProposedError) as caught:
        asked(web, apply=True, accept=["port tcp 18766 http_port_t"], reason="?")
    assert "port tcp 18765 http_port_t" in caught.value.hint
    assert not (web / web.ledger("web")).exists()
    with pytest.raises(NotInLedgerError):
        find_item(web, "web", RULE)


def test_a_ledger_that_does_not_parse_is_said_and_not_overwritten(web: Workspace) -> None:
    (web / web.ledger("web")).write_text("[[item]]\nstatement = \n")
    with pytest.raises(SepackError, match=r"policy/web/ledger\.toml:2"):
        asked(web, apply=True)
    assert (web / web.ledger("web")).read_text() == "[[item]]\nstatement = \n"


def test_without_a_policy_at_hand_nothing_is_proposed_unasked(web: Workspace) -> None:
    word = read_word(**NOTHING)
    found = regenerate(web, replace(LOCAL, targets=("el9",)), RegenerateRequest(logs=(LOG,), word=word), lambda _: None)
    assert found.policy.startswith("no base policy: ")
    assert not found.has_changes
    assert all(held.verdict.unchecked for held in only(found).held)


def test_triage_speaks_of_every_denial(web: Workspace) -> None:
    found = judge_log(web, LOCAL, (LOG,), lambda _: None)
    kinds = {str(verdict.kind) for verdict in found.verdicts}
    assert {"file context", "boolean", "port", "port conflict", "rule"} <= kinds
    assert sum(len(verdict.denials) for verdict in found.verdicts) >= 20


@pytest.mark.parametrize(("setting", "named"), [("plain", True), ("hashed", False)])
def test_no_command_line_enters_the_ledger_and_hosts_can_be_hashed(web: Workspace, setting: str, named: bool) -> None:
    request = RegenerateRequest(logs=(f"{DATA}/secret.log",), word=read_word(**NOTHING), apply=True)
    regenerate(web, replace(LOCAL, ledger_hosts=setting), request, lambda _: None)
    text = (web / web.ledger("web")).read_text()
    assert "hunter2" not in text
    assert "/usr/sbin/apache2" in text
    assert ("web7.example" in text) is named


def test_nothing_of_a_hostile_log_becomes_policy(web: Workspace) -> None:
    found = asked(web, logs=(f"{DATA}/hostile.log",), apply=True)
    built(web)
    te = (web / "build/host/web/web.te").read_text()
    rules = [line for line in te.splitlines() if not line.startswith("#")]
    assert not any("shadow_t" in line or "syscmd" in line or "init_t" in line for line in rules)
    assert found.account.lines == 3


def test_a_module_of_interfaces_is_offered_one_with_its_excess(web: Workspace) -> None:
    (web / "policy/web/web.te").write_text("policy_module(web, 1.0)\n\ntype web_t;\ndomain_type(web_t)\n")
    (web / "policy/web/module.toml").unlink()
    log = web / "web.log"
    log.write_text(
        'type=AVC msg=audit(1795416221.668:39): avc:  denied  { read open getattr } for  pid=1 comm="web" '
        'name="passwd" scontext=system_u:system_r:web_t:s0 tcontext=system_u:object_r:etc_t:s0 tclass=file\n'
    )
    found = asked(web, logs=(str(log),))
    (change,) = only(found).changes
    assert (change.item.kind, change.item.statement) == ("interface", "files_read_etc_files(web_t)")
    (verdict,) = change.verdicts
    assert {(access.tclass, access.permission) for access in verdict.fix.excess} >= {("dir", "search")}  # type: ignore[union-attr]
    assert any("never offered" in note for note in found.notes)
    asked(web, logs=(str(log),), apply=True)
    built(web)
    assert not asked(web, logs=(str(log),)).has_changes


@pytest.mark.parametrize("name", ["gone.log", "folder"])
def test_a_log_that_is_not_there_is_no_log_without_denials(web: Workspace, name: str) -> None:
    (web / "folder").mkdir()
    with pytest.raises(NothingReadError) as caught:
        asked(web, logs=(str(web / name),))
    assert caught.value.exit_code == 7
    assert name in caught.value.details[0]
    assert not asked(web, logs=(str(web / name), LOG)).account.not_understood


def test_a_log_that_is_empty_cut_or_no_text_is_read_as_far_as_it_goes(web: Workspace) -> None:
    (web / "empty.log").write_bytes(b"")
    assert asked(web, logs=(str(web / "empty.log"),)).account.lines == 0
    (web / "cut.log.gz").write_bytes(gzip.compress(Path(LOG).read_bytes())[:3000])
    cut = asked(web, logs=(str(web / "cut.log.gz"),))
    assert cut.faults
    assert cut.account.denials > 5
    (web / "noise.log").write_bytes(bytes(range(256)) * 40)
    noise = asked(web, logs=(str(web / "noise.log"), LOG))
    assert noise.account.not_understood
    assert {change.item.statement for change in only(noise).changes} == set(EXPECTED)
