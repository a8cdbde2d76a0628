"""Denials of a real log come back as reviewed rules: proposed, written, built, linked and asked again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sepack.model.ledger import Answer
from sepack.pipeline.replay import NotBuiltError, replay
from sepack.pipeline.why import find_item
from tests.learning import EXPECTED, LOG, RULE, asked, built, repository
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


def test_what_is_written_is_one_file_and_built_and_asked_again_it_is_allowed(web: Workspace) -> None:
    before = {path for path in web.root.rglob("*") if "build" not in path.parts}
    found = asked(web, apply=True, accept=[RULE], reason="The image library makes code at run time.")
    ledger = web / web.ledger("web")
    assert found.written == (web.ledger("web"),)
    assert {path for path in web.root.rglob("*") if "build" not in path.parts} - before == {ledger}
    with pytest.raises(NotBuiltError, match="web"):
        replay(web, LOCAL, (), lambda _: None)
    built(web)
    again = replay(web, LOCAL, (), lambda _: None)
    assert again.failed == ()
    assert {each.item.statement for each in again.replayed} == {*EXPECTED, RULE}
    text = ledger.read_bytes()
    once_more = asked(web, apply=True)
    assert (once_more.has_changes, once_more.has_held, once_more.written) == (False, False, ())
    assert ledger.read_bytes() == text


def test_a_fix_that_does_not_help_fails_the_replay(web: Workspace) -> None:
    asked(web, apply=True)
    ledger = web / web.ledger("web")
    ledger.write_text(ledger.read_text().replace("/srv/x(/.*)? httpd_sys", "/srv/y(/.*)? httpd_sys"))
    built(web)
    failed = replay(web, LOCAL, (), lambda _: None).failed
    assert {(each.about, each.question.permission) for each in failed} == {
        ("/srv/x/app.wsgi", "getattr"),
        ("/srv/x/app.wsgi", "read"),
    }


def test_what_was_refused_stays_denied_and_is_not_asked_for_again(web: Workspace) -> None:
    asked(web, apply=True, refuse=["port tcp 18765 http_port_t"], reason="It shall listen on 443.")
    assert find_item(web, "web", "port tcp 18765 http_port_t").answer is Answer.REFUSED
    built(web)
    again = replay(web, LOCAL, (), lambda _: None)
    assert again.failed == ()
    assert [each.item.answer for each in again.replayed if each.about == "tcp 18765"] == [Answer.REFUSED]
    assert not asked(web).has_changes


def test_nobody_s_denials_can_start_a_module_that_builds(web: Workspace) -> None:
    log = web / "udev.log"
    line = next(
        line for line in Path(LOG).read_text().splitlines() if "udev_t:s0 tcontext=system_u:object_r:sysctl" in line
    )
    log.write_text(line + "\n")
    found = asked(web, logs=(str(log),), apply=True, new="extra")
    assert [change.item.statement for change in found.proposals[-1].changes] == ["allow udev_t sysctl_fs_t:dir search;"]
    assert 'types = ["udev_t"]' in (web / "policy/extra/module.toml").read_text()
    built(web)
    assert replay(web, LOCAL, ["extra"], lambda _: None).failed == ()
    assert asked(web, logs=(str(log),)).unowned == ()


def test_the_command_line_from_a_proposal_to_nothing_new(web: Workspace) -> None:
    def typed(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "invoke", *words]
        return subprocess.run(command, cwd=web.root, capture_output=True, text=True, check=False)

    assert typed("regenerate").returncode == 2
    first = typed("regenerate", "-m", "web", "--log", LOG)
    assert (first.returncode, first.stderr) == (10, "")
    assert first.stdout.splitlines()[-1] == f"next: invoke regenerate -m web --log {LOG} --apply"
    document = json.loads(typed("regenerate", "--log", LOG, "--output", "json").stdout)
    assert {change["statement"] for change in document["modules"][0]["changes"]} == set(EXPECTED)
    assert "```diff\n+ boolean" in typed("regenerate", "--log", LOG, "--output", "markdown").stdout
    written = typed("regenerate", "--log", LOG, "--apply")
    assert written.returncode == 11  # execmem waits for a word
    assert written.stdout.splitlines()[-1] == "next: invoke build"
    assert typed("build").returncode == 0
    refused = typed("regenerate", "--log", LOG, "--apply", "--refuse", "boolean httpd_execmem on", "--reason", "No.")
    assert refused.returncode == 0
    assert typed("build").returncode == 0
    assert typed("regenerate", "--log", LOG).returncode == 0
    replayed = typed("denials.replay")
    assert (replayed.returncode, replayed.stderr) == (0, "")
    assert "8 as the ledger says, 0 otherwise, 0 not asked" in replayed.stdout
    shown = typed("denials.why", "web", "port tcp 18765 http_port_t")
    assert "accepted by" in shown.stdout
    unknown = typed("denials.why", "web", "port tcp 1 http_port_t")
    assert unknown.returncode == 2
    assert "Traceback" not in unknown.stderr
