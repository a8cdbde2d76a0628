"""A frozen value is what the standard library's decorator would have made."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, replace
from typing import Any

import pytest

from sepack.frozen import frozen


@frozen
class Own:
    """A value."""

    name: str
    size: int = 3
    parts: dict[str, int] = field(default_factory=dict)
    hidden: list[int] = field(default_factory=list, repr=False, compare=False)

    @property
    def twice(self) -> int:
        return 2 * self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """A value."""

    name: str
    size: int = 3
    parts: dict[str, int] = field(default_factory=dict)
    hidden: list[int] = field(default_factory=list, repr=False, compare=False)


@frozen
class Other:
    name: str
    size: int = 3


BOTH: list[Any] = [Own, Standard]


@pytest.mark.parametrize("kind", BOTH)
def test_it_is_a_dataclass_to_the_standard_library(kind: Any) -> None:
    value = kind(name="a", parts={"x": 1})
    assert asdict(value) == {"name": "a", "size": 3, "parts": {"x": 1}, "hidden": []}
    assert [one.name for one in fields(value)] == ["name", "size", "parts", "hidden"]
    assert replace(value, size=4) == kind(name="a", size=4, parts={"x": 1}) != value
    assert repr(value) == f"{kind.__name__}(name='a', size=3, parts={{'x': 1}})"


@pytest.mark.parametrize("kind", BOTH)
def test_equality_leaves_out_what_is_not_compared(kind: Any) -> None:
    assert kind(name="a", hidden=[1]) == kind(name="a", hidden=[2])
    assert kind(name="a") != kind(name="b")


@pytest.mark.parametrize("kind", BOTH)
def test_each_value_has_a_default_of_its_own(kind: Any) -> None:
    assert kind(name="a").parts is not kind(name="a").parts


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("given", [{}, {"size": 1}, {"name": "a", "colour": 1}, {"name": "a", "size": 1, "colour": 1}])
def test_a_name_that_lacks_or_is_not_known_is_a_type_error(kind: Any, given: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        kind(**given)


@pytest.mark.parametrize("kind", BOTH)
def test_it_takes_no_positions(kind: Any) -> None:
    with pytest.raises(TypeError):
        kind("a")


@pytest.mark.parametrize("kind", BOTH)
def test_nothing_can_be_set_or_deleted_or_added(kind: Any) -> None:
    value = kind(name="a")
    with pytest.raises(FrozenInstanceError):
        value.name = "b"
    with pytest.raises(FrozenInstanceError):
        del value.name
    with pytest.raises((FrozenInstanceError, TypeError)):  # Python 3.11's own stumbles here
        value.colour = 1
    assert not hasattr(value, "__dict__")


@pytest.mark.parametrize("kind", BOTH)
def test_it_is_copied_whole(kind: Any) -> None:
    value = kind(name="a", parts={"x": 1})
    assert copy.deepcopy(value) == copy.copy(value) == pickle.loads(pickle.dumps(value)) == value


def test_values_of_two_classes_are_never_equal() -> None:
    left: object = Other(name="a")
    assert left != Own(name="a")
    assert left != "a"


def test_equal_values_have_equal_hashes() -> None:
    assert len({Other(name="a"), Other(name="a"), Other(name="b")}) == 2
    with pytest.raises(TypeError):
        hash(Own(name="a"))  # a field that has none


def test_it_has_its_own_members_and_can_be_matched() -> None:
    match Own(name="a", size=2):
        case Own(name="a", size=size) as value:
            assert (size, value.twice) == (2, 4)
