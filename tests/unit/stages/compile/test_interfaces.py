"""Definitions cut out of m4's first pass, and what text that calls them comes to reach."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sepack.stages.compile.interfaces import (
    WHOLE,
    InterfaceIndex,
    cut_definitions,
    index_from_bytes,
    index_interfaces,
    index_to_bytes,
)

NAMES = st.sampled_from([f"if_{letter}" for letter in "abcdefgh"])


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def definition(name: str, body: str) -> str:
    """As the interface() macro of loadable_module.spt prints it."""
    return (
        f" \t \tdefine(`{name}',` dnl\n\tpushdef(`policy_call_depth',incr(policy_call_depth)) dnl\n"
        f"\tpolicy_m4_comment(policy_call_depth,begin `{name}'(dollarsstar)) dnl\n\t{body}\n"
        f"\tpopdef(`policy_call_depth') dnl\n"
        f"\tpolicy_m4_comment(policy_call_depth,end `{name}'(dollarsstar)) dnl\n\t')\n"
    )


def index(bodies: dict[str, str], own: dict[str, tuple[str, str]] | None = None) -> InterfaceIndex:
    return index_interfaces(bodies, own or {}, support="support", identity="identity")


def test_definitions_are_cut_at_their_own_ends() -> None:
    text = "## comment if_x\n" + definition("if_a", "allow $1 a_t:file read;") + "\n\n" + definition("if_b", "if_a($1)")
    found = cut_definitions(text)
    assert list(found) == ["if_a", "if_b"]
    assert found["if_a"].startswith("define(`if_a',")
    assert found["if_a"].endswith("dnl\n\t')")
    assert "if_b" not in found["if_a"]


def test_arguments_come_back_as_m4_knows_them() -> None:
    assert "`if_a'($*)" in cut_definitions(definition("if_a", "x"))["if_a"]


def test_of_two_definitions_the_last_counts() -> None:
    found = cut_definitions(definition("if_a", "first") + definition("if_a", "second"))
    assert "second" in found["if_a"]
    assert "first" not in found["if_a"]


def test_a_shape_that_is_not_understood_leaves_the_text_whole() -> None:
    broken = definition("if_a", "x") + definition("if_b", "y").replace("end `if_b'", "fin `if_b'")
    assert cut_definitions(broken) == {WHOLE: broken.replace("dollarsstar", "$*")}
    assert index(cut_definitions(broken)).reach({"anything"}) == {WHOLE}


def test_reach_follows_calls_and_circles() -> None:
    bodies = {"if_a": "if_b($1)", "if_b": "if_c($1) if_a($1)", "if_c": "x", "if_d": "if_a"}
    assert index(bodies).reach({"if_a", "word"}) == {"if_a", "if_b", "if_c"}
    assert index(bodies).reach({"word"}) == set()


def test_the_repositorys_own_definition_wins_and_is_known_as_its_own() -> None:
    found = index({"if_a": "release"}, {"if_a": ("shop", "own")})
    assert found.definition("if_a") == "own"
    assert found.own == {"if_a": "shop"}


@given(st.dictionaries(NAMES, st.lists(NAMES, max_size=4).map(" ".join)), st.sets(NAMES))
def test_reach_is_the_closure(bodies: dict[str, str], words: set[str]) -> None:
    found = index(bodies)
    reached = found.reach(words)
    assert words & bodies.keys() <= reached
    called = {word for name in reached for word in bodies[name].split()} & bodies.keys()
    assert called <= reached
    assert found.reach(reached) == reached


@given(
    st.dictionaries(NAMES, st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"])), max_size=5),
    st.sets(NAMES),
)
def test_what_is_saved_is_loaded(bodies: dict[str, str], own: set[str]) -> None:
    found = index(bodies, dict.fromkeys(own, ("module", "own text")))
    assert index_from_bytes(index_to_bytes(found)) == found


@given(st.dictionaries(NAMES, TEXTS, min_size=1), st.data())
def test_a_cut_index_is_none(bodies: dict[str, str], data: st.DataObject) -> None:
    text = index_to_bytes(index(bodies))
    assert index_from_bytes(text[: data.draw(st.integers(0, len(text) - 1))]) is None


def test_a_digest_stands_for_just_what_is_reached() -> None:
    before = index({"if_a": "1", "if_b": "2"})
    after = index({"if_a": "1", "if_b": "changed", "if_c": "new"})
    assert before.digest_of_all({"if_a"}) == after.digest_of_all({"if_a"})
    assert before.digest_of_all({"if_b"}) != after.digest_of_all({"if_b"})
