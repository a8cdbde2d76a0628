"""Constructs that need a newer module format, and where they stand."""

from __future__ import annotations

import pytest

from sepack.stages.compile.constructs import newest_use


@pytest.mark.parametrize(
    ("text", "policy_format", "line"),
    [
        ("module x 1;\nallowxperm a_t b_t:file ioctl 0x1;", 18, 2),
        ("dontauditxperm a_t b_t:file ioctl 0x1;", 18, 1),
        ("type_transition a_t\n self:process b_t;", 21, 2),
        ("if (x) {\n allow a_t b_t:file read;\n allowxperm a_t b_t:file ioctl 1;\n}", 22, 3),
        ("neveraudit a_t b_t:file read;", 23, 1),
        ("attribute one, two;\ntypeattribute two one;", 24, 2),
    ],
)
def test_a_construct_is_found_with_its_line(text: str, policy_format: int, line: int) -> None:
    use = newest_use(text)
    assert use is not None
    assert (use.construct.format, use.line) == (policy_format, line)


@pytest.mark.parametrize(
    "text",
    [
        "allow self_t self:process execmem;",
        "# neveraudit and allowxperm\n",
        "type_transition a_t b_exec_t:process b_t;\nallow b_t self:fd use;",
        "attribute one;\ntype a_t;\ntypeattribute a_t one;",
    ],
)
def test_what_every_format_holds_is_no_construct(text: str) -> None:
    assert newest_use(text) is None


def test_the_newest_counts() -> None:
    use = newest_use("allowxperm a_t b_t:file ioctl 1;\ntype_transition a_t self:process b_t;")
    assert use is not None
    assert use.construct.format == 21
