"""What a ledger holds is compiled into the module, by the real tools; what goes wrong leads back to the ledger."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sepack.model.build import Built, Failed, Fresh, Notice, Planned
from sepack.pipeline.build import BuildRequest, build
from sepack.workspace import Workspace
from tests.tools.building import LOCAL, TOOLS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sepack.model.build import BuildEvent

CASES = Path(__file__).parents[1] / "golden/render"
STORE = Path("/var/lib/selinux/default")


@pytest.fixture(autouse=True)
def _tools(require_tool: Callable[[str], str]) -> None:
    for tool in TOOLS:
        require_tool(tool)


def laid_out(case: str, root: Path) -> Path:
    """A repository whose one module is the golden case."""
    shutil.copytree(CASES / case, root / "policy/shop", ignore=shutil.ignore_patterns("expected"))
    (root / "tasks.py").write_text("from sepack.tasks import ns\n")
    return root


def built(root: Path, **settings: str) -> list[BuildEvent]:
    return list(build(Workspace(root), replace(LOCAL, **settings), BuildRequest(), lambda _: None))  # type: ignore[arg-type]


def replaced(root: Path, before: str, after: str) -> None:
    ledger = root / "policy/shop/ledger.toml"
    assert before in ledger.read_text()
    ledger.write_text(ledger.read_text().replace(before, after))


@pytest.mark.parametrize("case", ["ledger-plain", "ledger-refpolicy", "ledger-alone", "ledger-templated"])
def test_each_case_compiles_and_a_second_build_has_nothing_to_do(tmp_path: Path, case: str) -> None:
    root = laid_out(case, tmp_path)
    assert [event for event in built(root) if isinstance(event, Failed)] == []
    assert (root / "build/host/shop/shop.pp").is_file()
    (planned,) = [event for event in built(root) if isinstance(event, Planned)]
    assert [type(decision) for decision in planned.decisions] == [Fresh]


@pytest.mark.root
def test_a_store_that_takes_the_module_allows_what_was_accepted_and_labels_it(
    tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    for tool in ("semodule", "sesearch", "matchpathcon"):
        require_tool(tool)
    built(laid_out("ledger-refpolicy", tmp_path))
    copy = tmp_path / "copy"
    shutil.copytree("/etc/selinux", copy / "etc/selinux")
    shutil.copytree(STORE, copy / "var/lib/selinux/default")
    package = tmp_path / "build/host/shop/shop.pp"
    subprocess.run(["semodule", "-n", "-p", str(copy), "-s", "default", "-X", "200", "-i", str(package)], check=True)
    (policy,) = (copy / "etc/selinux/default/policy").iterdir()
    search = ["sesearch", "-A", "-s", "httpd_t", "-t", "shop_t", "-c", "file", str(policy)]
    rules = subprocess.run(search, check=True, capture_output=True, text=True).stdout
    assert "allow httpd_t shop_t:file { getattr open };" in rules
    contexts = copy / "etc/selinux/default"
    label = subprocess.run(
        ["matchpathcon", "-P", str(contexts), "/srv/index/a"], check=True, capture_output=True, text=True
    )
    assert ":httpd_sys_content_t:" in label.stdout


def test_a_refused_item_is_not_in_the_module(tmp_path: Path) -> None:
    root = laid_out("ledger-plain", tmp_path)
    built(root)
    assert b"shadow_t" not in (root / "build/host/shop/shop.pp").read_bytes()


def test_an_edited_ledger_is_built_again(tmp_path: Path) -> None:
    root = laid_out("ledger-plain", tmp_path)
    built(root)
    replaced(root, 'answer = "refused"', 'answer = "accepted"')
    (event,) = [event for event in built(root) if isinstance(event, Built)]
    assert event.reason == "policy/shop/ledger.toml changed"
    assert b"shadow_t" in (root / "build/host/shop/shop.pp").read_bytes()


def test_what_the_compiler_refuses_leads_to_the_item(tmp_path: Path) -> None:
    root = laid_out("ledger-refpolicy", tmp_path)
    replaced(root, "files_read_etc_files(shop_t)", "files_raed_etc_files(shop_t)")
    (failed,) = [event for event in built(root) if isinstance(event, Failed)]
    line = 1 + (root / "policy/shop/ledger.toml").read_text()[:-1].split("\n").index(
        'statement = "files_raed_etc_files(shop_t)"'
    )
    assert str(failed.errors[0].where) in {f"policy/shop/ledger.toml:{line - 1}", f"policy/shop/ledger.toml:{line}"}
    assert "files_raed_etc_files" in str(failed.errors[0])


def test_lines_behind_the_section_still_lead_to_the_author_s(tmp_path: Path) -> None:
    root = laid_out("ledger-templated", tmp_path)
    te = root / "policy/shop/shop.te.j2"
    te.write_text(te.read_text() + "allow httpd_t self:proces signal;\n")
    (failed,) = [event for event in built(root) if isinstance(event, Failed)]
    assert str(failed.errors[0].where).startswith("policy/shop/shop.te.j2:6")


def test_an_expired_item_warns_and_with_the_setting_fails(tmp_path: Path) -> None:
    root = laid_out("ledger-plain", tmp_path)
    replaced(root, "reason = \"It's", "expires = 2026-01-01\nreason = \"It's")
    words = "'allow httpd_t self:process execmem;' was accepted by Ada until 2026-01-01, and that has passed"
    events = built(root)
    assert [event.text for event in events if isinstance(event, Notice)] == [f"policy/shop/ledger.toml:3: {words}"]
    assert any(isinstance(event, Built) for event in events)
    (failed,) = [event for event in built(root, expiry="error") if isinstance(event, Failed)]
    assert str(failed.errors[0]) == f"policy/shop/ledger.toml:3: {words}"


def test_a_broken_ledger_fails_its_module_and_no_other(tmp_path: Path) -> None:
    root = laid_out("ledger-plain", tmp_path)
    shutil.copytree(root / "policy/shop", root / "policy/other")
    (root / "policy/other/shop.te").rename(root / "policy/other/other.te")
    (root / "policy/other/other.te").write_text("module other 1.0;\nrequire { type httpd_t; class process signal; }\n")
    (root / "policy/other/ledger.toml").unlink()
    (root / "policy/other/module.toml").unlink()
    replaced(root, "when = 2026-11-24", "when = soon")
    events = built(root)
    assert [event.module for event in events if isinstance(event, Failed)] == ["shop"]
    assert [event.module for event in events if isinstance(event, Built)] == ["other"]
