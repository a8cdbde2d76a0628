"""A module's texts: plain ones as they lie there, templates filled in, and the way back to the author's line."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepack.errors import DeclarationError, ExitCode, SepackError
from sepack.model.module import SourceKind
from sepack.stages.render import locate, render
from tests.unit.repositories import EL9, RULES, only_module, repository

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sepack.model.module import Module
    from sepack.model.sources import Sources
    from sepack.workspace import Workspace
    from tests.conftest import Unprivileged

DAEMON = {
    "templates/daemon.te.j2": "policy_module({{ module.name }}, 1.0)\n\ntype {{ module.name }}_t;\n",
    "templates/daemon.fc.j2": "/usr/bin/{{ module.name }} -- gen_context(system_u:object_r:{{ module.name }}_t)\n",
}


def shop(root: Path, files: Mapping[str, str | bytes]) -> tuple[Module, Workspace]:
    """A repository of the module shop; names without a slash are files of its folder."""
    workspace = repository(root, {name if "/" in name else f"policy/shop/{name}": files[name] for name in files})
    return only_module(workspace), workspace


def sources(root: Path, files: Mapping[str, str | bytes]) -> Sources:
    module, workspace = shop(root, files)
    return render(module, EL9, workspace)


def fault(root: Path, files: Mapping[str, str | bytes]) -> SepackError:
    module, workspace = shop(root, files)
    with pytest.raises(SepackError) as caught:
        render(module, EL9, workspace)
    return caught.value


# Texts


def test_plain_files_are_taken_as_they_are(tmp_path: Path) -> None:
    texts = {"shop.te": RULES, "shop.fc": "\n\n# {{ x }} {% y %}\n\t/srv/x\t--  a:b:c \n\n", "shop.if": "## é\n"}
    found = sources(tmp_path, texts)
    assert {f"shop.{text.kind}": text.text for text in found.texts} == texts
    assert [(text.kind.value, text.templated, text.templates) for text in found.texts] == [
        ("te", False, ()),
        ("fc", False, ()),
        ("if", False, ()),
    ]
    assert found.te.origin == PurePosixPath("policy/shop/shop.te")
    assert found.notes == ()


@given(st.text(st.characters(exclude_characters="\0\r@\ufeff", exclude_categories=["Cs"])))
def test_any_plain_text_comes_out_byte_for_byte(text: str) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as directory:
        found = sources(Path(directory), {"shop.te": text})
        assert found.te.text.encode() == (Path(directory) / "policy/shop/shop.te").read_bytes()


def test_an_empty_file_is_a_text_too(tmp_path: Path) -> None:
    fc = sources(tmp_path, {"shop.te": RULES, "shop.fc": ""}).get(SourceKind.FC)
    assert fc is not None
    assert fc.text == ""


def test_templates_are_filled_in_and_plain_files_beside_them_are_not(tmp_path: Path) -> None:
    files = {
        "module.toml": 'version = "2.0"\n[parameters]\nlive = "/srv/shop"\n',
        "shop.te.j2": "module {{ module.name }} {{ module.version }};\n",
        "shop.fc": "{{ }}\n",
    }
    found = sources(tmp_path, files)
    assert [(text.text, text.templated) for text in found.texts] == [("module shop 2.0;\n", True), ("{{ }}\n", False)]


def test_notes_name_the_file_they_are_about(tmp_path: Path) -> None:
    files = {"shop.te": RULES, "shop.fc.j2": '{{ "/home/al/live" | file_context_path }} <<none>>\n'}
    notes = sources(tmp_path, files).notes
    assert len(notes) == 1
    assert notes[0].startswith("policy/shop/shop.fc.j2: /home/al/live is written as HOME_DIR/live")


def test_a_family_of_templates_stands_in_for_what_the_folder_lacks(tmp_path: Path) -> None:
    found = sources(tmp_path, {"module.toml": 'template = "daemon"\n', "shop.fc": "# mine\n", **DAEMON})
    assert [(text.kind.value, str(text.origin), text.templates) for text in found.texts] == [
        ("te", "templates/daemon.te.j2", ("daemon.te.j2",)),
        ("fc", "policy/shop/shop.fc", ()),
    ]
    assert found.te.text == "policy_module(shop, 1.0)\n\ntype shop_t;\n"


def test_a_family_beside_rules_of_ones_own(tmp_path: Path) -> None:
    found = sources(tmp_path, {"module.toml": 'template = "daemon"\n', "shop.te": RULES, **DAEMON})
    assert [str(text.origin) for text in found.texts] == ["policy/shop/shop.te", "templates/daemon.fc.j2"]


def test_a_shipped_family_is_found_and_named_by_its_whole_path(tmp_path: Path) -> None:
    module, workspace = shop(tmp_path, {"module.toml": 'version = "1.0"\ntemplate = "module"\n'})
    with pytest.raises(SepackError, match="the block 'require' is not filled") as caught:
        render(module, EL9, workspace)
    assert caught.value.where is not None
    assert caught.value.where.path.is_absolute()


# Lines


def test_a_plain_line_is_the_authors_line(tmp_path: Path) -> None:
    module, workspace = shop(tmp_path, {"shop.te": RULES})
    where = locate(render(module, EL9, workspace).te, module, EL9, workspace, 5)
    assert (str(where), where.text) == ("policy/shop/shop.te:5", "allow httpd_t self:process execmem;")
    assert locate(render(module, EL9, workspace).te, module, EL9, workspace, 99).text is None


def test_a_templated_line_leads_to_the_template(tmp_path: Path) -> None:
    module, workspace = shop(
        tmp_path, {"shop.te.j2": "{# about\n#}\n{% if target.mls %}\nmodule shop 1.0;\n{% endif %}\n"}
    )
    where = locate(render(module, EL9, workspace).te, module, EL9, workspace, 1)
    assert (str(where), where.text) == ("policy/shop/shop.te.j2:4", "module shop 1.0;")


def test_a_line_of_a_family_leads_to_its_template(tmp_path: Path) -> None:
    module, workspace = shop(tmp_path, {"module.toml": 'template = "daemon"\n', **DAEMON})
    where = locate(render(module, EL9, workspace).te, module, EL9, workspace, 3)
    assert (str(where), where.text) == ("templates/daemon.te.j2:3", "type {{ module.name }}_t;")


# What is refused


@pytest.mark.parametrize(
    ("content", "place", "sentence", "detail"),
    [
        (b"# ok\n# caf\xe9 bar\n", "2:6", "this is not plain UTF-8 text: byte 0xe9 belongs", "byte 0xe9 at offset 10"),
        (b"\xc3\xa9\xc3\xa9\xff", "1:3", "this is not plain UTF-8 text: byte 0xff belongs", "byte 0xff at offset 4"),
        (b"module\0 x;\n", "1:7", "this is not plain UTF-8 text: it holds a NUL byte", "byte 0x00 at offset 6"),
        (b"\xef\xbb\xbfmodule x 1;\n", "1:1", "this is not plain UTF-8 text: it begins with a byte order", "offset 0"),
    ],
)
@pytest.mark.parametrize("kind", ["te", "fc", "if", "te.j2"])
def test_a_source_that_is_no_text(
    tmp_path: Path, kind: str, content: bytes, place: str, sentence: str, detail: str
) -> None:
    error = fault(
        tmp_path, {"shop.te": RULES, f"shop.{kind}": content} if "te" not in kind else {f"shop.{kind}": content}
    )
    assert str(error).startswith(f"policy/shop/shop.{kind}:{place}: {sentence}")
    assert error.details[0].endswith(detail)
    assert error.hint


def test_the_line_is_shown_though_it_is_no_text(tmp_path: Path) -> None:
    where = fault(tmp_path, {"shop.te": b"# ok\n# caf\xe9 bar\r\n"}).where
    assert where is not None
    assert where.text == "# caf\ufffd bar"


def test_line_ends_of_windows(tmp_path: Path) -> None:
    error = fault(tmp_path, {"shop.te": "# fine\r\nmodule shop 1.0;\r\n"})
    assert str(error) == "policy/shop/shop.te:2: this file has the line ends of Windows, which no SELinux tool reads"
    assert error.hint == "Take them out: sed -i 's/\\r$//' policy/shop/shop.te"


def test_a_carriage_return_in_a_comment_does_no_harm(tmp_path: Path) -> None:
    text = "# fine\r\n" + RULES
    assert sources(tmp_path, {"shop.te": text}).te.text == text


@pytest.mark.parametrize(
    ("name", "line", "found"),
    [
        ("shop.te", "policy_module(shop, @@VERSION@@)", "@@VERSION@@"),
        ("shop.te", "policy_module(shop, @VERSION@) # x", "@VERSION@"),
        ("shop.fc", "@bindir@/x @PREFIX_2@/y", "@PREFIX_2@"),
    ],
)
def test_a_placeholder_of_another_build_system(tmp_path: Path, name: str, line: str, found: str) -> None:
    error = fault(tmp_path, {"shop.te": RULES, name: f"#\n{line}\n"})
    assert str(error) == (
        f"policy/shop/{name}:2: {found} is a placeholder of another build system, which nothing fills in here"
    )
    assert error.hint.startswith(
        f"Rename policy/shop/{name} to policy/shop/{name}.j2 and write {{{{ module.version }}}}"
    )
    assert error.where is not None
    assert error.where.text == line


def test_a_placeholder_in_a_template(tmp_path: Path) -> None:
    error = fault(tmp_path, {"shop.te.j2": "{# x #}\n#\npolicy_module(shop, @@VERSION@@)\n"})
    assert str(error.where) == "policy/shop/shop.te.j2:3"
    assert error.hint.startswith("Write {{ module.version }} in its place")


@pytest.mark.parametrize(
    "line", ["# @@VERSION@@", "/usr/lib/systemd/system/getty@x@.*\\.service <<none>>", "x@ @y", "$@ @"]
)
def test_what_is_no_placeholder(tmp_path: Path, line: str) -> None:
    assert len(sources(tmp_path, {"shop.te": RULES, "shop.fc": line}).texts) == 2


def test_a_family_that_is_not_there(tmp_path: Path) -> None:
    files = {"module.toml": '\ntemplate = "deamon"\n', **DAEMON}
    error = fault(tmp_path, files)
    assert str(error.where) == "policy/shop/module.toml:2"
    assert error.brief == "module 'shop' is to be made from the template 'deamon', and there is no deamon.te.j2"
    assert isinstance(error, DeclarationError)
    assert error.details[0].startswith(f"searched: {tmp_path}/templates, ")
    assert error.details[1] == "templates with rules of their own: daemon, module"
    assert error.hint == "Did you mean daemon?"


def test_a_family_that_is_not_there_beside_rules_of_ones_own(tmp_path: Path) -> None:
    error = fault(tmp_path, {"module.toml": 'template = "zzz"\n', "shop.te": RULES})
    assert error.brief.startswith("module 'shop' is to be made from the template 'zzz', and there is no zzz.te.j2")
    assert error.hint == "Write templates/zzz.te.j2, or take the line out: the module has rules of its own."


def test_a_family_without_rules(tmp_path: Path) -> None:
    error = fault(tmp_path, {"module.toml": 'template = "half"\n', "templates/half.fc.j2": ""})
    assert error.brief.endswith("and there is no half.te.j2")


def test_a_fault_in_a_template_is_passed_on(tmp_path: Path) -> None:
    error = fault(tmp_path, {"shop.te.j2": "{{ modul.name }}"})
    assert str(error).startswith("policy/shop/shop.te.j2:1: the template uses 'modul'")
    assert error.exit_code is ExitCode.BUILD


def test_a_source_that_may_not_be_read_any_more(unprivileged: Unprivileged) -> None:
    module, workspace = shop(unprivileged.directory, {"shop.te": RULES})
    (unprivileged.directory / "policy/shop/shop.te").chmod(0)

    def refused() -> str:
        with pytest.raises(SepackError) as caught:
            render(module, EL9, workspace)
        return str(caught.value)

    assert unprivileged(refused) == "policy/shop/shop.te: this cannot be read: Permission denied"


def test_a_source_that_is_gone(tmp_path: Path) -> None:
    module, workspace = shop(tmp_path, {"shop.te": RULES})
    (tmp_path / "policy/shop/shop.te").unlink()
    with pytest.raises(SepackError, match=r"policy/shop/shop\.te: this cannot be read: No such file"):
        render(module, EL9, workspace)


# Economy


def test_plain_modules_load_no_jinja(unprivileged: Unprivileged) -> None:
    module, workspace = shop(unprivileged.directory, {"shop.te": RULES, "shop.fc": "", "shop.if": ""})

    def loaded() -> set[str]:
        for name in list(sys.modules):
            if name.partition(".")[0] == "jinja2":
                del sys.modules[name]
        locate(render(module, EL9, workspace).te, module, EL9, workspace, 1)
        return {name for name in sys.modules if name.partition(".")[0] == "jinja2"}

    assert unprivileged(loaded) == set()
