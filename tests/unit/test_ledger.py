"""ledger.toml: what is saved is loaded, what people wrote stays, and nothing is half-written."""

from __future__ import annotations

import datetime as dt
import multiprocessing
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sepack.authored import NotTextError, OutsideError
from sepack.catalog.ledger import ledger_from_text, load_ledger
from sepack.catalog.ledger_errors import LedgerChangedError
from sepack.catalog.ledger_file import ledger_text, save_items, with_items
from sepack.errors import SepackError
from sepack.model.ledger import Answer, Denied, ItemKind, Ledger, LedgerEvidence, LedgerItem
from sepack.model.rule import Rule
from sepack.model.statement import read_statement
from sepack.workspace import Workspace
from tests.unit.catalog_ledgers import items, ledgers, meanings

if TYPE_CHECKING:
    from sepack.model.ledger import Item

PATH = PurePosixPath("policy/shop/ledger.toml")
DAY = dt.date(2026, 11, 24)
WRITTEN = """\
# Ours: ask Ada before you change it.

# the importer reads its settings
[[item]]
statement = "allow shop_t etc_t:file read;"
x_ticket = "SEC-12"   # see there
kind = "rule"
by = "Ada"
answer = "accepted"
when = 2026-11-01
reason = '''
It reads
[[item]]
of its own.'''

[[item]]
statement = "boolean httpd_execmem on"
kind = "boolean"
answer = "refused"
reason = "No."
by = "Ada"
when = 2026-11-01
"""


def rule(permission: str, **values: object) -> LedgerItem:
    meaning = Rule.of("shop_t", "var_t", "file", [permission])
    given_values = {"answer": Answer.ACCEPTED, "reason": "Why not.", "by": "Bob", "when": DAY, **values}
    return LedgerItem(kind=ItemKind.RULE, item=meaning, statement=meaning.statement(), **given_values)  # type: ignore[arg-type]


def loaded(text: str) -> Ledger:
    ledger, errors = ledger_from_text(text, PATH)
    assert errors == []
    return ledger


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "policy/shop").mkdir(parents=True)
    return Workspace(tmp_path)


@given(meanings)
def test_a_statement_that_is_printed_is_read_back(meaning: tuple[ItemKind, Item]) -> None:
    kind, item = meaning
    assert read_statement(item.statement()) == (kind, item)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "allow a b:c { y x };",
        "allow a b:c x",
        "boolean a yes",
        "port tcp 0 a_t",
        "port tcp 70000 a_t",
        "port tcp 9-8 a_t",
        "port tcp 080 a_t",
        "file_context /a b c_t d",
        "file_context /a`b c_t",
        "file_context /a'b c_t",
        "file_context /a\x1bb c_t",
        "file_context /\u00e9 c_t",
        "file_context srv c_t",
        "syscmd(`id')",
        "f(a,b)",
        "f()",
    ],
)
def test_what_no_fix_prints_is_no_statement(text: str) -> None:
    assert read_statement(text) is None


FEW = settings(max_examples=30, deadline=None)  # tomlkit takes its time


@FEW
@given(ledgers)
def test_what_is_saved_is_loaded(ledger: Ledger) -> None:
    assert loaded(with_items("", ledger.items, PATH)) == ledger


@FEW
@given(ledgers, st.randoms())
def test_saving_in_any_order_and_twice_gives_the_same_text(ledger: Ledger, random: object) -> None:
    text = with_items("", ledger.items, PATH)
    shuffled = list(ledger.items)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one_by_one = ""
    for item in shuffled:
        one_by_one = with_items(one_by_one, [item], PATH)
    assert loaded(one_by_one) == ledger
    assert with_items(text, ledger.items, PATH) == text


@FEW
@given(ledgers, items)
def test_a_new_item_changes_no_other_line(ledger: Ledger, item: LedgerItem) -> None:
    others = Ledger(items=tuple(each for each in ledger.items if each.statement != item.statement))
    before = with_items("# ours\n", others.items, PATH).split("\n")
    after = with_items("\n".join(before), [item], PATH).split("\n")
    kept = [line for line in before if line]
    remaining = iter(line for line in after if line)
    assert all(line in remaining for line in kept)


def test_what_people_wrote_stays() -> None:
    text = with_items(WRITTEN, [rule("read")], PATH)
    begin = WRITTEN.index('[[item]]\nstatement = "boolean')
    assert text.startswith("# Ours: ask Ada before you change it.\n\n# the importer reads its settings\n[[item]]\n")
    assert all(line in text for line in WRITTEN.split("\n"))
    assert text.index("var_t:file read") > begin


def test_an_answer_that_changes_touches_its_own_lines_only() -> None:
    item = loaded(WRITTEN).get("allow shop_t etc_t:file read;")
    assert item is not None
    text = with_items(WRITTEN, [replace(item, answer=Answer.REFUSED)], PATH)
    assert text == WRITTEN.replace('answer = "accepted"', 'answer = "refused"')


def test_each_item_knows_its_line() -> None:
    ledger, errors = ledger_from_text(WRITTEN.replace("'''\nIt reads\n[[item]]\nof its own.'''", '"Why."'), PATH)
    assert errors == []
    assert [item.where.line for item in ledger.items if item.where] == [13, 4]


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        (('kind = "boolean"', 'kind = "bolean"'), 18, "'kind' is 'bolean', and has to be one of rule"),
        (('answer = "refused"', 'answer = "maybe"'), 19, "'answer' is 'maybe'"),
        (("when = 2026-11-01\n", 'when = "today"\n'), 10, "a day: 2026-11-24"),
        (('reason = "No."', 'reason = ""'), 20, "'reason' is ''"),
        (('by = "Ada"\nwhen', "when"), 16, "an item has no 'by'"),
        (("boolean httpd_execmem on", "boolean httpd_execmem yes"), 17, "no statement of the kind boolean"),
        (('reason = "No."', 'reson = "No."'), 20, "no key of an item 'reson'"),
        (("# Ours", "[items]\n# Ours"), 1, "a ledger has no key 'items'"),
        (('reason = "No."', "reason = No."), 20, "this is not understood"),
        (('reason = "No."', 'reason = "No."\nevidence = 1'), 21, "'evidence' is 1"),
        (('reason = "No."', 'reason = "No."\nevidence = { lines = "2" }'), 16, "'lines' is '2'"),
        (('reason = "No."', 'reason = "No."\nevidence = { hosts = [1] }'), 16, "'hosts' is [1]"),
        (('reason = "No."', 'reason = "No."\nevidence = { denied = [{ source = "a" }] }'), 16, "'denied' is"),
        (('reason = "No."', 'reason = "No."\nevidence = { first_seen = 1 }'), 16, "'first_seen' is 1"),
        (('reason = "No."', 'reason = "No."\nevidence = { when = 1 }'), 23, "no key of evidence 'when'"),
        (('reason = "No."', 'reason = "No."\nexpires = 1'), 21, "'expires' is 1"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(change: tuple[str, str], line: int, words: str) -> None:
    text = WRITTEN.replace("'''\nIt reads\n[[item]]\nof its own.'''", '"""\nWhy\n\n."""')
    text = text.replace('[[item]]\nstatement = "boolean', '[[item]]\nstatement = "boolean').replace(*change)
    _, errors = ledger_from_text(text, PATH)
    assert [str(error.where) for error in errors][:1] == [
        f"{PATH}:{line}:10" if "understood" in words else f"{PATH}:{line}"
    ]
    assert words in str(errors[0])


EVIDENCE = """
[item.evidence]
# counted by hand
lines = 3   # or four
x_seen_by = "Bob"
hosts = [
    "a",   # the old one
    "c",
]
denied = [
    # from the first log
    {source = "a_u:b_r:c_t:s0", target = "a_u:b_r:c_t:s0", tclass = "x", permissions = ["p"]},
]
"""


def test_evidence_that_grows_leaves_the_comments_and_own_keys_in_it() -> None:
    text = WRITTEN + EVIDENCE
    item = loaded(text).get("boolean httpd_execmem on")
    assert item is not None
    more = Denied("a_u:b_r:d_t:s0", "a_u:b_r:c_t:s0", "x", ("p",))
    evidence = replace(item.evidence, lines=4, hosts=("a", "b", "c"), denied=(*item.evidence.denied, more))
    grown = with_items(text, [replace(item, evidence=evidence)], PATH)
    line = '    {source = "a_u:b_r:d_t:s0", target = "a_u:b_r:c_t:s0", tclass = "x", permissions = ["p"]},\n'
    expected = text.replace("lines = 3", "lines = 4").replace('    "c",\n', '    "b",\n    "c",\n')
    assert grown == expected.removesuffix("]\n") + line + "]\n"


def test_evidence_that_is_gone_leaves_a_person_s_own_keys() -> None:
    item = loaded(WRITTEN + EVIDENCE).get("boolean httpd_execmem on")
    assert item is not None
    text = with_items(WRITTEN + EVIDENCE, [replace(item, evidence=LedgerEvidence())], PATH)
    assert 'x_seen_by = "Bob"' in text
    assert loaded(text).get(item.statement) == replace(item, evidence=LedgerEvidence())


@FEW
@given(ledgers, items, st.integers(0, 4))
def test_an_item_that_changes_in_any_way_is_loaded_as_changed(ledger: Ledger, other: LedgerItem, which: int) -> None:
    if not ledger.items:
        return
    old = ledger.items[which % len(ledger.items)]
    new = replace(other, kind=old.kind, item=old.item, statement=old.statement)
    text = with_items(with_items("", ledger.items, PATH), [new], PATH)
    assert loaded(text) == Ledger(items=tuple(new if each is old else each for each in ledger.items))


def test_a_character_that_hides_is_written_as_an_escape() -> None:
    text = with_items("", [rule("read", reason="a\u202eb\x1b[31m\u200b\n\U000e0041\ud800")], PATH)
    assert r'reason = "a\u202eb\u001b[31m\u200b\n\U000e0041�"' in text
    assert all(char.isprintable() or char == "\n" for char in text)


def test_the_line_ends_of_a_ledger_stay() -> None:
    text = with_items(WRITTEN.replace("\n", "\r\n"), [rule("read")], PATH)
    assert text.count("\n") == text.count("\r\n") > WRITTEN.count("\n")


def test_a_statement_twice_is_refused() -> None:
    text = with_items("", [rule("read")], PATH)
    _, (error,) = ledger_from_text(text + "\n" + text, PATH)
    assert "stands here a second time" in str(error)


def test_a_ledger_with_errors_is_not_written(workspace: Workspace) -> None:
    broken = "[[item]]\nstatement = 1\n"
    (workspace / PATH).write_text(broken)
    with pytest.raises(SepackError):
        save_items(workspace, "shop", [rule("read")], before=broken)
    assert (workspace / PATH).read_text() == broken


@pytest.mark.parametrize(
    ("data", "words"), [(b"# caf\xe9\n", "not plain UTF-8 text"), (b"\xff\xfe#\0", "UTF-16"), (b"#\0", "NUL")]
)
def test_a_ledger_that_is_no_text_is_said_and_stays(workspace: Workspace, data: bytes, words: str) -> None:
    (workspace / PATH).write_bytes(data)
    for attempt in (
        lambda: ledger_text(workspace, "shop"),
        lambda: save_items(workspace, "shop", [rule("read")], before=None),
    ):
        with pytest.raises(NotTextError, match=words):
            attempt()
    assert (workspace / PATH).read_bytes() == data


def test_a_link_to_a_ledger_elsewhere_in_the_repository_stays_one(workspace: Workspace) -> None:
    (workspace / "shared").mkdir()
    (workspace / "shared/ledger.toml").write_text("# shared\n")
    (workspace / PATH).symlink_to("../../shared/ledger.toml")
    save_items(workspace, "shop", [rule("read")], before="# shared\n")
    assert (workspace / PATH).is_symlink()
    assert "var_t:file read" in (workspace / "shared/ledger.toml").read_text()


def test_a_link_out_of_the_repository_is_not_written_through(workspace: Workspace, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-elsewhere.toml"
    outside.write_text("# theirs\n")
    (workspace / PATH).symlink_to(outside)
    with pytest.raises(OutsideError):
        save_items(workspace, "shop", [rule("read")], before="# theirs\n")
    assert outside.read_text() == "# theirs\n"


def test_a_first_item_makes_the_file_and_says_what_it_is(workspace: Workspace) -> None:
    assert save_items(workspace, "shop", [rule("read")], before=None)
    assert (workspace / PATH).read_text().startswith("# What was learned for shop from denials")
    ledger, errors = load_ledger(workspace, "shop")
    assert (ledger.items, errors) == ((rule("read"),), [])


def test_saving_what_is_there_writes_nothing(workspace: Workspace) -> None:
    save_items(workspace, "shop", [rule("read")], before=None)
    status = (workspace / PATH).stat()
    assert not save_items(workspace, "shop", [rule("read")], before=ledger_text(workspace, "shop"))
    assert (workspace / PATH).stat().st_ino == status.st_ino


def test_the_file_s_mode_stays(workspace: Workspace) -> None:
    (workspace / PATH).write_text("# mine\n")
    (workspace / PATH).chmod(0o640)
    save_items(workspace, "shop", [rule("read")], before="# mine\n")
    assert (workspace / PATH).stat().st_mode & 0o777 == 0o640


def test_what_somebody_else_wrote_meanwhile_is_not_lost(workspace: Workspace) -> None:
    (workspace / PATH).write_text("# theirs\n")
    with pytest.raises(LedgerChangedError, match="changed by somebody else"):
        save_items(workspace, "shop", [rule("read")], before=None)
    assert (workspace / PATH).read_text() == "# theirs\n"


def _save_one(root: Path, permission: str) -> None:
    while True:
        try:
            workspace = Workspace(root)
            save_items(workspace, "shop", [rule(permission)], before=ledger_text(workspace, "shop"))
        except LedgerChangedError:
            continue
        return


def test_two_at_once_lose_nothing(workspace: Workspace) -> None:
    context = multiprocessing.get_context("spawn")
    permissions = ["read", "write", "open", "append"]
    writers = [context.Process(target=_save_one, args=(workspace.root, each)) for each in permissions]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    ledger, errors = load_ledger(workspace, "shop")
    assert errors == []
    assert [item.statement for item in ledger.items] == sorted(rule(each).statement for each in permissions)


def test_a_ledger_that_leads_out_of_the_repository_is_not_read(workspace: Workspace, tmp_path: Path) -> None:
    outside = tmp_path.parent / "elsewhere.toml"
    outside.write_text("")
    (workspace / PATH).symlink_to(outside)
    _, (error,) = load_ledger(workspace, "shop")
    assert "leads out" in str(error)
