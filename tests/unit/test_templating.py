"""What templates can do and cannot, what is said of a faulty one, and that lines lead back to where they came from."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sepack import templating
from sepack.errors import ExitCode, SepackError
from sepack.model.path_expression import PathRefusedError, file_context_path
from tests.unit.repositories import EL9, only_module, repository, told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sepack.model.module import Module
    from sepack.templating import LineMap, Rendered
    from sepack.workspace import Workspace

OWN = "policy/shop/shop.te.j2"
DECLARED = 'version = "1.0"\nsummary = "A shop"\n[parameters]\nlive = "/srv/shop"\nports = [80, 443]\n'


def shop(root: Path, template: str | bytes, more: Mapping[str, str | bytes] | None = None) -> tuple[Module, Workspace]:
    """A repository whose one module is rendered from `template`; `more` are files beside it, by path."""
    files = {OWN: template, "policy/shop/module.toml": DECLARED, **(more or {})}
    workspace = repository(root, files)
    return only_module(workspace), workspace


def rendered(root: Path, template: str, more: Mapping[str, str | bytes] | None = None) -> Rendered:
    module, workspace = shop(root, template, more)
    return templating.render(OWN, module, EL9, workspace)


def text(root: Path, template: str, more: Mapping[str, str | bytes] | None = None) -> str:
    return rendered(root, template, more).text


def fault(root: Path, template: str | bytes, more: Mapping[str, str | bytes] | None = None) -> SepackError:
    module, workspace = shop(root, template, more)
    with pytest.raises(SepackError) as caught:
        templating.render(OWN, module, EL9, workspace)
    return caught.value


def mapped(root: Path, template: str, more: Mapping[str, str | bytes] | None = None) -> tuple[str, LineMap]:
    module, workspace = shop(root, template, more)
    result = templating.render(OWN, module, EL9, workspace).text
    return result, templating.line_map(OWN, module, EL9, workspace, result)


# What a template sees


@pytest.mark.parametrize(
    ("template", "result"),
    [
        ("{{ module.name }} {{ module.version }} {{ module.summary }}", "shop 1.0 A shop"),
        ("{{ module.parameters.live }}", "/srv/shop"),
        ('{{ module["parameters"]["live"] }}', "/srv/shop"),
        ("{{ module.parameters.ports | join(' ') }}", "80 443"),
        ("{{ target.name }} {{ target.policy_type }} {{ target.runtime_directory }}", "el9 targeted /var/run"),
        ("{{ 'mls' if target.mls else 'none' }} {{ target.formats.newest }}", "mls 20"),
        ("{{ module.parameters.dead | default('/srv/x') }}", "/srv/x"),
        ("{% if module.parameters.dead is defined %}x{% endif %}y", "y"),
        ("{% for port in module.parameters.ports %}{{ loop.index }}:{{ port }} {% endfor %}", "1:80 2:443 "),
        ("{% for key in module.parameters %}{{ key }} {% endfor %}", "live ports "),
        ("a < b & 'c' > \"d\"", "a < b & 'c' > \"d\""),
        ("{{ '<&>' }}", "<&>"),
        (
            "{{ '-' * 3 }}{{ 3 * 'x' }}{{ ([1] * 2) | join }} {{ 6 * 7 }} {{ 2 ** 10 }} {{ 1.5 * 2 }}",
            "---xxx11 42 1024 3.0",
        ),
        ("{{ (-1) ** 10**9 }} {{ 4 ** 0.5 }} {{ 2 ** -1 }}", "1 2.0 0.5"),
        ("no end of line", "no end of line"),
        ("one\n", "one\n"),
        ("one\n\n\n", "one\n\n\n"),
        ("{% if target.mls %}\nyes\n{% endif %}\nend\n", "yes\nend\n"),
        ("  {% if target.mls %}\n  yes\n  {% endif %}\nend\n", "  yes\nend\n"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("`quoted' {{ '`' }}m4'", "`quoted' `m4'"),
    ],
)
def test_a_template_gives_its_text(tmp_path: Path, template: str, result: str) -> None:
    assert text(tmp_path, template) == result


def test_a_parameter_may_be_called_like_a_method_of_a_dict(tmp_path: Path) -> None:
    more = {"policy/shop/module.toml": '[parameters]\nitems = "mine"\n[parameters.db]\nkeys = "too"\n'}
    assert text(tmp_path, "{{ module.parameters.items }} {{ module.parameters.db.keys }}", more) == "mine too"


def test_only_target_and_module_are_given(tmp_path: Path) -> None:
    assert text(tmp_path, "{{ (workspace is defined) | string }}{{ (lipsum is defined) | string }}") == "FalseFalse"


def test_a_template_can_extend_a_shipped_one(tmp_path: Path) -> None:
    template = (
        '{% extends "module.te.j2" %}{% block require %}\ttype a_t;\n{% endblock %}{% block rules %}\n#\n{% endblock %}'
    )
    result = rendered(tmp_path, template)
    assert "module shop 1.0;\n\nrequire {\n\ttype a_t;\n}\n" in result.text
    assert result.templates == ("module.te.j2",)
    assert [path.name for path in result.files] == ["shop.te.j2", "module.te.j2"]


def test_the_repositorys_own_template_comes_before_the_shipped(tmp_path: Path) -> None:
    more = {"templates/module.te.j2": "mine: {% block rules %}{% endblock %}"}
    assert text(tmp_path, '{% extends "module.te.j2" %}{% block rules %}x{% endblock %}', more) == "mine: x"


def test_every_name_asked_for_is_recorded_also_what_is_not_there(tmp_path: Path) -> None:
    more = {
        "templates/a/b.j2": '{% import "m.j2" as m %}{{ m.hello() }}',
        "templates/m.j2": "{% macro hello() %}hi{% endmacro %}",
    }
    result = rendered(tmp_path, '{% include "no.j2" ignore missing %}{% include ["x.j2", "a/b.j2"] %}', more)
    assert result.text == "hi"
    assert result.templates == ("no.j2", "x.j2", "a/b.j2", "m.j2")


def test_a_template_of_templates_is_rendered_by_its_name(tmp_path: Path) -> None:
    module, workspace = shop(tmp_path, "", {"templates/daemon.te.j2": "module {{ module.name }} 1.0;\n"})
    result = templating.render("daemon.te.j2", module, EL9, workspace)
    assert (result.text, str(result.origin), result.templates) == (
        "module shop 1.0;\n",
        "templates/daemon.te.j2",
        ("daemon.te.j2",),
    )


def test_a_change_of_any_template_shows_at_once(tmp_path: Path) -> None:
    template = '{% include "part.j2" %}{{ 1 }}'
    assert text(tmp_path, template, {"templates/part.j2": "a"}) == "a1"
    stamp = (tmp_path / "templates/part.j2").stat()
    assert text(tmp_path, template, {"templates/part.j2": "b"}) == "b1"
    os.utime(tmp_path / "templates/part.j2", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert text(tmp_path, template, {"templates/part.j2": "c"}) == "c1"
    (tmp_path / "templates/part.j2").unlink()
    assert fault(tmp_path, template).brief == "there is no template 'part.j2'"


@given(st.dictionaries(st.sampled_from("abc"), st.text(max_size=5).filter(lambda text: "\r" not in text), max_size=3))
@settings(max_examples=25)
def test_rendering_is_a_function(values: dict[str, str]) -> None:
    """The same inputs give the same text, in two directories, and whatever was rendered in between."""
    template = "{% for key, value in module.parameters | dictsort %}\n{{ key }}={{ value }};\n{% endfor %}\n"
    results = []
    for _ in range(2):
        with TemporaryDirectory() as directory:
            module, workspace = shop(Path(directory), template)
            module = replace(module, parameters=values)
            results.append(templating.render(OWN, module, EL9, workspace).text)
            templating.render(OWN, replace(module, parameters={"z": "z"}), EL9, workspace)
            results.append(templating.render(OWN, module, EL9, workspace).text)
    assert set(results) == {"".join(f"{key}={value};\n" for key, value in sorted(values.items()))}


# What is said of a faulty template


@pytest.mark.parametrize(
    ("template", "line", "brief", "more"),
    [
        ("#\n{{ modul.name }}", 2, "the template uses 'modul', and there is no such name", "Did you mean module?"),
        ("{% set names = 1 %}{{ name }}", 1, "the template uses 'name', and there is", "Did you mean names?"),
        (
            "{{ live }}",
            1,
            "the template uses 'live', and there is",
            "write module.parameters.live and give it in module",
        ),
        ("{{ lipsum() }}", 1, "the template uses 'lipsum', and there is no such name", "a template sees `target` and"),
        ("#\n#\n{{ target.mlss }}", 3, "`target` has no 'mlss'", "Did you mean mls?"),
        ("{{ module.nam }}", 1, "`module` has no 'nam'", "Did you mean name?"),
        ("{{ module._nam }}", 1, "`module` has no '_nam'", "it has: license, name, parameters"),
        (
            "{{ module.parameters.life }}",
            1,
            "module 'shop' gives no parameter 'life', which",
            "Did you mean live? Or else",
        ),
        (
            "{{ module.parameters.zz }}",
            1,
            "module 'shop' gives no parameter 'zz'",
            'Add a line `zz = "…"` below [parameters]',
        ),
        ("{{ module.parameters['a b'] }}", 1, "module 'shop' gives no parameter 'a b'", '`"a b" = "…"`'),
        ("{{ module.parameters.zz.y }}", 1, "module 'shop' gives no parameter 'zz'", "it gives: live, ports"),
        ("{{ {'host': 1}.hots }}", 1, "the table has no 'hots'", "Did you mean host?"),
        ("{{ target.formats.old }}", 1, "the value (FormatRange) has no 'old'", "it has: newest, oldest"),
        ("{% if target.mls %}\nx", 2, "the template is not understood: unexpected end of template", "needs its end"),
        ("\n{% foo %}", 2, "the template is not understood: encountered unknown tag 'foo'", ""),
        (
            "{{ 1 | file_context_pth }}",
            1,
            "the template is not understood: no filter named 'file_con",
            "Did you mean file_context_path",
        ),
        ("{% if no %}{% elif 1 is zz %}{% endif %}", 1, "the template uses 'no'", ""),
        ("{{ [1] | random }}", 1, "the template is not understood: no filter named 'random'", ""),
        ('{% extends "modul.te.j2" %}', 1, "there is no template 'modul.te.j2'", "Did you mean module.te.j2?"),
        (
            '{% include ["a.j2", "b.j2"] %}',
            1,
            "there is no template 'a.j2' or 'b.j2'",
            "Put it into the folder templates/",
        ),
        ('\n{% include "../shop.te" %}', 2, "'../shop.te' is no template's name", "such as 'module.te.j2'"),
        ('{% include "/etc/passwd" %}', 1, "'/etc/passwd' is no template's name", "it begins below templates/"),
        ('{% include "a/../../b" %}', 1, "'a/../../b' is no template's name", ""),
        ('{% include "policy/shop/shop.te" %}', 1, "there is no template 'policy/shop/shop.te'", ""),
        ('{{ "".__class__.__mro__ }}', 1, "the template does something that templates may not", "sandbox"),
        ("{{ module.parameters.update(x=1) }}", 1, "the template does something that templates may not", ""),
        (
            "{{ module.parameters }}",
            1,
            "the template prints a whole table, which means nothing",
            "such as {{ module.name }}",
        ),
        ("{{ module }}", 1, "the template prints a whole table", ""),
        ("{{ target.mls }}", 1, "the template prints a truth value (true), which", "{% else %}"),
        ("{{ none }}", 1, "the template prints nothing (`none`)", ""),
        ("{{ module.parameters.ports }}", 1, "the template prints a list", "| join(' ')"),
        ("{{ module.parameters.keys }}", 1, "the template prints a function", "give it in module.toml"),
        ("{{ target.formats }}", 1, "the template prints a value of type FormatRange", "| string"),
        ("#\n{{ 1 / 0 }}", 2, "the template fails here: division by zero (ZeroDivisionError)", "Look at the values"),
        (
            "#\n{{ 'a' * 10**10 }}",
            2,
            "the template would make a value of 10,000,000,000 characters here; `*` and `**` give at most 1,000,000",
            "Look at the numbers",
        ),
        ("{{ 10**10 * 'ab' }}", 1, "the template would make a value of 20,000,000,000 characters here", ""),
        (
            "{{ (module.parameters.ports * 10**9) | join }}",
            1,
            "the template would make a value of 2,000,000,000 values",
            "",
        ),
        (
            "{{ 'a' * " + "9" * 4000 + " }}",
            1,
            "the template would make a value of 1,000,000,000,000,000 or more",
            "",
        ),
        ("{{ 9 ** (9 ** 9) }}", 1, "the template would make a value of 1,549,681,956 bits here", "at most 1,024"),
        ("{{ (2 ** 512) * (2 ** 512) }}", 1, "the template would make a value of 1,026 bits here", ""),
        (
            "{% macro m(a) %}{{ a }}{% endmacro %}\n{{ m() }}",
            1,
            "the template uses something that is not there: parameter 'a' was not provided",
            "",
        ),
        (
            "{{ '/home' | file_context_path }}",
            1,
            "no file-contexts entry can be made of this path: /home is the folder of",
            "below /srv",
        ),
        (
            "{{ '/home/al/' | file_context_path }}",
            1,
            "no file-contexts entry can be made of this path: /home/al is a whole home",
            "",
        ),
    ],
)
def test_a_faulty_template(tmp_path: Path, template: str, line: int, brief: str, more: str) -> None:
    error = fault(tmp_path, template)
    assert str(error).startswith(f"{OWN}:{line}: {brief}")
    assert error.where is not None
    assert error.where.text == template.split("\n")[line - 1]
    assert more in told(error)
    assert error.exit_code is ExitCode.BUILD
    assert error.hint


def test_a_fault_in_another_template_is_found_there(tmp_path: Path) -> None:
    more = {"templates/part.j2": "#\n{{ module.parameters.zz }}\n"}
    error = fault(tmp_path, '{% include "part.j2" %}', more)
    assert (str(error.where), error.where and error.where.text) == ("templates/part.j2:2", "{{ module.parameters.zz }}")


def test_a_syntax_fault_in_another_template_is_found_there(tmp_path: Path) -> None:
    error = fault(tmp_path, '{% include "part.j2" %}', {"templates/part.j2": "#\n{% if %}\n"})
    assert str(error).startswith("templates/part.j2:2: the template is not understood")


def test_a_fault_in_a_macro_is_found_there(tmp_path: Path) -> None:
    more = {"templates/m.j2": "{% macro m(x) %}\n{{ x.y.z }}\n{% endmacro %}"}
    assert str(fault(tmp_path, '{% import "m.j2" as m %}\n{{ m.m({}) }}', more).where) == "templates/m.j2:2"


def test_templates_that_include_each_other(tmp_path: Path) -> None:
    more = {"templates/a.j2": '{% include "b.j2" %}', "templates/b.j2": '{% include "a.j2" %}'}
    error = fault(tmp_path, '{% include "a.j2" %}', more)
    assert error.brief == "the templates use each other without end"
    assert str(error.where) in {"templates/a.j2:1", "templates/b.j2:1"}


def test_a_block_that_is_not_filled(tmp_path: Path) -> None:
    error = fault(tmp_path, '{% extends "module.te.j2" %}{% block rules %}{% endblock %}')
    assert str(error) == f"{OWN}: the block 'require' is not filled, which the template it extends asks for"
    assert "Add {% block require %} … {% endblock %}" in error.hint
    assert re.match(r"asked for by .*templates/module\.te\.j2:\d+$", error.details[0])


def test_a_version_that_is_not_declared(tmp_path: Path) -> None:
    error = fault(tmp_path, "module shop {{ module.version }};", {"policy/shop/module.toml": ""})
    assert str(error) == f"{OWN}:1: module 'shop' declares no version, which the template needs"
    assert error.hint == 'Add a line `version = "1.0.0"` at the top of policy/shop/module.toml.'


def test_where_a_missing_template_was_looked_for(tmp_path: Path) -> None:
    error = fault(tmp_path, '{% include "no.j2" %}', {"templates/mine.j2": ""})
    assert error.details[0].startswith(f"searched: {tmp_path}/templates, ")
    assert error.details[1] == "there are: mine.j2, module.te.j2"


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"#\n# caf\xe9\n", "2:6: this is not plain UTF-8 text: byte 0xe9"),
        (b"a\0", "1:2: this is not plain UTF-8 text: it"),
    ],
)
def test_a_template_that_is_no_text(tmp_path: Path, content: bytes, place: str) -> None:
    own = fault(tmp_path, content)
    assert str(own).startswith(f"{OWN}:{place}")
    assert f"at offset {content.index(content[-2:-1] if b'caf' in content else bytes(1))}" in own.details[0]
    other = fault(tmp_path, '{% include "part.j2" %}', {"templates/part.j2": content})
    assert str(other).startswith(f"templates/part.j2:{place}")


def test_a_template_that_links_out_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "here/templates").mkdir(parents=True)
    (tmp_path / "here/templates/part.j2").symlink_to("../../secret")
    error = fault(tmp_path / "here", '{% include "part.j2" %}')
    assert str(error).startswith("templates/part.j2: this is a link that leads out of the repository, to")


def test_templates_that_lie_elsewhere(tmp_path: Path) -> None:
    repository(tmp_path, {"elsewhere/part.j2": "x", "here/README": ""})
    (tmp_path / "here/templates").symlink_to("../elsewhere")
    assert "leads out of the repository" in fault(tmp_path / "here", '{% include "part.j2" %}').brief


def test_a_template_may_link_within_the_repository(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/part.j2").symlink_to("../shared.j2")
    assert text(tmp_path, '{% include "part.j2" %}', {"shared.j2": "x"}) == "x"


def test_a_folder_in_the_place_of_a_template(tmp_path: Path) -> None:
    error = fault(tmp_path, '{% include "part" %}', {"templates/part/x": ""})
    assert str(error) == "templates/part: this is a folder, and has to be a regular file"


# Paths for file contexts


@pytest.mark.parametrize(
    ("path", "expression"),
    [
        ("/srv/shop/live", "/srv/shop/live"),
        ("/srv//shop/live/", "/srv/shop/live"),
        ("/srv/shop-1.0/c++", r"/srv/shop-1\.0/c\+\+"),
        ("/srv/(a)[b]{c}|d^e$f*g?h", r"/srv/\(a\)\[b\]\{c\}\|d\^e\$f\*g\?h"),
        ("/srv/a\\b", r"/srv/a\\b"),
        ("/srv/café", "/srv/café"),
        ("/homes/al/live", "/homes/al/live"),
        ("/home/al/live", "HOME_DIR/live"),
        ("/home/al.b/my.app/live/", r"HOME_DIR/my\.app/live"),
    ],
)
def test_a_path_becomes_an_expression(path: str, expression: str) -> None:
    assert file_context_path(path).expression == expression


PARTS = st.text(st.characters(exclude_categories=["Z", "C"], exclude_characters="/`'"), min_size=1, max_size=8)


@given(st.lists(PARTS.filter(lambda part: part not in {".", ".."}), min_size=1, max_size=4), PARTS)
def test_the_expression_matches_its_path_and_no_other(parts: list[str], other: str) -> None:
    path = "/srv/" + "/".join(parts)
    expression = file_context_path(path).expression
    assert re.fullmatch(expression, path)
    assert re.fullmatch(expression + "(/.*)?", f"{path}/{other}")
    if other != parts[-1]:
        assert not re.fullmatch(expression, path.rpartition("/")[0] + "/" + other)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("srv/shop", "'srv/shop' does not begin with a slash"),
        ("", "'' does not begin with a slash"),
        ("/srv/../etc", "'/srv/../etc' holds . or .. as a part"),
        ("/srv/my shop", "'/srv/my shop' holds the character ' '"),
        ("/srv/x\n", "holds the character"),
        ("/srv/it's", "holds the character"),
        ("//", "/ is the whole system"),
        ("/home/", "/home is the folder of all homes"),
        ("/home/al", "/home/al is a whole home directory"),
        (3, "a path is text, not int (3)"),
    ],
)
def test_a_path_that_no_entry_can_have(path: object, reason: str) -> None:
    with pytest.raises(PathRefusedError, match=re.escape(reason)):
        file_context_path(path)


def test_a_path_in_a_home_is_rewritten_and_said_so(tmp_path: Path) -> None:
    template = "{{ '/home/al/live' | file_context_path }}(/.*)?\n" * 2
    for _ in range(2):
        result = rendered(tmp_path, template)
        assert result.text == "HOME_DIR/live(/.*)?\n" * 2
        assert len(result.notes) == 1
        assert result.notes[0].startswith(
            "/home/al/live is written as HOME_DIR/live, which stands for every user's home"
        )
        assert "file_contexts.homedirs" in result.notes[0]


# Lines


def test_lines_lead_back_through_blocks_loops_macros_and_includes(tmp_path: Path) -> None:
    template = (
        '{% extends "base.j2" %}\n'
        '{% from "m.j2" import rule %}\n'
        "{% block rules %}\n"
        "{# a comment\n"
        "   of two lines #}\n"
        "{% for port in module.parameters.ports %}\n"
        "port {{ port }}\n"
        "{{ rule('a') }}\n"
        "{% endfor %}\n"
        "{{ super() }}"
        "last\n"
        "{% endblock %}\n"
    )
    more = {
        "templates/base.j2": "first\n{% block rules %}\nof base\n{% endblock %}\nend\n",
        "templates/m.j2": "{% macro rule(x) %}\nallow {{ x }};\n{% endmacro %}",
    }
    result, lines = mapped(tmp_path, template, more)
    assert [f"{line}|{lines.locate(n)}" for n, line in enumerate(result.split("\n"), start=1)] == [
        "first|templates/base.j2:1",
        "port 80|policy/shop/shop.te.j2:7",
        "allow a;|templates/m.j2:2",
        "|policy/shop/shop.te.j2:8",
        "port 443|policy/shop/shop.te.j2:7",
        "allow a;|templates/m.j2:2",
        "|policy/shop/shop.te.j2:8",
        "of base|templates/base.j2:3",
        "last|policy/shop/shop.te.j2:10",
        "end|templates/base.j2:5",
        "|templates/base.j2:6",
    ]
    assert lines.locate(2).text == "port {{ port }}"


def test_a_value_of_several_lines_leads_to_where_it_is_printed(tmp_path: Path) -> None:
    _, lines = mapped(tmp_path, "#\n{{ 'a\\nb\\nc' }} d\n{{ 'e' }}\n")
    assert [lines.locate(n).line for n in range(1, 7)] == [1, 2, 2, 2, 3, 4]


def test_a_line_beyond_the_end_leads_to_the_last(tmp_path: Path) -> None:
    _, lines = mapped(tmp_path, "a\nb\n")
    assert [lines.locate(n).line for n in (0, 1, 3, 4, 99)] == [1, 1, 3, 3, 3]


def test_marks_survive_a_filter_that_changes_letters(tmp_path: Path) -> None:
    result, lines = mapped(tmp_path, "a\n{% filter upper %}\nb\n{% endfilter %}\nc\n")
    assert result == "a\nB\nc\n"
    assert [lines.locate(n).line for n in (1, 2, 3)] == [1, 3, 5]


def test_what_the_marks_disturb_has_no_line_rather_than_a_wrong_one(tmp_path: Path) -> None:
    measured = "{{ part | length }} is long\n{% if part | length < 5 %}\nc\n{% endif %}\n"
    template = f"a\n{{% set part %}}\nb\n{{% endset %}}\n{measured}d\n"
    result, lines = mapped(tmp_path, template)
    assert result == "a\n2 is long\nc\nd\n"
    found = [lines.locate(n) for n in (1, 2, 3, 4)]
    assert [(str(place.path), place.line) for place in found] == [(OWN, 1), (OWN, None), (OWN, None), (OWN, 9)]
    assert found[1].text == "2 is long"


def test_a_template_that_cannot_bear_the_marks_has_no_lines(tmp_path: Path) -> None:
    template = "a\n{% set n %}\n1\n{% endset %}\n{{ '%d' | format(n | trim | int // (n | trim | int)) }}\n"
    result, lines = mapped(tmp_path, template)
    assert result == "a\n1\n"
    assert [(str(lines.locate(n).path), lines.locate(n).line) for n in (1, 2, 3)] == [(OWN, None)] * 3


TAG = "§"
"""Stands for the template's name and the line it is on, so that a rendered line says itself where it comes from."""

LINES = st.sampled_from([
    [TAG],
    [f"  {TAG} text"],
    [f"{{{{ module.name }}}} {TAG}"],
    [f"{{{{ '' }}}}{TAG}{{{{ 1 }}}}{TAG}"],
    [""],
    ["{# a comment #}"],
    ["{# of two", "   lines #}"],
    ["{#- trimmed -#}"],
    [f"{TAG} {{{{-", "  module.name", f"-}}}} {TAG}"],
    [f"{TAG} {{# inside", f"#}} {TAG}"],
    ["{% raw %}", f"{{{{ {TAG} }}}}", "{% endraw %}"],
    ["{% set x = 1 %}"],
    ["{{ mine.rule() }}"],
    ['{% include "part.j2" %}'],
    ["{{ 'some\\nlines' }}"],
    [f"{{{{ 'some\\nlines' }}}}{TAG}"],
])  # fmt: skip


def wrapped(body: list[str]) -> st.SearchStrategy[list[str]]:
    """The lines inside a loop, a condition, a filter or a call, with or without the dashes that eat white space."""
    frames = [
        ("for x in range(2)", "endfor"),
        ("for x in []", "endfor"),
        ("if target.mls", "endif"),
        ("if not target.mls", "endif"),
        ("filter lower", "endfilter"),
        ("call mine.around()", "endcall"),
        ("with y = 2", "endwith"),
    ]
    dashes = st.sampled_from(["", "-", "+"])

    def frame(kind: tuple[str, str], a: str, b: str, c: str, d: str) -> list[str]:
        return [f"{{%{a} {kind[0]} {b}%}}".replace("+%", "%"), *body, f"{{%{c} {kind[1]} {d}%}}".replace("+%", "%")]

    return st.builds(frame, st.sampled_from(frames), dashes, dashes, dashes, dashes)


def joined(parts: list[list[str]]) -> list[str]:
    return [line for part in parts for line in part]


BODIES = st.recursive(
    st.lists(LINES, min_size=1, max_size=4).map(joined),
    # The lists come first: hypothesis looks only one branch deep for a use of `bodies`, and not through a flatmap.
    lambda bodies: st.lists(bodies, max_size=3).map(joined) | bodies.flatmap(wrapped),
    max_leaves=6,
)


def tagged(name: str, lines: list[str]) -> str:
    return "\n".join(line.replace(TAG, f"<{name}:{n}>") for n, line in enumerate(lines, start=1))


@given(
    child=BODIES,
    base=BODIES,
    part=st.lists(LINES.filter(lambda lines: "include" not in lines[0] and "mine" not in lines[0]), max_size=3),
)
@settings(max_examples=150)
def test_every_line_has_a_place_and_the_right_one(child: list[str], base: list[str], part: list[list[str]]) -> None:
    macros = [
        "{% macro rule() %}",
        f"{TAG} rule",
        "{% endmacro %}",
        "{% macro around() %}",
        TAG,
        "{{ caller() }}",
        TAG,
        "{% endmacro %}",
    ]
    use = '{% import "mine.j2" as mine %}'
    own = ['{% extends "base.j2" %}', "{% block inner %}", use, *child, "{{ super() }}", "{% endblock %}"]
    more = {
        "templates/base.j2": tagged(
            "templates/base.j2", [use, *base, "{% block inner %}", f"{TAG} default", "{% endblock %}", TAG]
        ),
        "templates/part.j2": tagged("templates/part.j2", [line for lines in part for line in lines]),
        "templates/mine.j2": tagged("templates/mine.j2", macros),
    }
    with TemporaryDirectory() as directory:
        result, lines = mapped(Path(directory), tagged(OWN, own), more)
        assert len(lines.locations) == len(result.split("\n"))
        for number, line in enumerate(result.split("\n"), start=1):
            place = lines.locate(number)
            assert place.line is not None
            tag = re.search(r"<([^:]+):(\d+)>", line)
            value_first = re.match(r"\s*(?:some|lines|shop)", line)
            if tag and not value_first:
                assert str(place).lower() == f"{tag[1]}:{tag[2]}".lower(), (line, result)


# Economy


def test_finding_a_template_does_not_load_jinja(tmp_path: Path) -> None:
    _, workspace = shop(tmp_path, "")
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "jinja2"}
    try:
        assert templating.find_template(workspace, "module.te.j2") is not None
        assert "jinja2" not in sys.modules
    finally:
        sys.modules.update(kept)
