"""What holds of every build: same inputs same bytes, one home for a version, the format asked for, and its limits."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.tools.building import FILES, INTERFACE, LOCAL, PLAIN, outputs, packages, require_all, run_build, write

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
REFPOLICY = "policy_module({header})\n\ntype old_t;\nfiles_type(old_t)\n"
NEEDS_21 = PLAIN.replace("require {", "require {\n\ttype etc_t;") + "type_transition httpd_t self:process etc_t;\n"
EL8 = replace(LOCAL, targets=("el8",))
STORES = ("etc/selinux", "var/lib/selinux")


@pytest.fixture(autouse=True)
def tools(require_tool: Callable[[str], str]) -> None:
    require_all(require_tool)


def built(root: Path, files: dict[str, str]) -> Path:
    """A repository of these files, in which nothing failed to build."""
    done = run_build(write(root, {"tasks.py": FILES["tasks.py"], **files}))
    assert done.failed == {}
    return root


def manifest(root: Path, module: str, target: str = "host") -> dict[str, Any]:
    data: dict[str, Any] = json.loads((root / f"build/{target}/{module}/manifest.json").read_text())
    return data


def header_in(data: bytes) -> tuple[str, int]:
    """A module's version and its format, from the bytes of a `.mod` or of the `.pp` around it; by hand."""
    start = data.index(b"SE Linux Module") + len(b"SE Linux Module")
    _, module_format, _, _, _, length = struct.unpack_from("<6I", data, start)
    at = start + 24 + length
    (length,) = struct.unpack_from("<I", data, at)
    return data[at + 4 : at + 4 + length].decode(), module_format


def test_same_inputs_are_the_same_bytes_in_another_directory(built_repository: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "a path with blanks, and längér than the other", FILES)

    run_build(other)

    assert outputs(other) == outputs(built_repository)


def test_what_is_built_beside_a_module_changes_nothing_about_it(built_repository: Path, repository: Path) -> None:
    shutil.rmtree(repository / "build/host")

    for module in ("reader", "made", "spool", "plain"):
        assert set(run_build(repository, replace(LOCAL, jobs=1), modules=[module]).built) == {module}

    assert outputs(repository) == outputs(built_repository)


def test_the_manifest_says_what_it_was_made_of_and_what_came_of_it(built_repository: Path) -> None:
    for module in ("plain", "spool", "reader", "made"):
        said = manifest(built_repository, module)
        directory = built_repository / "build/host" / module
        written = {path.name for path in directory.iterdir()} - {"manifest.json"}
        assert said["outputs"] == {name: digest(directory / name) for name in written}
        for path in (built_repository / "policy" / module).iterdir():
            assert said["inputs"][str(path.relative_to(built_repository))] == digest(path)
        assert (said["name"], said["target"], said["toolchain"]) == (module, "host", "local")
        assert {"m4", "checkpolicy"} <= {name for name, version in said["tools"].items() if version}
    assert manifest(built_repository, "made")["inputs"]["template frame.te.j2"] == digest(
        built_repository / "templates/frame.te.j2"
    )


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("files", "version", "header"),
    [
        ({"old.te": REFPOLICY.format(header="old, 1.2")}, "1.2", "policy_module(old, 1.2)"),
        ({"old.te": REFPOLICY.format(header="old")}, "1", "policy_module(old, 1)"),
        ({"old.te": REFPOLICY.format(header="old"), "module.toml": 'version = "3.4.5"\n'}, "3.4.5", None),
        ({"old.te": PLAIN.replace("plain 1.0", "old 1.2")}, "1.2", "module old 1.2;"),
        ({"old.te": PLAIN.replace("plain 1.0", "old")}, "1", "module old 1;"),
        (
            {"old.te": PLAIN.replace("plain 1.0", "old"), "module.toml": 'version = "3.4.5"\n'},
            "3.4.5",
            "module old 3.4.5;",
        ),
        ({"old.te": PLAIN.replace("plain 1.0", "old 2"), "module.toml": 'version = "2"\n'}, "2", "module old 2;"),
    ],
)
def test_a_version_has_one_home_and_all_else_is_printed_from_it(
    files: dict[str, str], version: str, header: str | None, tmp_path: Path
) -> None:
    root = built(tmp_path, {f"policy/old/{name}": text for name, text in files.items()})

    assert manifest(root, "old")["version"] == version
    assert header_in(packages(root)["old/old"])[0] == version
    assert (header or f"policy_module(old, {version})") in (root / "build/host/old/old.te").read_text()
    assert (root / "policy/old/old.te").read_text() == files["old.te"]


@pytest.mark.parametrize("more", [(), ("fc",), ("if",), ("fc", "if")], ids=lambda more: "+".join(("te", *more)))
@pytest.mark.parametrize("dialect", ["plain", "refpolicy"])
def test_a_folder_of_somebodys_existing_files_builds_as_it_is(
    dialect: str, more: tuple[str, ...], tmp_path: Path
) -> None:
    level = "gen_context(system_u:object_r:old_t,s0)" if dialect == "refpolicy" else "system_u:object_r:httpd_t:s0"
    texts = {
        "te": REFPOLICY.format(header="old, 1.0") if dialect == "refpolicy" else PLAIN.replace("plain", "old"),
        "fc": f"/srv/old(/.*)?\t{level}\n",
        "if": INTERFACE.format(name="old_read", call="read_files_pattern").replace("spool_t", "old_t"),
    }

    root = built(tmp_path, {f"policy/old/old.{kind}": texts[kind] for kind in ("te", *more)})

    assert manifest(root, "old")["dialect"] == dialect
    assert (b"/srv/old(/.*)?" in packages(root)["old/old"]) == ("fc" in more)


@pytest.mark.parametrize("asked", [17, 18, 19, 20, 21])
def test_the_format_that_was_asked_for_is_in_the_bytes(asked: int, repository: Path) -> None:
    run_build(repository, replace(LOCAL, module_format=asked))

    assert {header_in(data)[1] for data in packages(repository).values()} == {asked}
    modules = [data for path, data in outputs(repository).items() if path.endswith(".mod")]
    assert {header_in(data)[1] for data in modules} == {asked}
    assert manifest(repository, "plain")["format"] == asked


def test_the_format_is_19_or_the_lowest_that_the_source_needs(tmp_path: Path) -> None:
    newer = NEEDS_21.replace("plain", "newer")
    root = built(tmp_path, {"policy/plain/plain.te": PLAIN, "policy/newer/newer.te": newer})

    assert (manifest(root, "plain")["format"], manifest(root, "newer")["format"]) == (19, 21)


def test_what_needs_more_than_the_target_reads_is_refused_with_construct_and_line(tmp_path: Path) -> None:
    root = write(tmp_path, {"tasks.py": "", "policy/plain/plain.te": NEEDS_21})

    (error,) = run_build(root, EL8).failed["plain"]

    assert error.where is not None
    assert (str(error.where.path), error.where.line) == ("policy/plain/plain.te", NEEDS_21.count("\n"))
    assert error.brief.startswith("self as target of a type_transition needs module format 21, and Enterprise Linux 8")
    assert packages(root, "el8") == {}


def test_a_plain_module_is_built_for_another_release_with_this_hosts_tools(repository: Path) -> None:
    done = run_build(repository, EL8, modules=["plain", "made"])

    assert set(done.built) == {"plain", "made"}
    assert {header_in(data)[1] for data in packages(repository, "el8").values()} == {19}
    assert manifest(repository, "plain", "el8")["target"] == "el8"


def test_a_refpolicy_module_needs_its_own_releases_headers(repository: Path) -> None:
    done = run_build(repository, EL8)

    assert set(done.built) == {"plain", "made"}
    assert set(done.failed) == {"spool", "reader"}
    for module, (error,) in done.failed.items():
        assert error.brief.startswith(f"{module} needs the interfaces and macros of Enterprise Linux 8")
        assert "local was asked for" in error.brief
        assert "container" in error.hint


@pytest.mark.root
def test_the_model_modules_install_into_a_copy_of_the_store_and_label_the_live_path(
    require_tool: Callable[[str], str], tmp_path: Path
) -> None:
    semodule, matchpathcon = require_tool("semodule"), require_tool("matchpathcon")
    kind = "default"
    if not all(Path("/", place, kind).is_dir() for place in STORES):
        pytest.skip("there is no store to copy")
    for name in ("policy", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name)
    root = built(tmp_path, {})
    copy = tmp_path / "copy"
    for place in STORES:
        shutil.copytree(Path("/", place, kind), copy / place / kind, symlinks=True)

    files = [str(root / f"build/host/{name}/{name}.pp") for name in ("wsgi", "appspool")]
    subprocess.run([semodule, "-n", "-p", str(copy), "-s", kind, "-i", *files], check=True)

    assert (manifest(root, "wsgi")["dialect"], manifest(root, "appspool")["dialect"]) == ("plain", "refpolicy")
    contexts = copy / "etc/selinux" / kind / "contexts/files/file_contexts"
    paths = ["/srv/shop/live", "/srv/shop/live/shop/wsgi.py", "/srv/shop/live/static", "/var/spool/appspool/job"]
    asked = [matchpathcon, "-n", "-f", str(contexts), *paths]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
    types = [context.split(":")[2] for context in said]
    assert types == ["httpd_sys_content_t"] * 3 + ["appspool_t"]
