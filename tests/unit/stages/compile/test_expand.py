"""Many modules in one m4: its input, and its output cut apart or refused whole."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepack.stages.compile.expand import Unit, batches, driver, marker, split_batch
from sepack.stages.compile.interfaces import index_interfaces

PREAMBLE = "\n\n"


def unit(name: str, words: str = "", *, fc: bool = True, shareable: bool = True) -> Unit:
    directory = PurePosixPath("scratch") / name
    return Unit(
        name=name,
        te=directory / f"{name}.te",
        fc=directory / f"{name}.fc" if fc else None,
        words=frozenset(words.split()),
        shareable=shareable,
    )


UNITS = [unit("one"), unit("two", fc=False), unit("three")]


def output(units: list[Unit], fc: list[str], te: list[str]) -> str:
    """What m4 prints for `driver(units)`."""
    mark = marker(units)
    parts = [f"{mark}{number}:fc\n{text}\n" for number, text in enumerate(fc)]
    parts += [f"{mark}\n\n"]
    parts += [f"{mark}{number}:te\n{text}\n" for number, text in enumerate(te)]
    return "".join([*parts, f"{mark}\n"])


def test_file_contexts_are_read_before_any_interface_exists() -> None:
    index = index_interfaces({"if_a": "body of a", "if_b": "unreached"}, {}, support="", identity="")
    text = driver([unit("one", "if_a")], index)
    assert text.index("sepack__include(`scratch/one/one.fc')") < text.index("body of a")
    assert text.index("body of a") < text.index("sepack__include(`scratch/one/one.te')")
    assert "unreached" not in text


@given(
    st.lists(st.text(st.sampled_from("ab\n @")), min_size=3, max_size=3), st.lists(st.text(), min_size=3, max_size=3)
)
def test_each_module_gets_its_own_text_back(fc: list[str], te: list[str]) -> None:
    found = split_batch(UNITS, output(UNITS, fc, te), PREAMBLE)
    assert found is not None
    assert [found[item.name].fc for item in UNITS] == [PREAMBLE + text for text in fc]
    assert [found[item.name].te for item in UNITS] == [f"{text}\n" for text in te]


@pytest.mark.parametrize("lost", ["0:fc", "2:fc", "1:te", ""])
def test_an_output_that_lacks_a_mark_is_refused_whole(lost: str) -> None:
    whole = output(UNITS, ["a", "b", "c"], ["d", "e", "f"])
    cut = whole.replace(f"{marker(UNITS)}{lost}\n", "", 1)
    assert split_batch(UNITS, cut, PREAMBLE) is None


def test_an_output_with_a_mark_too_many_is_refused_whole() -> None:
    whole = output(UNITS, ["a", "b", "c"], ["d", "e", f"{marker(UNITS)}1:te\nforged"])
    assert split_batch(UNITS, whole, PREAMBLE) is None


def test_an_empty_output_is_refused() -> None:
    assert split_batch(UNITS, "", PREAMBLE) is None


def test_a_module_that_changes_m4s_state_shares_with_nobody() -> None:
    units = [unit("one"), unit("two", shareable=False), unit("three", shareable=False)]
    assert batches(units, jobs=1) == [[units[0]]]


@given(st.integers(0, 300), st.integers(1, 8))
def test_batches_hold_every_module_once_and_no_batch_is_too_large(count: int, jobs: int) -> None:
    units = [unit(f"m{number}") for number in range(count)]
    groups = batches(units, jobs)
    assert [item for group in groups for item in group] == units
    assert all(len(group) <= 96 for group in groups)
