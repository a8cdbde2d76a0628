"""What a ledger holds, put into a module's text: its place, its words, and the way back to its items."""

from __future__ import annotations

import datetime as dt
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepack.errors import SepackError
from sepack.model.ledger import Answer, Denied, Ledger, LedgerEvidence, LedgerItem
from sepack.model.module import SourceKind
from sepack.model.statement import read_statement
from sepack.stages.render import locate, render
from sepack.stages.render.learned import made_text, with_learned
from sepack.targets import load_targets
from tests.unit.catalog_ledgers import ledgers
from tests.unit.repositories import EL9, RULES, only_module, repository

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sepack.model.module import Module
    from sepack.model.sources import Sources
    from sepack.workspace import Workspace

PATH = PurePosixPath("policy/shop/ledger.toml")
ITEM = """
[[item]]
statement = "{statement}"
kind = "{kind}"
answer = "accepted"
reason = "Why not."
by = "Ada"
when = 2026-11-24
"""
EXECMEM = ITEM.format(statement="allow httpd_t self:process execmem;", kind="rule")
READ = ITEM.format(statement="allow httpd_t var_t:file read;", kind="rule")
CALL = ITEM.format(statement="files_read_etc_files(httpd_t)", kind="interface")
LABEL = ITEM.format(statement="file_context /srv/x httpd_sys_content_t", kind="file_context")


def shop(root: Path, files: Mapping[str, str]) -> tuple[Workspace, Module]:
    workspace = repository(root, {f"policy/shop/{name}": text for name, text in files.items()})
    return workspace, only_module(workspace)


def rendered(root: Path, files: Mapping[str, str]) -> Sources:
    workspace, module = shop(root, files)
    return render(module, EL9, workspace)


def item(statement: str, reason: str = "Why not.", evidence: LedgerEvidence | None = None) -> LedgerItem:
    read = read_statement(statement)
    assert read is not None
    return LedgerItem(
        kind=read[0],
        answer=Answer.ACCEPTED,
        item=read[1],
        statement=statement,
        reason=reason,
        by="Ada",
        when=dt.date(2026, 11, 24),
        evidence=evidence or LedgerEvidence(),
    )


def section(*items: LedgerItem) -> list[str]:
    """The lines of the section for a module that is made of its ledger alone."""
    ledger = Ledger(items=items)
    text = made_text(SourceKind.TE, ledger, PATH, "shop", "1.0")
    assert text is not None
    from sepack.formats.policy_text import dialect_of

    return with_learned(text, ledger, PATH, dialect_of(text.text, ""), EL9).text.split("\n")


@given(st.text(min_size=1).filter(str.strip))
def test_a_reason_is_one_comment_whatever_is_in_it(reason: str) -> None:
    (line,) = [line for line in section(item("allow a_t b_t:file read;", reason)) if line.startswith("#")][1:]
    assert line.isprintable()
    assert not {"`", "'"}.intersection(line)


@given(ledgers)
def test_the_require_block_names_what_the_rules_name_and_nothing_else(ledger: Ledger) -> None:
    from sepack.model.rule import Rule

    lines = "\n".join(section(*(each for each in ledger.items if isinstance(each.item, Rule)))).split("\n")
    rules = [each.item for each in ledger.accepted if isinstance(each.item, Rule)]
    if not rules:
        return
    block = [line.strip() for line in lines[lines.index("require {") + 1 : lines.index("}")]]
    assert [line for line in block if line.startswith("type ")] == [
        f"type {name};" for name in sorted({name for rule in rules for name in (rule.source, rule.target)})
    ]
    permissions = {
        (tclass, permission)
        for line in block
        if line.startswith("class ")
        for tclass, *words in [line.removeprefix("class ").removesuffix("};").replace("{", " ").split()]
        for permission in words
    }
    assert permissions == {(rule.tclass, permission) for rule in rules for permission in rule.permissions}


def test_a_rule_stands_in_quotation_marks_where_m4_reads_it() -> None:
    lines = section(item("files_read_etc_files(a_t)"), item("allow a_t b_t:file manage_file_perms;"))
    assert "`allow a_t b_t:file manage_file_perms;'" in lines
    assert "\t`class file { manage_file_perms };'" in lines


def test_a_call_s_types_are_required_by_their_ending_or_their_evidence() -> None:
    denied = Denied("u:r:shopper:s0", "u:r:var_t:s0", "file", ("read",))
    lines = section(item("some_call(shop_t, shopper, file)", evidence=LedgerEvidence(denied=(denied,))))
    assert [line.strip() for line in lines if "type " in line] == ["`type shop_t;'", "`type shopper;'"]


@pytest.mark.parametrize(
    ("ledger", "text"),
    [
        ("", "module shop 1.0.0;\n\nrequire {\n\trole object_r;\n}\n"),
        (LABEL, "module shop 1.0.0;\n\nrequire {\n\ttype httpd_sys_content_t;\n}\n"),
        (CALL.replace("accepted", "refused"), "module shop 1.0.0;\n\nrequire {\n\trole object_r;\n}\n"),
    ],
)
def test_a_module_without_rules_requires_something_as_it_must(tmp_path: Path, ledger: str, text: str) -> None:
    assert rendered(tmp_path, {"module.toml": "", "ledger.toml": ledger}).te.text == text


def test_a_module_with_nothing_but_calls_is_a_refpolicy_module(tmp_path: Path) -> None:
    te = rendered(tmp_path, {"module.toml": 'version = "2.0"', "ledger.toml": CALL}).te.text
    assert te.startswith("policy_module(shop, 2.0)\n")


def test_a_call_in_a_plain_module_is_refused_at_its_item(tmp_path: Path) -> None:
    workspace, module = shop(tmp_path, {"shop.te": RULES, "ledger.toml": EXECMEM + CALL})
    with pytest.raises(SepackError) as caught:
        render(module, EL9, workspace)
    assert str(caught.value).startswith(
        "policy/shop/ledger.toml:10: 'files_read_etc_files(httpd_t)' calls an interface"
    )
    assert "refuse the item" in caught.value.hint


@pytest.mark.parametrize(
    ("file", "text", "line", "words"),
    [
        ("shop.te.j2", RULES + "# {{ learned.rules }}\n", 6, "{{ learned.rules }} shares its line"),
        ("shop.te.j2", RULES + "{{ learned.rules }}\n\n{{ learned.rules }}\n", 8, "is printed a second time"),
        (
            "shop.te.j2",
            RULES + "{{ learned.file_contexts }}\n",
            6,
            "file_contexts }} has no meaning in an .te",
        ),
        ("shop.fc.j2", "\n{{ learned.rules }}\n", 2, "{{ learned.rules }} has no meaning in an .fc"),
        ("shop.if.j2", "{{ learned.rules }}\n", 1, "{{ learned.rules }} has no meaning in an .if"),
    ],
)
@pytest.mark.parametrize("ledger", [None, EXECMEM])
def test_a_mark_that_is_out_of_place_is_said(
    tmp_path: Path, file: str, text: str, line: int, words: str, ledger: str | None
) -> None:
    files = {"shop.te": RULES, file: text} | ({"ledger.toml": ledger} if ledger else {})
    if file == "shop.te.j2":
        del files["shop.te"]
    workspace, module = shop(tmp_path, files)
    with pytest.raises(SepackError) as caught:
        render(module, EL9, workspace)
    assert str(caught.value).startswith(f"policy/shop/{file}:{line}: ")
    assert words in str(caught.value)


def test_each_line_leads_to_the_item_that_asked_for_it(tmp_path: Path) -> None:
    workspace, module = shop(tmp_path, {"shop.te": RULES, "ledger.toml": EXECMEM + READ})
    te = render(module, EL9, workspace).te
    places = {
        line: locate(te, module, EL9, workspace, number).line
        for number, line in enumerate(te.text.split("\n")[5:-1], start=6)
    }
    assert places == {
        "": 2,
        "# Learned from denials: policy/shop/ledger.toml": 2,
        "require {": 2,
        "\ttype httpd_t;": 2,
        "\ttype var_t;": 10,
        "\tclass file { read };": 10,
        "\tclass process { execmem };": 2,
        "}": 2,
        "# Why not.": 10,
        "allow httpd_t self:process execmem;": 2,
        "allow httpd_t var_t:file read;": 10,
    }


def test_a_made_header_leads_to_no_line_of_the_ledger(tmp_path: Path) -> None:
    workspace, module = shop(tmp_path, {"module.toml": "", "ledger.toml": EXECMEM})
    te = render(module, EL9, workspace).te
    assert locate(te, module, EL9, workspace, 1).line is None


@pytest.mark.parametrize("target", sorted(load_targets()))
def test_a_module_without_a_ledger_is_the_author_s_text(tmp_path: Path, target: str) -> None:
    workspace, module = shop(tmp_path, {"shop.te": RULES, "shop.fc": "/srv/x\tsystem_u:object_r:a_t:s0\n"})
    texts = render(module, load_targets()[target], workspace).texts
    assert [text.text for text in texts] == [RULES, "/srv/x\tsystem_u:object_r:a_t:s0\n"]
