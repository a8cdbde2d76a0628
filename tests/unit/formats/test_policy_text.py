"""Headers and dialects, told from text alone."""

from __future__ import annotations

import pytest

from sepack.formats.policy_text import Header, dialect_of, find_header, with_version
from sepack.model.module import Dialect


@pytest.mark.parametrize(
    ("text", "name", "version", "macro", "line"),
    [
        ("module wsgi 1.0;\n", "wsgi", "1.0", False, 1),
        ("# module old 1;\n\nmodule  wsgi\t1.0.2 ;", "wsgi", "1.0.2", False, 3),
        ("policy_module(spool, 1.0)\n", "spool", "1.0", True, 1),
        ("policy_module(`spool', `1.0')\n", "spool", "1.0", True, 1),
        ("policy_module(spool)", "spool", "", True, 1),
        ("# c\npolicy_module( my-app ,\n 2.0 )\n", "my-app", "2.0", True, 2),
    ],
)
def test_a_header_is_found(text: str, name: str, version: str, macro: bool, line: int) -> None:
    header = find_header(text)
    assert header is not None
    assert (header.name, header.version, header.macro, header.line) == (name, version, macro, line)


@pytest.mark.parametrize("text", ["", "type a_t;", "# module x 1.0;", "allow a b:c d;"])
def test_text_without_a_header_has_none(text: str) -> None:
    assert find_header(text) is None


@pytest.mark.parametrize(
    ("te", "fc", "dialect"),
    [
        ("module x 1.0;\nrequire { type a_t; class file { read }; }\nallow a_t a_t:file read;", "", Dialect.PLAIN),
        ("module x 1.0;\nif (use_nfs) { allow a_t b_t:file read; }", "", Dialect.PLAIN),
        ("module x 1.0;\n# see files_type(a_t) and `this'\n", "", Dialect.PLAIN),
        ("module x 1.0;\n", "/srv/(a|b)(/.*)? system_u:object_r:a_t:s0", Dialect.PLAIN),
        ("module x 1.0;\n", "/srv/live(/.*)? system_u:object_r:a_t:s0", Dialect.PLAIN),
        ("module x 1.0;\n", "ifdef(x, /srv system_u:object_r:a_t:s0)", Dialect.REFPOLICY),
        ("module x 1.0;\n", "HOME_DIR/x_perms(/.*)? -- system_u:object_r:a_t:s0", Dialect.PLAIN),
        ("policy_module(x, 1.0)", "", Dialect.REFPOLICY),
        ("module x 1.0;\nfiles_type(a_t)", "", Dialect.REFPOLICY),
        ("module x 1.0;\nallow a_t b_t:file read_file_perms;", "", Dialect.REFPOLICY),
        ("module x 1.0;\n", "/srv gen_context(system_u:object_r:a_t,s0)", Dialect.REFPOLICY),
        ("module x 1.0;\n", "/srv(/.*)? -- gen_context(system_u:object_r:a_t,s0)", Dialect.REFPOLICY),
        ("module x 1.0;\n", "ifdef(`distro_debian',`\n/srv\tsystem_u:object_r:a_t:s0\n')", Dialect.REFPOLICY),
    ],
)
def test_what_only_m4_understands_makes_the_dialect(te: str, fc: str, dialect: Dialect) -> None:
    assert dialect_of(te, fc) is dialect


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("policy_module(x)\nrest", "policy_module(x, 3.1)\nrest"),
        ("policy_module(\n  x\n)\nrest", "policy_module(x, 3.1)\n\n\nrest"),
        ("module x;\nrest", "module x 3.1;\nrest"),
    ],
)
def test_a_version_is_printed_and_no_line_moves(text: str, expected: str) -> None:
    header = find_header(text)
    assert isinstance(header, Header)
    assert with_version(text, header, "3.1") == expected


@pytest.mark.parametrize(
    "text",
    [
        "module x 1.0; # policy_module(y, 2)",
        "# module y 2;\n\n  module x 1.0;",
        "module x # module y 2;\n 1.0;",
        "policy_module(x, 1.0)\nmodule y 2;",
        "dnl module y 2;\npolicy_module(x, 1.0)",
        "policy_module(x dnl module y 2;\n, 1.0)",
    ],
)
def test_the_header_is_found_wherever_comments_stand(text: str) -> None:
    header = find_header(text)
    assert header is not None
    assert (header.name, header.version) == ("x", "1.0")
