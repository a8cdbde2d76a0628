"""The way back through m4's line marks."""

from __future__ import annotations

import pytest

from sepack.formats.line_marks import Expanded, trace

TEXT = """\
preamble
#line 3 "policy/x/x.te"
third
fourth
#line 4
##### begin outer(httpd_t) depth: 1
#line 4
##### begin inner(httpd_t) depth: 2
body
##### end inner(httpd_t) depth: 1
after inner
##### end outer(httpd_t) depth: 0
fifth"""


@pytest.mark.parametrize(
    ("number", "line", "interfaces"),
    [
        (3, 3, ()),
        (4, 4, ()),
        (9, 5, ("outer", "inner")),
        (11, 7, ("outer",)),
        (13, 9, ()),
    ],
)
def test_a_line_leads_to_its_source_and_the_interfaces_it_lies_in(
    number: int, line: int, interfaces: tuple[str, ...]
) -> None:
    assert trace(TEXT, number) == Expanded(path="policy/x/x.te", line=line, interfaces=interfaces)


@pytest.mark.parametrize("number", [0, 1, 2, 14, 99])
def test_marks_and_what_lies_outside_them_lead_nowhere(number: int) -> None:
    assert trace(TEXT, number) is None


def test_an_end_without_a_beginning_does_no_harm() -> None:
    found = trace('#line 1 "a.te"\n##### end lost() depth: 0\nhere', 3)
    assert found == Expanded(path="a.te", line=2, interfaces=())
