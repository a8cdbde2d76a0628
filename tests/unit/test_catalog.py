"""What policy/ declares, and that everything wrong with it is said so that a person can mend it."""

from __future__ import annotations

import os
import sys
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepack.catalog import declared_at, load_modules
from sepack.catalog.declaration import _place_of
from sepack.errors import DeclarationError, ExitCode, Location
from sepack.model.module import SourceKind
from sepack.workspace import Workspace
from tests.unit.repositories import RULES, only_module, repository, the_error, the_errors, told

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Unprivileged


def declaring(root: Path, declaration: str) -> Workspace:
    return repository(root, {"policy/shop/shop.te": RULES, "policy/shop/module.toml": declaration})


# What is right


def test_a_folder_with_somebodys_te_is_a_module(tmp_path: Path) -> None:
    module = only_module(repository(tmp_path, {"policy/shop/shop.te": RULES}))
    assert (module.name, module.directory, module.declaration) == ("shop", PurePosixPath("policy/shop"), None)
    assert (module.version, module.summary, module.license, module.template, module.parameters) == (
        None,
        "",
        "",
        "",
        {},
    )
    assert [(file.kind, str(file.path), file.templated) for file in module.sources] == [
        (SourceKind.TE, "policy/shop/shop.te", False)
    ]


def test_sources_come_in_the_order_te_fc_if_whether_templates_or_not(tmp_path: Path) -> None:
    files = {f"policy/shop/shop.{ending}": "" for ending in ("if", "te.j2", "fc")}
    module = only_module(repository(tmp_path, files))
    assert [(file.kind.value, file.templated) for file in module.sources] == [
        ("te", True),
        ("fc", False),
        ("if", False),
    ]


def test_a_declaration_is_read(tmp_path: Path) -> None:
    text = (
        'name = "shop"\nversion = "1.2.3"\nsummary = "A shop"\nlicense = "MIT"\ntemplate = "daemon"\n'
        '[parameters]\nlive = "/srv/shop"\nports = [80, 443]\n[parameters.db]\nhost = "x"\n'
    )
    module = only_module(declaring(tmp_path, text))
    assert module.declaration == PurePosixPath("policy/shop/module.toml")
    assert (module.version, module.summary, module.license, module.template) == ("1.2.3", "A shop", "MIT", "daemon")
    assert module.parameters == {"live": "/srv/shop", "ports": [80, 443], "db": {"host": "x"}}


def test_what_has_nothing_to_do_with_the_policy_is_left_alone(tmp_path: Path) -> None:
    beside = [
        "policy/guardrails.toml",
        "policy/README.md",
        "policy/.git/config",
        "policy/__pycache__/x.pyc",
        "policy/shop/.shop.te.swp",
        "policy/shop/.hidden.te",
        "policy/shop/#shop.te#",
        "policy/shop/shop.te~",
        "policy/shop/shop.te.orig",
        "policy/shop/test_shop.py",
        "policy/shop/ledger.toml",
        "policy/shop/scenario.toml",
        "policy/shop/README.md",
        "policy/shop/docs/other.te",
        "policy/shop/__pycache__/test_shop.pyc",
    ]
    workspace = repository(tmp_path, {"policy/shop/shop.te": RULES, **dict.fromkeys(beside, "")})
    assert only_module(workspace).sources[0].path.name == "shop.te"


def test_modules_are_sorted_by_name_and_asked_for_by_it(tmp_path: Path) -> None:
    workspace = repository(tmp_path, {f"policy/{name}/{name}.te": RULES for name in ("web", "a-b", "a.b", "shop")})
    assert [module.name for module in load_modules(workspace)[0]] == ["a-b", "a.b", "shop", "web"]
    assert [module.name for module in load_modules(workspace, ["web", "a.b", "web"])[0]] == ["a.b", "web"]


def test_the_good_are_returned_with_the_broken_beside_them(tmp_path: Path) -> None:
    files = {"policy/good/good.te": RULES, "policy/bad/other.te": RULES, "policy/worse/README": ""}
    modules, problems = load_modules(repository(tmp_path, files))
    assert [module.name for module in modules] == ["good"]
    assert [problem.name for problem in problems] == ["bad", "worse"]


def test_only_those_asked_for_are_looked_at(tmp_path: Path) -> None:
    workspace = repository(tmp_path, {"policy/good/good.te": RULES, "policy/bad/other.te": RULES})
    assert load_modules(workspace, ["good"])[1] == []
    assert [problem.name for problem in load_modules(workspace, ["bad"])[1]] == ["bad"]


def test_all_that_is_wrong_with_a_module_is_said_at_once(tmp_path: Path) -> None:
    files = {
        "policy/shop/shop.te": "",
        "policy/shop/shop.te.j2": "",
        "policy/shop/module.toml": "versio = 1\nname = 2\n",
    }
    errors = the_errors(repository(tmp_path, files))
    assert [type(error).__name__ for error in errors] == ["UnknownKeyError", "WrongTypeError", "TwoSourcesError"]


def test_no_source_is_opened(tmp_path: Path) -> None:
    assert only_module(repository(tmp_path, {"policy/shop/shop.te": b"\xff\x00"})).name == "shop"


def test_links_that_stay_in_the_repository_are_fine(tmp_path: Path) -> None:
    workspace = repository(tmp_path, {"shared/shop/shop.te": RULES, "shared/common.fc": ""})
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/shop").symlink_to("../shared/shop")
    (tmp_path / "shared/shop/shop.fc").symlink_to("../common.fc")
    assert [file.kind.value for file in only_module(workspace).sources] == ["te", "fc"]


# policy/ and the names in it


def test_no_policy_folder(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="there is no such folder") as caught:
        load_modules(Workspace(tmp_path))
    assert str(caught.value.where) == "policy"
    assert caught.value.brief == f"there is no such folder in {tmp_path}, so there is nothing to build"
    assert "mkdir -p policy/foo && cp foo.te policy/foo/" in caught.value.hint
    assert caught.value.exit_code is ExitCode.DECLARATION


def test_policy_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "policy").write_text("")
    with pytest.raises(DeclarationError, match="there is no such folder"):
        load_modules(Workspace(tmp_path))


def test_policy_that_lies_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "here").mkdir()
    (tmp_path / "here/policy").symlink_to("../elsewhere")
    with pytest.raises(DeclarationError, match="policy: this is a link that leads out of the repository"):
        load_modules(Workspace(tmp_path / "here"))


@pytest.mark.parametrize("asked", ["shopp", "policy/shop/", "SHOP"])
def test_a_name_that_is_none_is_answered_with_the_near_ones(tmp_path: Path, asked: str) -> None:
    workspace = repository(tmp_path, {"policy/shop/shop.te": RULES, "policy/web/web.te": RULES})
    with pytest.raises(DeclarationError) as caught:
        load_modules(workspace, [asked])
    assert caught.value.brief == f"there is no module '{asked}'"
    assert caught.value.details == ("policy/ has: shop, web",)
    assert caught.value.hint == "Did you mean shop?"


def test_two_names_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="there are no modules 'qqq', 'zzz'") as caught:
        load_modules(repository(tmp_path, {"policy/shop/shop.te": RULES}), ["qqq", "zzz"])
    assert caught.value.hint == "A module's name is its folder's name in policy/."


@pytest.mark.parametrize("name", ["1shop", "_shop", "-shop", "sh op", "shop.", "sh..op", "sh+op", "café"])
def test_a_name_that_the_compiler_refuses(tmp_path: Path, name: str) -> None:
    error = the_error(repository(tmp_path, {f"policy/{name}/{name}.te": RULES}))
    assert str(error) == f"policy/{name}: '{name}' cannot be the name of a module"
    assert "begins with a letter" in told(error)


@pytest.mark.parametrize("name", ["shop", "Shop", "s", "shop-2", "shop_2", "shop.2", "shop-", "a.b.c-d"])
def test_a_name_that_the_compiler_takes(tmp_path: Path, name: str) -> None:
    assert only_module(repository(tmp_path, {f"policy/{name}/{name}.te": RULES})).name == name


@pytest.mark.parametrize("name", ["target", "USER", "t1", "optional"])
def test_a_name_that_is_a_word_of_the_language(tmp_path: Path, name: str) -> None:
    error = the_error(repository(tmp_path, {f"policy/{name}/{name}.te": RULES}))
    assert str(error).startswith(f"policy/{name}: '{name}' is a word of the policy language")
    assert f"{name.lower()}_policy" in error.hint


def test_names_that_differ_in_capital_letters_only(tmp_path: Path) -> None:
    workspace = repository(tmp_path, {"policy/shop/shop.te": RULES, "policy/Shop/Shop.te": RULES})
    modules, problems = load_modules(workspace)
    assert modules == []
    assert [problem.name for problem in problems] == ["Shop", "shop"]
    assert (
        str(problems[1].errors[0])
        == "policy/shop: module 'shop' is declared twice: policy/Shop differs from it in capital letters only"
    )
    assert [problem.name for problem in load_modules(workspace, ["shop"])[1]] == ["shop"]


def test_a_policy_file_without_a_folder(tmp_path: Path) -> None:
    error = the_error(repository(tmp_path, {"policy/shop.te": RULES}))
    assert str(error).startswith("policy/shop.te: this file lies directly in policy/")
    assert error.hint == "mkdir -p policy/shop && git mv policy/shop.te policy/shop/"


def test_a_module_as_file_and_folder(tmp_path: Path) -> None:
    error = the_error(repository(tmp_path, {"policy/shop.te": RULES, "policy/shop/shop.te": RULES}))
    assert error.brief == "module 'shop' is declared twice: by the folder policy/shop and by policy/shop.te"


# The files of a folder


def test_a_folder_without_policy(tmp_path: Path) -> None:
    error = the_error(repository(tmp_path, {"policy/shop/README.md": "", "policy/shop/ledger.toml": ""}))
    assert (
        str(error)
        == "policy/shop: there is no policy in this folder: neither shop.te nor shop.te.j2, and no template is named"
    )
    assert "it holds: README.md, ledger.toml" in error.details
    assert error.hint == "Put the rules into policy/shop/shop.te, or name a template in policy/shop/module.toml."


def test_a_folder_that_another_branch_left_behind(tmp_path: Path) -> None:
    error = the_error(repository(tmp_path, {"policy/shop/__pycache__/test_shop.pyc": ""}))
    assert error.hint == "If it is left over from another branch, remove it: rm -r policy/shop"


def test_a_folder_with_other_kinds_only(tmp_path: Path) -> None:
    error = the_error(repository(tmp_path, {"policy/shop/shop.fc": ""}))
    assert error.brief.startswith("there is no policy in this folder")


def test_a_template_stands_in_for_the_rules(tmp_path: Path) -> None:
    workspace = repository(tmp_path, {"policy/shop/module.toml": 'template = "daemon"\n'})
    assert only_module(workspace).sources == ()


def test_plain_and_template_side_by_side(tmp_path: Path) -> None:
    error = the_error(repository(tmp_path, {"policy/shop/shop.te": "", "policy/shop/shop.te.j2": ""}))
    assert error.brief == "the folder has both shop.te and shop.te.j2, and only one of them can be the source"
    assert "git rm policy/shop/shop.te, or git rm policy/shop/shop.te.j2" in error.hint


@pytest.mark.parametrize(
    ("header", "remedy"),
    [
        (
            "policy_module(other, 1.0)",
            "Rename the folder, as the header bears the files' name: git mv policy/shop policy/other",
        ),
        (
            "module shop 1.0;",
            "Rename what does not bear the header's name: git mv policy/shop/other.te policy/shop/shop.te",
        ),
        (
            "",
            (
                "Rename the files: git mv policy/shop/other.te policy/shop/shop.te; "
                "or the folder: git mv policy/shop policy/other"
            ),
        ),
    ],
)
def test_a_file_that_is_not_named_after_its_folder(tmp_path: Path, header: str, remedy: str) -> None:
    error = the_error(repository(tmp_path, {"policy/shop/other.te": header}))
    assert str(error) == "policy/shop/other.te: other.te is not named after the folder 'shop': it has to be shop.te"
    assert error.hint == remedy


def test_files_of_one_wrong_name_are_one_fault(tmp_path: Path) -> None:
    files = {f"policy/shop/other.{kind}": "policy_module(other)" for kind in ("fc", "if", "te.j2")}
    error = the_error(repository(tmp_path, files))
    assert error.brief == (
        "other.te.j2, other.fc, other.if are not named after the folder 'shop': "
        "they have to be shop.te.j2, shop.fc, shop.if"
    )


@pytest.mark.parametrize(
    ("stray", "remedy"),
    [
        (
            "other.te",
            "Give another module its own folder: mkdir -p policy/other && git mv policy/shop/other.te policy/other/",
        ),
        ("Shop.fc", "If this is a part of 'shop': git mv policy/shop/Shop.fc policy/shop/shop.fc; or else: mkdir"),
    ],
)
def test_a_stray_policy_file(tmp_path: Path, stray: str, remedy: str) -> None:
    error = the_error(repository(tmp_path, {"policy/shop/shop.te": RULES, f"policy/shop/{stray}": ""}))
    assert str(error.where) == f"policy/shop/{stray}"
    assert error.hint.startswith(remedy)


def test_a_template_of_another_build_system(tmp_path: Path) -> None:
    error = the_error(repository(tmp_path, {"policy/shop/shop.te.in": "policy_module(shop, @@VERSION@@)"}))
    assert str(error).startswith("policy/shop/shop.te.in: this is a template of another build system")
    assert error.hint.startswith(
        "git mv policy/shop/shop.te.in policy/shop/shop.te.j2, then write {{ module.version }}"
    )


def test_a_template_of_another_build_system_beside_what_it_made_is_no_matter(tmp_path: Path) -> None:
    files = {"policy/shop/shop.te.in": "", "policy/shop/shop.te": RULES}
    assert only_module(repository(tmp_path, files)).name == "shop"


# Links, rights and special files


def test_a_source_that_links_out_of_the_repository(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "here", {"policy/shop/shop.te": RULES})
    (tmp_path / "shop.fc").write_text("")
    (tmp_path / "here/policy/shop/shop.fc").symlink_to("../../../shop.fc")
    error = the_error(workspace)
    assert str(error) == (
        f"policy/shop/shop.fc: this is a link that leads out of the repository, to {tmp_path / 'shop.fc'}"
    )
    assert (
        error.hint == f"Put a copy in its place: rm policy/shop/shop.fc && cp -r {tmp_path}/shop.fc policy/shop/shop.fc"
    )


def test_a_folder_that_links_out_of_the_repository(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "here", {"policy/good/good.te": RULES})
    repository(tmp_path, {"shop/shop.te": RULES})
    (tmp_path / "here/policy/shop").symlink_to(tmp_path / "shop")
    assert str(the_error(workspace)).startswith("policy/shop: this is a link that leads out of the repository")
    assert [module.name for module in load_modules(workspace)[0]] == ["good"]


def test_a_declaration_that_links_out_of_the_repository(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "here", {"policy/shop/shop.te": RULES})
    (tmp_path / "module.toml").write_text("")
    (tmp_path / "here/policy/shop/module.toml").symlink_to(tmp_path / "module.toml")
    assert str(the_error(workspace)).startswith("policy/shop/module.toml: this is a link that leads out")


@pytest.mark.parametrize("place", ["policy/shop", "policy/web/web.te", "policy/web/module.toml"])
def test_a_link_to_nothing(tmp_path: Path, place: str) -> None:
    workspace = repository(tmp_path, {"policy/web/web.te": RULES})
    (tmp_path / place).unlink(missing_ok=True)
    (tmp_path / place).symlink_to("nowhere")
    error = the_error(workspace)
    assert str(error) == f"{place}: this cannot be read: No such file or directory"
    assert "shows where it points" in error.hint


def test_links_in_a_circle(tmp_path: Path) -> None:
    workspace = repository(tmp_path, {"policy/web/web.te": RULES})
    (tmp_path / "policy/shop").symlink_to("shop")
    assert str(the_error(workspace)).startswith("policy/shop: this cannot be read: ")


@pytest.mark.parametrize("name", ["shop.te", "module.toml"])
def test_a_named_pipe_is_not_waited_for(tmp_path: Path, name: str) -> None:
    files = {"policy/shop/shop.te": RULES} if name != "shop.te" else {"policy/shop/README": ""}
    workspace = repository(tmp_path, files)
    os.mkfifo(tmp_path / "policy/shop" / name)
    assert str(the_error(workspace)) == f"policy/shop/{name}: this is a named pipe, and has to be a regular file"


def test_a_folder_in_the_place_of_a_source(tmp_path: Path) -> None:
    (tmp_path / "policy/shop/shop.te").mkdir(parents=True)
    assert str(the_error(Workspace(tmp_path))) == "policy/shop/shop.te: this is a folder, and has to be a regular file"


@pytest.mark.parametrize("place", ["policy/shop/shop.te", "policy/shop/module.toml", "policy/shop"])
def test_what_may_not_be_read(unprivileged: Unprivileged, place: str) -> None:
    workspace = declaring(unprivileged.directory, 'version = "1.0"\n')
    (unprivileged.directory / place).chmod(0)
    brief, hint = unprivileged(lambda: (str(the_error(workspace)), the_error(workspace).hint))
    assert brief.lower() == f"{place}: this cannot be read: permission denied"
    assert hint == f"Give yourself the right to read it: chmod u+rX {place} (or chown it, if it is another user's)"


def test_policy_may_not_be_read(unprivileged: Unprivileged) -> None:
    workspace = declaring(unprivileged.directory, "")
    (unprivileged.directory / "policy").chmod(0)

    def refused() -> str:
        with pytest.raises(DeclarationError) as caught:
            load_modules(workspace)
        return str(caught.value)

    assert unprivileged(refused) == "policy: this cannot be read: Permission denied"


# module.toml


@pytest.mark.parametrize(
    ("declaration", "place", "brief", "hint"),
    [
        ("version = \n", "1:11", "this is not understood: invalid value", 'Each line is `key = "value"`'),
        ('name = "shop"\nversion = "1.0', "2", "this is not understood: ", "Each line is"),
        ("[parameters\n", "1:12", "this is not understood: ", "Each line is"),
        ('summary = """\nx\n', "2", "this is not understood: ", "Each line is"),
        (
            '# x\nsumary = "x"\n',
            "2",
            "module.toml has no key 'sumary'",
            "Did you mean summary? Values of your own belong",
        ),
        ("[params]\nx = 1\n", "1", "module.toml has no key 'params'", "Did you mean parameters?"),
        ("zzz.y = 1\n", "1", "module.toml has no key 'zzz'", "Values of your own belong under [parameters]; the other"),
        ("version = 1.0\n", "1", "'version' is a number (1.0), and has to be text", 'Write version = "1.0", in quot'),
        ("version = true\n", "1", "'version' is a truth value (true), and has to be text", 'Write version = "…"'),
        ("license = ['MIT']\n", "1", "'license' is a list, and has to be text", 'Write license = "…"'),
        (
            "summary = 2024-01-01\n",
            "1",
            "'summary' is a date or time (2024-01-01), and has to be text",
            "Write summary",
        ),
        ("[template]\n", "1", "'template' is a table, and has to be text", 'Write template = "…"'),
        ("parameters = 'x'\n", "1", "'parameters' is text, and has to be a table", "Write a header [parameters]"),
        ('name = "web"\n', "1", "this says name = 'web', but the folder is policy/shop: both", 'Write name = "shop"'),
        ('\nversion = "1..0"\n', "2", "'1..0' cannot be a module's version", 'Write it like version = "1.0.0".'),
        ('version = "v1"\n', "1", "'v1' cannot be a module's version", 'Write it like version = "1.0.0".'),
        ('version = "1.0-1"\n', "1", "'1.0-1' cannot be a module's version", "Write it like"),
        ('version = ""\n', "1", "'' cannot be a module's version", "Write it like"),
        ('template = "../x"\n', "1", "template = '../x' is no template's name", "Write the name alone"),
        ('template = "daemon.te.j2"\n', "1", "template = 'daemon.te.j2' is no template's name", "Write the name alone"),
    ],
)
def test_a_wrong_declaration(tmp_path: Path, declaration: str, place: str, brief: str, hint: str) -> None:
    error = the_error(declaring(tmp_path, declaration))
    assert str(error).startswith(f"policy/shop/module.toml:{place}: {brief}")
    assert error.hint.startswith(hint)
    assert error.exit_code is ExitCode.DECLARATION
    assert error.where is not None
    assert error.where.text == declaration.split("\n")[int(place.partition(":")[0]) - 1]


@pytest.mark.parametrize("version", ["1", "1.0", "1.2.3.4", "2024.01.15", "01.00", "1.0.0rc1", "1.0_2"])
def test_a_version_that_the_compiler_takes(tmp_path: Path, version: str) -> None:
    assert only_module(declaring(tmp_path, f'version = "{version}"\n')).version == version


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'summary = "caf\xe9"\n', "1:15: this is not plain UTF-8 text: byte 0xe9 belongs to another encoding"),
        (b"\n# \0\n", "2:3: this is not plain UTF-8 text: it holds a NUL byte"),
        (b'\xef\xbb\xbfname = "shop"\n', "1:1: this is not plain UTF-8 text: it begins with a byte order mark"),
    ],
)
def test_a_declaration_that_is_no_text(tmp_path: Path, content: bytes, sentence: str) -> None:
    workspace = repository(tmp_path, {"policy/shop/shop.te": RULES, "policy/shop/module.toml": content})
    assert str(the_error(workspace)).startswith(f"policy/shop/module.toml:{sentence}")


def test_a_declaration_of_utf_16(tmp_path: Path) -> None:
    content = 'name = "shop"\n'.encode("utf-16")
    workspace = repository(tmp_path, {"policy/shop/shop.te": RULES, "policy/shop/module.toml": content})
    error = the_error(workspace)
    assert str(error) == "policy/shop/module.toml: this is not plain UTF-8 text: it looks like UTF-16"
    assert error.hint.startswith("Convert it: iconv -f UTF-16 -t UTF-8 policy/shop/module.toml")


def test_a_key_is_found_though_strings_and_tables_look_like_it(tmp_path: Path) -> None:
    text = 'summary = """\nnam = 1\n[nam]\n"""\nlicense = "x"\nnam = 2\n[parameters]\nnam = 3\n'
    assert str(the_error(declaring(tmp_path, text)).where) == "policy/shop/module.toml:6"


KEYS = st.sampled_from(["name", "version", "summary", "template", "odd-key"])
FILLERS = st.sampled_from(["# {key} = 1", "", 'x{i} = """\n{key} = 1\n"""', "y{i} = [\n  1,\n]", 'z{i} = "{key} = 2"'])


@given(
    key=KEYS,
    before=st.lists(FILLERS, max_size=6),
    spelled=st.sampled_from(["{0} = 1", "'{0}' = 1", '  "{0}"=1', "[{0}]", "{0}.x = 1"]),
)
def test_the_place_of_a_key_is_the_line_that_gives_it(key: str, before: list[str], spelled: str) -> None:
    lines = "\n".join(filler.format(key=key, i=i) for i, filler in enumerate(before)).split("\n") if before else []
    wanted = spelled.format(key)
    text = "\n".join([*lines, wanted, "[tail]", f"{key} = 9", ""])
    assert _place_of(key, PurePosixPath("m"), text) == Location(
        path=PurePosixPath("m"), line=len(lines) + 1, text=wanted
    )


def test_where_a_key_is_declared(tmp_path: Path) -> None:
    workspace = declaring(tmp_path, 'version = "1.0"\ntemplate = "daemon"\n')
    where = declared_at(workspace, only_module(workspace), "template")
    assert (str(where), where and where.text) == ("policy/shop/module.toml:2", 'template = "daemon"')


def test_nothing_is_declared_without_a_declaration(tmp_path: Path) -> None:
    workspace = repository(tmp_path, {"policy/shop/shop.te": RULES})
    assert declared_at(workspace, only_module(workspace), "template") is None


# Economy


def test_without_declarations_no_toml_is_loaded(unprivileged: Unprivileged) -> None:
    workspace = repository(unprivileged.directory, {"policy/shop/shop.te": RULES})

    def loaded() -> set[str]:
        for name in ("tomllib", "difflib"):
            sys.modules.pop(name, None)
        load_modules(workspace)
        return {"tomllib", "difflib"} & set(sys.modules)

    assert unprivileged(loaded) == set()


def test_domains_are_read(tmp_path: Path) -> None:
    declaration = '[domains]\ntypes = ["httpd_t"]\nexecutables = ["/usr/sbin/httpd"]\npaths = ["/srv/shop"]\n'
    module = only_module(declaring(tmp_path, declaration))
    assert module.domains == {"types": ("httpd_t",), "executables": ("/usr/sbin/httpd",), "paths": ("/srv/shop",)}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('type = ["a_t"]', "[domains] has no key 'type'"),
        ('types = "a_t"', "'types' in [domains] is a list of types, and something else is none"),
        ('types = ["a t"]', "'types' in [domains] is a list of types, and 'a t' is none"),
        ('paths = ["srv"]', "'paths' in [domains] is a list of whole paths"),
        ("paths = [1]", "'paths' in [domains] is a list of whole paths"),
    ],
)
def test_wrong_domains_are_said(tmp_path: Path, line: str, words: str) -> None:
    error = the_error(declaring(tmp_path, f"[domains]\n{line}\n"))
    assert str(error).startswith(f"policy/shop/module.toml:2: {words}")


def test_a_ledger_is_the_module_s_and_one_of_its_files(tmp_path: Path) -> None:
    workspace = repository(tmp_path, {"policy/shop/shop.te": RULES, "policy/shop/ledger.toml": ""})
    module = only_module(workspace)
    assert module.ledger is not None
    assert module.files == ["policy/shop/shop.te", "policy/shop/ledger.toml"]


def test_a_declaration_and_a_ledger_are_enough_for_a_module(tmp_path: Path) -> None:
    module = only_module(repository(tmp_path, {"policy/shop/module.toml": "", "policy/shop/ledger.toml": ""}))
    assert module.sources == ()


def test_booleans_and_ports_are_read(tmp_path: Path) -> None:
    declaration = """\
[booleans]
httpd_execmem = true
httpd_enable_cgi = false
[[ports]]
protocol = "udp"
range = "8000-8010"
type = "http_port_t"
[[ports]]
protocol = "tcp"
number = 8001
type = "http_port_t"
"""
    module = only_module(declaring(tmp_path, declaration))
    assert module.booleans == {"httpd_execmem": True, "httpd_enable_cgi": False}
    statements = ["port tcp 8001 http_port_t", "port udp 8000-8010 http_port_t"]
    assert [port.statement() for port in module.ports] == statements


PORT = '[[ports]]\nprotocol = "tcp"\nnumber = 80\ntype = "a_t"\n'


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[booleans]\na = true\nb = "on"\n', 3, "'b' has text"),
        ("[booleans]\na = 1\n", 2, "'a' has a number (1)"),
        ("[booleans]\n'a b' = true\n", 2, "'a b' has a name with other characters"),
        ("booleans.a = 1\n", 1, "'a' has a number (1)"),
        ("booleans = true\n", 1, "'booleans' is a truth value (true), and has to be a table"),
        ("[ports]\nnumber = 80\n", 1, "'ports' is a table, and has to be a list of tables"),
        ("ports = [80]\n", 1, "'ports' of a port is 80, and it has to be a list of tables"),
        (PORT.replace("number = 80", "nummer = 80"), 3, "[[ports]] has no key 'nummer'"),
        (PORT.replace("tcp", "http"), 2, "'protocol' of a port is 'http', and it has to be one of tcp, udp"),
        (PORT.replace('protocol = "tcp"\n', ""), 1, "a port has no 'protocol'"),
        (PORT.replace("80", '"80"'), 3, "'number' of a port is '80', and it has to be a number from 1 to 65535"),
        (PORT.replace("80", "0"), 3, "'number' of a port is 0"),
        (PORT.replace("80", "70000"), 3, "'number' of a port is 70000"),
        (PORT.replace("80", "true"), 3, "'number' of a port is True"),
        (PORT.replace("number = 80", 'range = "90-80"'), 3, "'range' of a port is '90-80'"),
        (
            PORT.replace("number = 80", "range = 80"),
            3,
            "'range' of a port is 80, and it has to be the first",
        ),
        (
            PORT.replace("number = 80", 'number = 80\nrange = "80-90"'),
            1,
            "a port has both a number and a range",
        ),
        (PORT.replace("number = 80\n", ""), 1, "a port has neither a number nor a range"),
        (PORT.replace("a_t", "a t"), 4, "'type' of a port is 'a t', and it has to be a type"),
        (
            PORT + PORT.replace("number = 80", 'range = "70-90"'),
            5,
            "'port tcp 70-90 a_t' labels a port that is",
        ),
    ],
)
def test_wrong_booleans_and_ports_are_said_at_their_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    _, (problem,) = load_modules(declaring(tmp_path, text))
    error = problem.errors[0]
    assert str(error).startswith(f"policy/shop/module.toml:{line}: ")
    assert words in str(error)
