"""Odd but honest modules: none changes a neighbour, none is refused that the Makefile builds, none escapes from m4."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from sepack.model.build import Built, Failed, Notice
from sepack.pipeline.build import BuildRequest, build
from sepack.settings import Settings
from sepack.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sepack.model.build import BuildEvent

MAKE = ("make", "-s", "-f", "/usr/share/selinux/devel/Makefile")
PLAIN = """\
module {name} 1.0;
require {{ type httpd_t; class process execmem; class file {{ read ioctl }}; role system_r; }}
"""
OVERRIDE = """\
interface(`files_type',`
	gen_require(`
		attribute file_type;
	')
	typeattribute $1 file_type;
')
"""
CONDITIONAL = """\
bool x true;
if (x) { allow httpd_t self:process execmem; } else {
allowxperm httpd_t self:file ioctl 1;
}
"""


def refpolicy(name: str, rest: str = "") -> str:
    return f"policy_module({name}, 1.0)\ntype {name}_t;\nfiles_type({name}_t)\n{rest}"


def run(root: Path, files: dict[str, str], *modules: str, targets: tuple[str, ...] = ("host",)) -> list[BuildEvent]:
    """Build `modules` (none: all) of a repository that consists of `files`, by name."""
    for name, text in files.items():
        place = root / "policy" / name.split(".")[0] / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    settings = Settings(targets=targets, toolchain="local", install="never", module_format=None)
    return list(build(Workspace(root), settings, BuildRequest(modules=modules, force=True), lambda _: None))


def failures(events: list[BuildEvent]) -> dict[str, str]:
    return {
        event.module: "\n".join(f"{error} {error.details} {error.hint}" for error in event.errors)
        for event in events
        if isinstance(event, Failed)
    }


def built(root: Path, events: list[BuildEvent]) -> dict[str, bytes]:
    return {event.module: (root / event.package.path).read_bytes() for event in events if isinstance(event, Built)}


def made(home: Path, files: dict[str, str]) -> dict[str, bytes]:
    """What the devel Makefile makes of each module in a folder of its own, in the format that sepack chose."""
    packages = {}
    for name in {name.split(".")[0] for name in files}:
        place = home / name
        place.mkdir(parents=True)
        for file, text in files.items():
            if file.startswith(f"{name}."):
                (place / file).write_text(text)
        subprocess.run(MAKE, cwd=place, check=True, capture_output=True)
        mod, pp = place / "tmp" / f"{name}.mod", place / f"{name}.pp"
        (place / "fc").write_bytes(pp.read_bytes()[pp.read_bytes().rindex(b"\x90\xff\x7c\xf9") + 4 :])
        check = ["checkmodule", "-M", "-m", "-c", "19", str(place / "tmp" / f"{name}.tmp"), "-o", str(mod)]
        subprocess.run(check, check=True, capture_output=True)
        subprocess.run(
            ["semodule_package", "-o", str(pp), "-m", str(mod), "-f", str(place / "fc")],
            check=True,
            capture_output=True,
        )
        packages[name] = pp.read_bytes()
    return packages


@pytest.fixture(autouse=True)
def _tools(require_tool: Callable[[str], str]) -> None:
    for tool in ("make", "m4", "checkmodule", "semodule_package", "sefcontext_compile"):
        require_tool(tool)


HONEST = {
    "define in a .fc": {
        "fcdef.te": refpolicy("fcdef"),
        "fcdef.fc": "define(`P',`/srv/fcdef')P/x gen_context(system_u:object_r:fcdef_t,s0)\n",
        "fcvic.te": refpolicy("fcvic"),
        "fcvic.fc": "/srv/P/x gen_context(system_u:object_r:fcvic_t,s0)\n",
    },
    "define in a .te": {
        "tedef.te": refpolicy("tedef", "define(`shared_word',`tedef_t')\nallow shared_word self:process signal;\n"),
        "tevic.te": refpolicy("tevic", "ifdef(`shared_word',`allow tevic_t self:process sigkill;')\n"),
    },
    "expressions that start with a bracket": {
        "paths.te": refpolicy("paths"),
        "paths.fc": "(/usr)?/lib/paths(/.*)? gen_context(system_u:object_r:paths_t,s0)\n",
    },
    "names and headers that look like more": {
        "shift.te": "policy_module(shift, 1.0)\ntype shift_t;\n",
        "unix.te": "policy_module(unix, 1.0)\ntype unix_t;\n",
        "commented.te": "dnl policy_module(old, 9)\npolicy_module(commented, 1.0)\n",
    },
}


@pytest.mark.parametrize("files", HONEST.values(), ids=HONEST.keys())
def test_a_module_is_what_the_makefile_makes_whatever_its_neighbours(tmp_path: Path, files: dict[str, str]) -> None:
    events = run(tmp_path / "repository", files)
    assert failures(events) == {}
    assert built(tmp_path / "repository", events) == made(tmp_path / "made", files)


def test_an_interface_that_defines_a_macro_changes_only_its_callers(tmp_path: Path) -> None:
    files = {
        "aaa.te": refpolicy("aaa", "aaa_do(aaa_t)\n"),
        "aaa.if": "interface(`aaa_do',`\n\tdefine(`shared_word',`signal')\n\tallow $1 self:process shared_word;\n')\n",
        "bbb.te": refpolicy("bbb", "ifdef(`shared_word',`allow bbb_t self:process sigkill;')\n"),
    }
    together = built(tmp_path, run(tmp_path, files))
    alone = built(tmp_path, run(tmp_path, {}, "bbb"))
    assert together["bbb"] == alone["bbb"]


ESCAPES = [
    "builtin(`syscmd',`touch escaped')",
    "indir(`syscmd',`touch escaped')",
    "define(`foo',defn(`syscmd'))foo(`touch escaped')",
    "changecom`'\n# syscmd(`touch escaped')",
    "define(`zz',`sys'`cmd(`touch escaped')')zz",
    "define(`zz',`esys'`cmd(`touch escaped')')zz",
    "define(`zz',`debug'`file(`escaped')')zz",
    "define(`zz',`mk'`stemp(`escapedXXXXXX')')zz",
]


@pytest.mark.parametrize("text", ESCAPES)
@pytest.mark.parametrize("suffix", ["te", "fc", "if"])
def test_no_disguise_runs_a_program_or_writes_a_file(tmp_path: Path, suffix: str, text: str) -> None:
    files = {"sly.te": refpolicy("sly"), f"sly.{suffix}": (refpolicy("sly") if suffix == "te" else "") + text + "\n"}
    run(tmp_path, files)
    assert list(tmp_path.rglob("escaped*")) == []


def test_one_expression_that_no_loader_takes_hides_no_other(tmp_path: Path) -> None:
    context = "gen_context(system_u:object_r:{0}_t,s0)"
    files = {
        "p.te": refpolicy("p"),
        "p.fc": f"/srv/\u00fcn\u00ef(/.*)? {context.format('p')}\n",
        "q.te": refpolicy("q"),
        "q.fc": f"/srv/(broken {context.format('q')}\n",
    }
    found = failures(run(tmp_path, files))
    assert "beyond ASCII" in found["p"]
    assert "no regular expression" in found["q"]


def test_a_module_that_overrides_the_headers_says_so(tmp_path: Path) -> None:
    files = {
        "ov.te": refpolicy("ov"),
        "ov.if": OVERRIDE,
        "one.te": refpolicy("one"),
        "one.if": "interface(`twice',`\n\tgen_require(`\n\t\ttype one_t;\n\t')\n')\n",
        "two.te": refpolicy("two"),
        "two.if": "interface(`twice',`\n\tgen_require(`\n\t\ttype two_t;\n\t')\n')\n",
    }
    texts = {event.text for event in run(tmp_path, files) if isinstance(event, Notice)}
    assert any("policy/ov defines files_type()" in text for text in texts)
    assert any("policy/one and policy/two both define twice()" in text for text in texts)


def test_a_call_over_lines_builds_alone_and_beside_a_broken_module(tmp_path: Path) -> None:
    files = {"ml.te": "policy_module(ml, 1.0)\ntype ml_t;\nfiles_type(\n\tml_t\n)\n"}
    before = built(tmp_path, run(tmp_path, files))
    events = run(tmp_path, {"bad.te": refpolicy("bad", "optional_policy(`\n")})
    assert list(failures(events)) == ["bad"]
    assert built(tmp_path, events)["ml"] == before["ml"]


def test_a_broken_neighbour_does_not_widen_what_a_module_depends_on(tmp_path: Path) -> None:
    events = run(tmp_path, {"good.te": refpolicy("good"), "bad.te": refpolicy("bad", "optional_policy(`\n")})
    (good,) = (event for event in events if isinstance(event, Built))
    assert "all interfaces" not in good.manifest.inputs


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("type_transition a_t { self b_t }:process b_t;", 21),
        ("type_transition a_t self:process b_t;", 21),
        ("allowxperm a_t b_t:file ioctl 0x1;", 19),
    ],
)
def test_the_lowest_format_that_holds_the_source_is_written(tmp_path: Path, rule: str, expected: int) -> None:
    text = PLAIN.format(name="form").replace("execmem", "{ execmem transition }") + "type a_t; type b_t;\n" + rule
    (event,) = (event for event in run(tmp_path, {"form.te": text + "\n"}) if isinstance(event, Built))
    assert event.package.format == expected


@pytest.mark.parametrize(
    "rest",
    [
        "attribute my_perms;\n",
        'type a_t; type b_t;\ntype_transition a_t b_t:file a_t "foo(bar.x";\n',
        "bool x true;\nif (x) { allow httpd_t self:process execmem; }\n",
    ],
)
def test_a_plain_module_is_built_for_another_release(tmp_path: Path, rest: str) -> None:
    text = PLAIN.format(name="plain") + rest
    assert failures(run(tmp_path, {"plain.te": text}, targets=("el9",))) == {}


def test_what_needs_another_releases_headers_says_where(tmp_path: Path) -> None:
    found = failures(run(tmp_path, {"ref.te": "\n" + refpolicy("ref")}, targets=("el9",)))
    assert "policy/ref/ref.te:2" in found["ref"]


@pytest.mark.parametrize(
    ("te", "wanted"),
    [
        ("type a_t; type b_t;\nallowxperm a_t b_t file ioctl 0x1;\n", "syntax error"),
        ("attribute a1; attribute a2;\ntypeattribute a1 a2;\n", "needs module format 24"),
        (
            CONDITIONAL,
            "needs module format 22",
        ),
    ],
)
def test_a_format_is_named_where_it_is_the_reason_and_only_there(tmp_path: Path, te: str, wanted: str) -> None:
    found = failures(run(tmp_path, {"form.te": PLAIN.format(name="form") + te}))
    assert wanted in found["form"]


def test_a_call_of_a_broken_neighbours_interface_names_the_neighbour(tmp_path: Path) -> None:
    files = {
        "a.te": refpolicy("a"),
        "a.if": "interface(`a_x',`\n\tgen_require(`\n\t\ttype a_t;\n')\n",
        "b.te": refpolicy("b", "a_x(b_t)\n"),
    }
    assert "policy/a/a.if" in failures(run(tmp_path, files, "b"))["b"]


def test_a_plain_module_with_a_broken_interface_file_is_built_alone_and_in_company(tmp_path: Path) -> None:
    files = {"p.te": PLAIN.format(name="p"), "p.if": "interface(`p_x',`\n"}
    assert failures(run(tmp_path, files)) == {}
    assert failures(run(tmp_path, {"r.te": refpolicy("r")})) == {}


def test_an_error_within_an_own_interface_is_shown_in_its_file(tmp_path: Path) -> None:
    files = {
        "inside.te": refpolicy("inside", "inside_x(inside_t)\n"),
        "inside.if": "interface(`inside_x',`\n\tgen_require(`\n\t\ttype inside_t;\n\t')\n\tnosuch_if($1)\n')\n",
    }
    assert "policy/inside/inside.if:5:2" in failures(run(tmp_path, files))["inside"]
