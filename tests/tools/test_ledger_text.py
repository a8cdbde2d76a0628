"""What the real m4 and checkmodule make of a ledger's section: what was accepted, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sepack.model.build import Built, Failed, Notice
from sepack.pipeline.build import BuildRequest, build
from sepack.workspace import Workspace
from tests.tools.building import LOCAL, TOOLS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sepack.model.build import BuildEvent
    from sepack.settings import Settings

HLL = "/usr/libexec/selinux/hll/pp"
PLAIN = "module shop 1.0;\n"
REFPOLICY = "policy_module(shop, 1.0)\n"
WITHIN = "policy_module({{ module.name }}, 1.0)\ntype shop_t;\noptional_policy(`\n{{ learned.rules }}\n')\n"
HOSTILE = (
    "dnl and nothing more",
    "a `quote",
    "an apostrophe's end",
    "') allow(",
    "`') define(`allow', `neverallow",
    "include(/etc/passwd) syscmd(id)",
    '#line 1 "elsewhere"',
    "} ; require { type shadow_t; }",
    "changequote([,]) changecom(",
    "two\nlines\rand\u2028more",
    'a "text',
)


@pytest.fixture(autouse=True)
def _tools(require_tool: Callable[[str], str]) -> None:
    for tool in TOOLS:
        require_tool(tool)
    if not shutil.which(HLL):
        require_tool("semodule")


def item(statement: str, reason: str = "Why not.", kind: str = "rule") -> str:
    quoted = reason.encode("unicode_escape").decode().replace("\\x", "\\u00").replace('"', '\\"')
    return (
        f'[[item]]\nstatement = "{statement}"\nkind = "{kind}"\nanswer = "accepted"\nreason = "{quoted}"\n'
        'by = "Ada"\nwhen = 2026-11-24\n\n'
    )


def shop(root: Path, te: str, ledger: str) -> Path:
    (root / "policy/shop").mkdir(parents=True)
    (root / "tasks.py").write_text("from sepack.tasks import ns\n")
    (root / f"policy/shop/shop.te{'.j2' if '{{' in te else ''}").write_text(te)
    (root / "policy/shop/ledger.toml").write_text(ledger)
    return root


def built(root: Path, settings: Settings = LOCAL) -> list[BuildEvent]:
    return list(build(Workspace(root), settings, BuildRequest(), lambda _: None))


def meaning(root: Path) -> list[str]:
    """The module's allow rules as CIL, by the loader's own reading of the .pp."""
    package = root / "build/host/shop/shop.pp"
    text = subprocess.run([HLL, str(package)], check=True, capture_output=True, text=True).stdout
    return sorted({line.strip() for line in text.split("\n") if line.strip().startswith("(allow")})


@pytest.mark.parametrize("te", [PLAIN, REFPOLICY, WITHIN], ids=["plain", "refpolicy", "within a macro"])
def test_no_reason_changes_what_is_allowed(tmp_path: Path, te: str) -> None:
    ledger = "".join(
        item(f"allow httpd_t self:{tclass} read;", reason)
        for tclass, reason in zip(
            "file dir lnk_file chr_file blk_file sock_file fifo_file tcp_socket udp_socket rawip_socket socket".split(),
            HOSTILE,
            strict=True,
        )
    )
    root = shop(tmp_path, te, ledger)
    assert [event for event in built(root) if isinstance(event, Failed | Notice)] == []
    assert len(meaning(root)) == len(HOSTILE)
    assert all(rule.startswith("(allow httpd_t self (") and rule.endswith(" (read)))") for rule in meaning(root))


@pytest.mark.parametrize("te", [REFPOLICY, WITHIN], ids=["refpolicy", "within a macro"])
@pytest.mark.parametrize("word", ["manage_file_perms", "dnl", "divnum", "refpolicywarn"])
def test_no_macro_s_name_makes_more_of_a_rule(tmp_path: Path, te: str, word: str) -> None:
    """As a type, and as a permission that no class has: m4 would expand the one and swallow lines at the other."""
    ledger = item(f"allow httpd_t {word}:file read;") + item(f"allow httpd_t self:file {word};")
    root = shop(tmp_path, te, ledger)
    assert [event for event in built(root) if isinstance(event, Failed)] == []
    assert meaning(root) == sorted([f"(allow httpd_t {word} (file (read)))", f"(allow httpd_t self (file ({word})))"])


@pytest.mark.parametrize(
    "te",
    [
        PLAIN + "type shop_t;\n",
        PLAIN
        + "require { type httpd_t; class file { read write }; }\ntype shop_t;\nallow httpd_t shop_t:file write;\n",
        PLAIN + "optional { require { type httpd_t; class file read; } allow httpd_t self:file read; }\ntype shop_t;\n",
        "module shop 1.0;\n{{ learned.rules }}\ntype shop_t;\n",
        "module shop 1.0;\ntype httpd_t;\n{{ learned.rules }}\ntype shop_t alias shopping_t;\n",
        REFPOLICY + "gen_require(`\n\ttype httpd_t;\n\tclass file all_file_perms;\n')\ntype shop_t;\n",
        REFPOLICY + "type shop_t;\nfiles_type(shop_t)\n",
    ],
)
def test_the_require_block_is_valid_whatever_the_author_declares_or_requires(tmp_path: Path, te: str) -> None:
    root = shop(tmp_path, te, item("allow httpd_t shop_t:file { getattr open };"))
    assert [event for event in built(root) if isinstance(event, Failed)] == []
    assert "(allow httpd_t shop_t (file (getattr open)))" in meaning(root)


@pytest.mark.parametrize("te", [PLAIN, REFPOLICY], ids=["plain", "refpolicy"])
def test_extended_permissions_are_built_where_the_format_holds_them(tmp_path: Path, te: str) -> None:
    ledger = item("allow httpd_t self:chr_file ioctl;") + item(
        "allowxperm httpd_t self:chr_file ioctl { 0x5401 0x5413 };"
    )
    root = shop(tmp_path, te, ledger)
    assert [event for event in built(root) if isinstance(event, Failed)] == []
    (failed,) = [event for event in built(root, replace(LOCAL, module_format=17)) if isinstance(event, Failed)]
    assert str(failed.errors[0]) == (
        "policy/shop/ledger.toml:9: an extended permission (allowxperm …) needs module format 18, "
        "and format 17 was asked for"
    )


def test_the_same_ledger_gives_the_same_bytes_in_another_place(tmp_path: Path) -> None:
    te, ledger = REFPOLICY + "type shop_t;\n", item("allow httpd_t shop_t:file read;", "It's `why'")
    roots = [shop(tmp_path / name, te, ledger) for name in ("here", "in/another/place")]
    for root in roots:
        built(root)
    one, other = ((root / "build/host/shop/shop.pp").read_bytes() for root in roots)
    assert one == other


def test_a_ledger_that_is_edited_while_it_is_built_is_built_again(tmp_path: Path) -> None:
    root = shop(tmp_path, PLAIN, item("allow httpd_t self:file read;"))
    file = root / "policy/shop/ledger.toml"
    for event in build(Workspace(root), LOCAL, BuildRequest(), lambda _: None):
        if not isinstance(event, Built):  # all that comes before it
            file.write_text(item("allow httpd_t self:file write;"))
    assert meaning(root) == ["(allow httpd_t self (file (read)))"]
    (again,) = [event for event in built(root) if isinstance(event, Built)]
    assert again.reason == "policy/shop/ledger.toml changed"
    assert meaning(root) == ["(allow httpd_t self (file (write)))"]


def test_a_ledger_that_is_edited_after_it_was_found_up_to_date_is_built_again(tmp_path: Path) -> None:
    """The look of the file that is remembered must not be the edited one's."""
    root = shop(tmp_path, PLAIN, item("allow httpd_t self:file read;"))
    built(root)
    file = root / "policy/shop/ledger.toml"
    events = build(Workspace(root), LOCAL, BuildRequest(), lambda _: None)
    next(events)  # the toolchain is chosen, the ledger read, nothing planned
    file.write_text(item("allow httpd_t self:file write;"))
    list(events)
    assert [type(event) for event in built(root) if isinstance(event, Built)] == [Built]
    assert meaning(root) == ["(allow httpd_t self (file (write)))"]
