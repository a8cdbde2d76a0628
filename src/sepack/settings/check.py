"""Settings read and checked: once before Invoke loads them, and once as Invoke has merged them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from sepack.model.names import near_names
from sepack.settings.file import SettingsFile, check_mapping, read_settings_file
from sepack.settings.knobs import KNOBS, PREFIX, SECTION, SettingError, Settings, listing, read_value, variable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from sepack.settings.knobs import Origin

    TargetNames = Callable[[], Collection[str]]

INVOKE_SECTIONS: Final = ("run", "runners", "sudo", "tasks", "timeouts")


def check_settings_file(
    root: Path, environ: Mapping[str, str] = os.environ, targets: TargetNames | None = None
) -> None:
    """Refuse what Invoke would ignore silently or answer with a traceback: the project's file and INVOKE_SEPACK_*.

    To be called before Invoke loads the project's settings, which is while it imports tasks.py. `targets` gives the
    names that a target may have; it is asked only when some are named. Raises SettingError.
    """
    file = read_settings_file(root)
    check_top(file)
    for entry in file.entries:
        key = str(entry.key)
        check_value(key, entry.value, entry.where, targets)
        if isinstance(entry.value, list) and variable(key) in environ:
            raise SettingError(
                f"Invoke cannot put a string in the place of the list that {entry.where} gives",
                variable(key),
                f'Write the list as one string there: {key}: "{" ".join(map(str, entry.value))}".',
            )
    check_environment(environ, targets)


def check_top(file: SettingsFile) -> None:
    for entry in file.top:
        key = str(entry.key)
        if key == SECTION or key in INVOKE_SECTIONS:
            check_mapping(entry.value, entry.where, key)
        elif key.casefold().startswith(f"{SECTION}_") or near_names(key, [SECTION], cutoff=0.8):
            hint = f"The settings of sepack are written below the key {SECTION}."
            raise SettingError(f"there is no section {key!r}", entry.where, hint)


def check_environment(environ: Mapping[str, str], targets: TargetNames | None) -> None:
    for name in sorted(name for name in environ if name.startswith(PREFIX)):
        key = name.removeprefix(PREFIX).lower()
        if key not in KNOBS or name != variable(key):
            raise SettingError("there is no such setting", name, listing(key, KNOBS, "settings"))
        check_value(key, environ[name], name, targets)


def check_value(key: str, value: object, origin: Origin, targets: TargetNames | None) -> None:
    meant = read_value(key, value, origin)
    if key != "targets" or targets is None or not isinstance(meant, tuple) or meant == ("host",):
        return
    known = targets()
    for name in meant:
        if name not in known:
            raise SettingError(f"there is no target {name!r}", origin, listing(name, known, "targets"))


def read_settings(mapping: Mapping[str, object], root: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings from what Invoke has merged below `sepack`: defaults, then files, then the environment.

    Raises SettingError, which names the variable or the line of the project's file that the value came from.
    """
    return Settings(**{key: read_merged(key, value, root, environ) for key, value in mapping.items()})  # type: ignore[arg-type]


def read_merged(key: str, value: object, root: Path, environ: Mapping[str, str]) -> object:
    try:
        return read_value(key, value, None)
    except SettingError:
        return read_value(key, value, origin_of(key, root, environ))


def origin_of(key: str, root: Path, environ: Mapping[str, str]) -> Origin:
    if variable(key) in environ:
        return variable(key)
    return next((entry.where for entry in read_settings_file(root).entries if entry.key == key), None)
