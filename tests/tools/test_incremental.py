"""What a change leads to: exactly the modules that depend on it are built again, with the reason said."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from sepack.workspace import shipped
from tests.tools.building import INTERFACE, LOCAL, PLAIN, outputs, packages, run_build, write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sepack.settings import Settings

ALL = {"plain", "spool", "reader", "made"}
OTHER_READ = INTERFACE.format(name="spool_read", call="rw_files_pattern")
NEW_INTERFACE = "\n" + INTERFACE.format(name="spool_manage", call="manage_files_pattern")

OF_SEPACKS_TEMPLATE = """\
{% extends "module.te.j2" %}
{% block require %}
	type httpd_t;
	class process execmem;
{% endblock %}
{% block rules %}
allow httpd_t self:process execmem;
{% endblock %}
"""


def add(path: str, text: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        with (root / path).open("a") as file:
            file.write(text)

    return change


def put(path: str, text: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        (root / path).write_text(text)

    return change


def swap(path: str, old: str, new: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        before = (root / path).read_text()
        assert old in before
        (root / path).write_text(before.replace(old, new))

    return change


def remove(path: str) -> Callable[[Path], None]:
    return lambda root: (root / path).unlink()


def other_tools(root: Path) -> None:
    path = root / "build/host/plain/manifest.json"
    manifest = json.loads(path.read_text())
    manifest["tools"]["checkpolicy"] = "0.1-1"
    path.write_text(json.dumps(manifest))


def other_tools_of_all(key: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        for path in root.glob("build/host/*/manifest.json"):
            manifest = json.loads(path.read_text())
            manifest["tools"].pop(key, None)
            path.write_text(json.dumps(manifest))

    return change


def shadow_template(root: Path) -> None:
    """A module that extends a template of sepack's own gets one of the repository's by that name."""
    text = (shipped("templates") / "module.te.j2").read_text()
    write(root, {"templates/module.te.j2": f"{text}# more\n"})


@dataclass(frozen=True)
class Case:
    """`reasons` gives what is built again, each with its reason."""

    name: str
    change: Callable[[Path], object]
    reasons: Mapping[str, str]
    settings: Settings = field(default=LOCAL)


CASES = [
    Case("te", add("policy/plain/plain.te", "# more\n"), {"plain": "policy/plain/plain.te changed"}),
    Case(
        "te of a module with interfaces",
        add("policy/spool/spool.te", "# more\n"),
        {"spool": "policy/spool/spool.te changed"},
    ),
    Case("fc", add("policy/spool/spool.fc", "# more\n"), {"spool": "policy/spool/spool.fc changed"}),
    Case("fc is new", put("policy/plain/plain.fc", "# nothing\n"), {"plain": "policy/plain/plain.fc is new"}),
    Case("fc is gone", remove("policy/spool/spool.fc"), {"spool": "policy/spool/spool.fc is gone"}),
    Case(
        "body of an interface",
        put("policy/spool/spool.if", OTHER_READ),
        {"spool": "policy/spool/spool.if changed", "reader": "interface spool_read of spool changed"},
    ),
    Case(
        "a new interface",
        add("policy/spool/spool.if", NEW_INTERFACE),
        {"spool": "policy/spool/spool.if changed"},
    ),
    Case(
        "a comment in the .if",
        add("policy/spool/spool.if", "## <summary>A comment.</summary>\n"),
        {"spool": "policy/spool/spool.if changed"},
    ),
    Case("template", add("templates/frame.te.j2", "# more\n"), {"made": "template frame.te.j2 changed"}),
    Case("a template that nobody uses", put("templates/other.te.j2", "# more\n"), {}),
    Case(
        "parameter",
        swap("policy/made/module.toml", "httpd_t", "init_t"),
        {"made": "policy/made/module.toml changed"},
    ),
    Case("version", swap("policy/made/module.toml", "2.0", "2.1"), {"made": "policy/made/module.toml changed"}),
    Case(
        "module.toml is new",
        put("policy/plain/module.toml", 'summary = "What httpd does"\n'),
        {"plain": "policy/plain/module.toml is new"},
    ),
    Case(
        "module_format",
        lambda _: None,
        dict.fromkeys(ALL, "module format changed"),
        replace(LOCAL, module_format=20),
    ),
    Case("output is gone", remove("build/host/plain/plain.pp"), {"plain": "plain.pp is missing"}),
    Case("output is altered", add("build/host/plain/plain.pp", "x"), {"plain": "plain.pp is not what was built"}),
    Case(
        "printed source is altered",
        add("build/host/made/made.te", "# by hand\n"),
        {"made": "made.te is not what was built"},
    ),
    Case("manifest is gone", remove("build/host/spool/manifest.json"), {"spool": "not built yet"}),
    Case("manifest is no JSON", put("build/host/spool/manifest.json", '{"schema": 1, '), {"spool": "not built yet"}),
    Case("manifest is empty", put("build/host/spool/manifest.json", ""), {"spool": "not built yet"}),
    Case("manifest is of another kind", put("build/host/spool/manifest.json", "[]"), {"spool": "not built yet"}),
    Case("a file that means nothing", put("policy/README", "Read me.\n"), {}),
    Case("the cache of digests is gone", remove("build/.cache/digests.txt"), {}),
    Case("the cache of digests is broken", put("build/.cache/digests.txt", '{"schema": 1, "files": 7}'), {}),
    Case("the cache of tools is broken", put("build/.cache/probe/local.json", "{"), {}),
]


def written(repository: Path) -> dict[Path, tuple[int, int, int]]:
    """What lies below build/host, and when each was last written; reading changes none of it."""
    found = {path: path.stat() for path in (repository / "build/host").rglob("*")}
    return {path: (status.st_ino, status.st_mtime_ns, status.st_ctime_ns) for path, status in found.items()}


def test_a_second_build_does_nothing(repository: Path) -> None:
    before = written(repository)

    done = run_build(repository)

    assert (done.built, done.fresh) == ({}, ALL)
    assert written(repository) == before


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_depends_on_a_change_is_built_again_and_nothing_else(case: Case, repository: Path) -> None:
    case.change(repository)
    before = outputs(repository)

    planned = run_build(repository, case.settings, dry_run=True)
    assert outputs(repository) == before
    assert (planned.planned, planned.built) == (case.reasons, {})

    done = run_build(repository, case.settings)
    assert (done.built, done.failed) == (case.reasons, {})
    assert done.fresh == ALL - set(case.reasons)

    again = run_build(repository, case.settings)
    assert (again.built, again.fresh) == ({}, ALL)

    step_by_step = outputs(repository)
    shutil.rmtree(repository / "build/host")
    assert set(run_build(repository, case.settings).built) == ALL
    assert outputs(repository) == step_by_step


def test_force_builds_all_of_what_was_asked_for(repository: Path) -> None:
    before = outputs(repository)

    assert run_build(repository, modules=["plain"], force=True).built == {"plain": "forced"}
    assert run_build(repository, force=True).built == dict.fromkeys(ALL, "forced")
    assert outputs(repository) == before


def test_a_touch_without_a_change_builds_nothing(repository: Path) -> None:
    for path in (*repository.glob("policy/*/*"), *repository.glob("templates/*"), *repository.glob("build/host/*/*")):
        os.utime(path)

    assert run_build(repository).built == {}


def test_another_version_of_a_tool_builds_what_the_older_one_built(repository: Path) -> None:
    other_tools(repository)

    done = run_build(repository)

    assert set(done.built) == {"plain"}
    assert done.built["plain"].startswith("checkpolicy is ")
    assert done.built["plain"].endswith(", was 0.1-1")
    assert run_build(repository).built == {}


def test_a_tool_that_was_not_known_then_counts(repository: Path) -> None:
    other_tools_of_all("m4")(repository)

    assert {reason.partition(", was ")[2] for reason in run_build(repository).built.values()} == {"not there"}


def test_a_template_of_the_repository_that_shadows_sepacks_own_counts(repository: Path) -> None:
    write(repository, {"policy/made/made.te.j2": OF_SEPACKS_TEMPLATE})
    assert set(run_build(repository).built) == {"made"}

    shadow_template(repository)

    assert run_build(repository).built == {"made": "template module.te.j2 changed"}


def test_a_new_module_and_a_module_that_is_gone_leave_the_others_alone(repository: Path) -> None:
    write(repository, {"policy/more/more.te": PLAIN.replace("plain", "more")})
    assert run_build(repository).built == {"more": "not built yet"}

    (repository / "policy/more/more.te").unlink()
    (repository / "policy/more").rmdir()
    assert run_build(repository).fresh == ALL


def test_an_interface_that_moves_to_another_module_is_followed(repository: Path) -> None:
    (repository / "policy/spool/spool.if").rename(repository / "policy/reader/reader.if")

    done = run_build(repository)

    assert set(done.built) == {"spool", "reader"}
    assert run_build(repository).built == {}


def test_a_module_asked_for_alone_is_built_with_all_interfaces_of_the_repository(repository: Path) -> None:
    (repository / "policy/spool/spool.if").write_text(OTHER_READ)

    assert run_build(repository, modules=["reader"]).built == {"reader": "interface spool_read of spool changed"}
    assert set(run_build(repository).built) == {"spool"}


def test_a_failed_module_is_tried_again_and_its_last_good_outputs_stay(repository: Path) -> None:
    before = packages(repository)
    good = (repository / "policy/plain/plain.te").read_text()
    (repository / "policy/plain/plain.te").write_text(f"{good}allow httpd_t nobody_t:file read;\n")

    for _ in range(2):
        done = run_build(repository)
        assert (set(done.failed), done.built, done.fresh) == ({"plain"}, {}, ALL - {"plain"})
        assert packages(repository) == before

    (repository / "policy/plain/plain.te").write_text(good)
    assert run_build(repository).built == {}
