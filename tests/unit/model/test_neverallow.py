"""A neverallow is printed and read back as itself, and speaks of what policy text says it speaks of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepack.model.neverallow import NameSet, Neverallow, NeverallowSyntaxError

names = st.from_regex(r"[a-z_][a-z0-9_.-]{0,8}", fullmatch=True).filter(lambda name: name != "self")
few = st.frozensets(names, min_size=1, max_size=4)
anything = st.just(NameSet(every=True))
types = anything | st.builds(NameSet, names=few, but=st.frozensets(names, max_size=2), others=st.booleans())
itself = st.builds(lambda names: NameSet(names=names | {"self"}), few) | st.just(NameSet(names=frozenset({"self"})))
neverallows = st.builds(
    Neverallow,
    source=types,
    target=types | itself,
    classes=st.builds(NameSet, names=few),
    permissions=anything | st.builds(NameSet, names=few, others=st.booleans()),
)


@given(neverallows)
def test_a_printed_statement_is_read_as_the_same(never: Neverallow) -> None:
    assert Neverallow.read(never.statement()) == never


@given(neverallows, st.lists(st.sampled_from([" ", "\n", "\t", ""]), min_size=1))
def test_white_space_does_not_matter(never: Neverallow, spaces: list[str]) -> None:
    text = never.statement().replace(" ", f" {''.join(spaces)}").replace(":", " : ").replace(";", " ; \n")
    assert Neverallow.read(text) == never


@given(st.text(alphabet="{}*~:;- abself_", max_size=40))
def test_any_text_is_a_statement_or_refused_at_a_place_in_it(text: str) -> None:
    statement = f"neverallow {text}"
    try:
        read = Neverallow.read(statement)
    except NeverallowSyntaxError as error:
        place = error.offset
    else:
        place = 0
        assert Neverallow.read(read.statement()) == read
    assert 0 <= place <= len(statement)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("neverallow a_t b_t:file read;", "neverallow a_t b_t:file read;"),
        ("neverallow { b -a_t } *:{file dir} {write read};", "neverallow { b -a_t } *:{ dir file } { read write };"),
        ("neverallow domain -init_t a_t:file *;", "neverallow { domain -init_t } a_t:file *;"),
        ("neverallow ~{a b} {self c}:process ~getattr;", "neverallow ~{ a b } { c self }:process ~getattr;"),
        ("neverallow { a { b c } -d } self:x y;", "neverallow { a b c -d } self:x y;"),
        ("neverallow *\n\tself:capability {\n\tsys_module\n\t};\n", "neverallow * self:capability sys_module;"),
    ],
)
def test_what_policy_text_may_look_like(text: str, printed: str) -> None:
    assert Neverallow.read(text).statement() == printed


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("^allow a b:file read;", "begins with the word neverallow"),
        ("^", "begins with the word neverallow"),
        ("neverallow^", "here should be the source"),
        ("neverallow a ^:file read;", "here should be the target"),
        ("neverallow a b ^file read;", "here should be a colon"),
        ("neverallow a b:^;", "here should be the class"),
        ("neverallow a b:file^", "here should be a permission"),
        ("neverallow a b:file ^;", "here should be a permission"),
        ("neverallow a b:file read^", "here should be a semicolon"),
        ("neverallow a b:file read ^write;", "here should be a semicolon"),
        ("neverallow a b:file read; ^neverallow a b:dir read;", "one statement"),
        ("neverallow { a b^:file read;", "here should be a name, not ':'"),
        ("neverallow ^{ a b", "is not closed"),
        ("neverallow ^{ } b:file read;", "names nothing"),
        ("neverallow ^{ -a } b:file read;", "names nothing"),
        ("neverallow { a -^- } b:file read;", "not '-'"),
        ("neverallow a b:^* read;", "* has no meaning for classes"),
        ("neverallow a b:^~file read;", "~ has no meaning for classes"),
        ("neverallow a b:{ file ^-dir } read;", "not '-'"),
        ("neverallow ^self b:file read;", "can only be a target"),
        ("neverallow a ~^self:file read;", "neither taken away nor turned round"),
        ("neverallow a { b -^self }:file read;", "neither taken away nor turned round"),
        ("neverallow a { ^* -b }:file read;", "not '*'"),
        ("neverallow ^$1 b:file read;", "here should be the source"),
        ("neverallow ^ä_t b:file read;", "here should be the source"),
    ],
)
def test_what_is_none_is_refused_where_it_goes_wrong(text: str, said: str) -> None:
    place = text.index("^")
    with pytest.raises(NeverallowSyntaxError) as caught:
        Neverallow.read(text.replace("^", "", 1))
    assert said in str(caught.value)
    assert caught.value.offset == place


def named(text: str) -> NameSet:
    return Neverallow.read(f"neverallow {text} x_t:file read;").source


@pytest.mark.parametrize(
    ("text", "called", "expected"),
    [
        ("*", "a_t", True),
        ("a_t", "a_t", True),
        ("a_t", "b_t", False),
        ("domain", "a_t domain", True),
        ("{ domain -a_t }", "a_t domain", False),
        ("{ a_t b_t -daemon }", "a_t daemon", False),
        ("~a_t", "a_t", False),
        ("~a_t", "b_t", True),
        ("~{ domain -a_t }", "a_t domain", True),
        ("~{ domain -a_t }", "b_t domain", False),
    ],
)
def test_who_is_in_a_set(text: str, called: str, expected: bool) -> None:
    assert named(text).has(frozenset(called.split())) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*", True),
        ("a_t", True),
        ("b_t", False),
        ("domain", None),
        ("{ domain -a_t }", False),
        ("{ a_t -daemon }", None),
        ("~domain", None),
        ("~a_t", False),
        ("~{ b_t -daemon }", True),
    ],
)
def test_whose_attributes_are_not_known_may_be_in_a_set(text: str, expected: bool | None) -> None:
    assert named(text).has(frozenset({"a_t"}), complete=False) is expected
