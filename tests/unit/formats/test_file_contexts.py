"""Entries of .fc text, and lines that are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepack.formats.file_contexts import FileContext, NotFileContext, read_file_contexts


def only(text: str, *, mls: bool = True) -> FileContext | NotFileContext:
    (entry,) = read_file_contexts(text, mls=mls)
    return entry


@pytest.mark.parametrize(
    ("line", "file_type", "context"),
    [
        ("/srv/x(/.*)?\tsystem_u:object_r:httpd_sys_content_t:s0", "", "system_u:object_r:httpd_sys_content_t:s0"),
        ("/usr/bin/x -- system_u:object_r:x_exec_t:s0", "--", "system_u:object_r:x_exec_t:s0"),
        ("HOME_DIR/x -d system_u:object_r:x_home_t:s0-s0:c0.c1023", "-d", "system_u:object_r:x_home_t:s0-s0:c0.c1023"),
        ("/proc <<none>>", "", "<<none>>"),
    ],
)
def test_an_entry_is_read(line: str, file_type: str, context: str) -> None:
    entry = only(f"# comment\n\n  {line}  \n")
    assert isinstance(entry, FileContext)
    assert (entry.line, entry.expression, entry.file_type, entry.context) == (
        3,
        line.split(maxsplit=1)[0],
        file_type,
        context,
    )


@pytest.mark.parametrize(
    ("line", "reason", "word"),
    [
        ("/srv", "it has 1 words", "/srv"),
        ("/srv -- a b", "it has 4 words", "/srv"),
        ("/srv -x system_u:object_r:x_t:s0", "'-x' is no file type", "-x"),
        ("srv system_u:object_r:x_t:s0", "does not start with /", "srv"),
        ("/srv gen_context(system_u:object_r:x_t,s0)", "left unexpanded", "gen_context(system_u:object_r:x_t,s0)"),
        ("/srv x_t", "'x_t' is no context", "x_t"),
        ("/srv system_u:object_r:x_t", "has no level", "system_u:object_r:x_t"),
        ("/srv system_u:object_r:x_t:high", "'high' is no level", "high"),
    ],
)
def test_a_line_that_is_no_entry_says_why(line: str, reason: str, word: str) -> None:
    fault = only(line)
    assert isinstance(fault, NotFileContext)
    assert reason in fault.reason
    assert fault.word == word


def test_without_mls_a_level_is_the_fault() -> None:
    assert isinstance(only("/srv system_u:object_r:x_t", mls=False), FileContext)
    fault = only("/srv system_u:object_r:x_t:s0", mls=False)
    assert isinstance(fault, NotFileContext)
    assert "has a level" in fault.reason


@given(st.text(), st.booleans())
def test_every_line_with_text_is_accounted_for(text: str, mls: bool) -> None:
    lines = [line.strip() for line in text.split("\n")]
    wanted = [number for number, line in enumerate(lines, start=1) if line and not line.startswith("#")]
    assert [entry.line for entry in read_file_contexts(text, mls=mls)] == wanted
