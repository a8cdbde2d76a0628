"""The project's settings file as Invoke will load it, with the place of each setting in it.

Invoke loads the first of invoke.yaml, .yml, .json and .py that is there, and stops with a traceback at one it cannot
read; reading it here first turns that into a sentence.
"""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sepack.errors import Location
from sepack.settings.knobs import SECTION, SettingError

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES: Final = ("invoke.yaml", "invoke.yml", "invoke.json", "invoke.py")


class Entry(NamedTuple):
    """One key and its value, and where the key stands."""

    key: object
    value: object
    where: Location


class SettingsFile(NamedTuple):
    """The entries of the file's top level, and those below `sepack`."""

    top: tuple[Entry, ...] = ()
    entries: tuple[Entry, ...] = ()


class Text(NamedTuple):
    """A file's text, which knows where things are in it."""

    name: str
    text: str

    def whole(self) -> Location:
        return Location(path=PurePosixPath(self.name))

    def at(self, line: int, column: int) -> Location:
        """A place, counted from 1."""
        lines = self.text.splitlines()
        text = lines[line - 1] if line <= len(lines) else None
        return Location(path=PurePosixPath(self.name), line=line, column=column, text=text)

    def at_index(self, index: int) -> Location:
        before = self.text[:index]
        return self.at(before.count("\n") + 1, index - before.rfind("\n"))

    def find_key(self, key: object) -> Location:
        """Where a key is most likely written, for formats whose parsers do not tell."""
        found = re.search(rf"(?<!\w){re.escape(str(key))}[\"']?\s*[:=]", self.text)
        return self.at_index(found.start()) if found else self.whole()


def read_settings_file(root: Path) -> SettingsFile:
    """What the project's file says; nothing where there is none. Raises SettingError where it cannot be read."""
    path = next((root / name for name in NAMES if (root / name).exists()), None)
    if path is None:
        return SettingsFile()
    text = read_text(path)
    if path.suffix in (".yaml", ".yml"):
        return read_yaml(text)
    data = read_json(text) if path.suffix == ".json" else run_python(path, text)
    check_mapping(data, text.whole(), "the file")
    section = data.get(SECTION)
    below = section.items() if isinstance(section, dict) else ()
    return SettingsFile(
        top=tuple(Entry(key, value, text.find_key(key)) for key, value in data.items()),
        entries=tuple(Entry(key, value, text.find_key(key)) for key, value in below),
    )


def read_text(path: Path) -> Text:
    try:
        return Text(path.name, path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        brief = f"the file is not UTF-8: byte {error.start + 1} is {error.object[error.start]:#04x}"
    except OSError as error:
        brief = f"the file cannot be read: {error.strerror}"
    raise SettingError(brief, Location(path=PurePosixPath(path.name)))


def check_mapping(data: object, where: Location, what: str) -> None:
    if not isinstance(data, dict):
        found = "nothing" if data is None else "a list" if isinstance(data, list) else repr(data)
        raise SettingError(f"{what} holds {found} where keys and values belong", where)


def read_json(text: Text) -> Any:
    try:
        return json.loads(text.text)
    except json.JSONDecodeError as error:
        raise SettingError(f"this is no JSON: {error.msg}", text.at(error.lineno, error.colno)) from None


def run_python(path: Path, text: Text) -> dict[str, object]:
    """Run the file as Invoke will, a second time: a file of settings does nothing but assign."""
    import runpy

    try:
        return {key: value for key, value in runpy.run_path(str(path)).items() if not key.startswith("__")}
    except SyntaxError as error:
        raise SettingError(f"this is no Python: {error.msg}", text.at(error.lineno or 1, error.offset or 1)) from None
    except Exception as error:
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        inside = trace is not None and trace.tb_frame.f_code.co_filename == str(path)
        where = text.at(trace.tb_lineno, 1) if inside and trace is not None else text.whole()
        raise SettingError(f"the file fails: {type(error).__name__}: {error}", where) from None


def read_yaml(text: Text) -> SettingsFile:
    yaml: Any = import_module("invoke.util").yaml  # the parser that Invoke will use, bundled or not
    try:
        loader = yaml.SafeLoader(text.text)
        node = loader.get_single_node()
        if node is None:
            return SettingsFile()
        top = keys(node, text)
        below = [keys(value, text) for key, value in pairs(node) if key.value == SECTION]
        data = loader.construct_document(node)
    except yaml.YAMLError as error:
        raise SettingError(f"this is no YAML: {problem(error)}", yaml_place(error, text)) from None
    except (ValueError, RecursionError) as error:
        raise SettingError(f"this is no YAML: {error}", text.whole()) from None
    check_mapping(data, text.whole(), "the file")
    section = data.get(SECTION)
    return SettingsFile(
        top=tuple(Entry(key, value, top.get(str(key), text.whole())) for key, value in data.items()),
        entries=tuple(
            Entry(key, value, next((place[str(key)] for place in below if str(key) in place), text.whole()))
            for key, value in (section.items() if isinstance(section, dict) else ())
        ),
    )


def pairs(node: Any) -> Iterator[tuple[Any, Any]]:
    """The scalar keys of a YAML mapping and their values, as nodes."""
    if node.id == "mapping":
        yield from ((key, value) for key, value in node.value if key.id == "scalar")


def keys(node: Any, text: Text) -> dict[str, Location]:
    """Where each key stands. YAML lets a later one win silently: that is refused."""
    found: dict[str, Location] = {}
    for key, _ in pairs(node):
        where = text.at(key.start_mark.line + 1, key.start_mark.column + 1)
        if key.value in found:
            raise SettingError(f"{key.value} is given twice, first in line {found[key.value].line}", where)
        found[key.value] = where
    return found


def problem(error: Any) -> str:
    return str(getattr(error, "problem", None) or getattr(error, "reason", error))


def yaml_place(error: Any, text: Text) -> Location:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is not None:
        return text.at(mark.line + 1, mark.column + 1)
    return text.at_index(getattr(error, "position", 0))
