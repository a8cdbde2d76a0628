"""The documents say what the code says: tables, files, names and links."""

from __future__ import annotations

import copy
import re
import tomllib
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest

from sepack.errors import ExitCode
from sepack.model.ledger import ItemKind
from sepack.settings.knobs import DEFAULTS, KNOBS, variable
from sepack.targets import load_data, load_targets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sepack.model.target import Target

ROOT = Path(__file__).parents[2]
NAMESPACE: Any = import_module("tasks").ns  # this repository's own: its chores are in it
PACKAGE = ROOT / "src/sepack"
DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")
CODE_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def read(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def section(document: str, heading: str) -> str:
    """What stands below a heading of the second rank, up to the next one."""
    _, found, rest = read(document).partition(f"\n## {heading}\n")
    assert found, f"{document} has no section {heading!r}"
    return rest.partition("\n## ")[0]


def tables(text: str) -> Iterator[list[list[str]]]:
    """The rows of each table, headings and the line below them left out, code marks taken off."""
    for found in re.finditer(r"(?:^\|.*\|\n?)+", text, re.MULTILINE):
        rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in found[0].splitlines()]
        yield [[cell.strip("`") for cell in row] for row in rows[2:]]


def table(document: str, heading: str, number: int = 0) -> list[list[str]]:
    return list(tables(section(document, heading)))[number]


def tasks() -> dict[str, Any]:
    """All tasks by what is typed, those of sub-collections with their dots."""
    return {name: NAMESPACE[name] for name in NAMESPACE.task_names}


def words() -> dict[str, str]:
    """What a person types, and the first line of its docstring."""
    typed = {name: f"./inv {name}" for name in tasks()} | {NAMESPACE.default: "./inv"}
    return {typed[name]: (task.__doc__ or "").splitlines()[0] for name, task in tasks().items()}


def test_the_readme_s_table_of_tasks_is_the_namespace() -> None:
    rows = next(tables(read("README.md")))
    assert dict(rows) == words()
    assert len(rows) == len(tasks())


def test_each_task_and_each_of_its_parameters_has_help() -> None:
    for name, task in tasks().items():
        assert words()["./inv" if name == NAMESPACE.default else f"./inv {name}"].endswith("."), name
        for argument in copy.deepcopy(task).get_arguments():  # it takes a help away that was asked for
            assert argument.help, f"{name} --{argument.name}"


def test_the_readme_s_settings_are_those_there_are() -> None:
    rows = table("README.md", "Settings")
    wanted = [
        [name, variable(name), "none" if default is None else str(default), KNOBS[name].takes]
        for name, default in DEFAULTS.items()
    ]
    assert [row[:4] for row in rows] == wanted
    assert all(row[4] for row in rows)


def test_the_readme_s_exit_codes_are_those_there_are() -> None:
    rows = table("README.md", "When it fails")
    assert [(int(number), name) for number, name, _ in rows] == [(int(code), code.name) for code in ExitCode]


def builds(target: Target) -> str:
    return f"plain, with the tools of `{target.built_with}`" if target.built_with else "plain, refpolicy"


def test_the_readme_s_targets_are_the_data() -> None:
    wanted = [
        [name, target.title, str(target.formats), target.policy_type, target.base_image or "none", builds(target)]
        for name, target in load_targets().items()
    ]
    # The last cell ends with a code mark of its own, which `tables` takes for one around the cell.
    assert [[cell.strip("`") for cell in row] for row in wanted] == table("README.md", "Targets")


@pytest.mark.parametrize("name", load_data()["release"])
def test_the_readme_says_what_each_release_can_be_built_with(name: str) -> None:
    assert f"- `{name}`: {load_targets()[name].note}" in " ".join(section("README.md", "Targets").split())


def test_the_readme_s_module_keys_are_those_there_are() -> None:
    from sepack.catalog.declaration import _KEYS
    from sepack.catalog.declared_tables import DOMAINS, PORT_KEYS

    example = re.search(r"```toml\n(.*?)```", section("README.md", "What a module is"), re.DOTALL)
    assert example
    tomllib.loads(example[1])
    inside = {"project", "httpd_can_network_connect_db", *DOMAINS, *PORT_KEYS}
    assert set(re.findall(r"^(?:# )?\[{0,2}(\w+)(?: =|\])", example[1], re.MULTILINE)) - inside == set(_KEYS)


def test_the_readme_s_ledger_is_one_and_its_statements_are_read() -> None:
    from sepack.catalog.ledger import ledger_from_text
    from sepack.model.statement import read_statement

    text = section("README.md", "The ledger")
    example = re.search(r"```toml\n(.*?)```", text, re.DOTALL)
    assert example
    ledger, errors = ledger_from_text(example[1], PurePosixPath("ledger.toml"))
    assert (len(ledger.items), errors) == (1, [])
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.MULTILINE)
    kinds = {
        kind: [read_statement(statement) for statement in re.findall(r"`([^`]{5,})`", said)] for kind, said in rows
    }
    assert {kind: {read and str(read[0]) for read in found} for kind, found in kinds.items()} == {
        str(kind): {str(kind)} for kind in ItemKind
    }


def test_the_readme_s_error_is_what_is_said() -> None:
    said = (ROOT / "tests/golden/faults/policy/unknown-call/expected.txt").read_text(encoding="utf-8")
    assert f"```text\n{said}```" in read("README.md")


def source_modules() -> list[str]:
    return [str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"]


def test_every_file_of_the_map_is_there() -> None:
    for name, _ in table("ARCHITECTURE.md", "Key files"):
        path = PACKAGE / name
        assert path.is_dir() if name.endswith("/") else path.is_file(), name


def test_every_room_and_every_module_is_on_the_map() -> None:
    named = {name for name, _ in table("ARCHITECTURE.md", "Key files")}
    rooms = {f"{path.parent.relative_to(PACKAGE)}/" for path in PACKAGE.rglob("*.py")} - {"./"}
    assert rooms <= named
    assert {name for name in source_modules() if "/" not in name} <= named


@pytest.mark.parametrize("document", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_every_path_that_is_named_is_there(document: str) -> None:
    """In code marks, with a slash, and an ending that a file of ours has."""
    text = CODE_BLOCK.sub("", read(document))
    for name in re.findall(r"`([\w.-]+(?:/[\w.-]+)+\.(?:py|toml|md|j2)|[a-z_]+(?:/[a-z_]+)*/)`", text):
        assert (ROOT / name).exists() or (PACKAGE / name).exists() or name == "build/", name


def test_the_floors_are_those_that_lint_holds() -> None:
    settings = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"][0]
    floors = [[room for room in layer.split(" | ") if not room.startswith("(")] for layer in settings["layers"]]
    wanted = [[f"`{room}`" for room in floor] for floor in floors if floor]
    rows = [line.split(" | ") for line in section("ARCHITECTURE.md", "Layers").splitlines() if line.startswith("| ")]
    assert [rooms.split(", ") for _, rooms, _ in rows[1:]] == wanted


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads(read("pyproject.toml"))
    needed = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = sorted(re.split(r"[<>=~!\[; ]", entry)[0] for entry in needed)
    rows = [row for rows in tables(section("ARCHITECTURE.md", "Dependencies")) for row in rows]
    assert sorted(name for name, _ in rows) == names
    assert all(why for _, why in rows)


def anchors(document: Path) -> set[str]:
    """The fragments that a forge gives a document's headings."""
    headings = HEADING.findall(CODE_BLOCK.sub("", document.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_somewhere(document: str) -> None:
    for link in LINK.findall(CODE_BLOCK.sub("", read(document))):
        if link.startswith("https://"):
            continue
        path, _, fragment = link.partition("#")
        place = ROOT / path if path else ROOT / document
        assert place.exists(), link
        assert not fragment or fragment in anchors(place), link
