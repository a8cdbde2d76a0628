"""The settings themselves: name, default, what each takes, and what its value means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sepack.errors import DeclarationError, Location
from sepack.frozen import frozen
from sepack.model.names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

SECTION: Final = "sepack"
PREFIX: Final = "INVOKE_SEPACK_"


@frozen
class Settings:
    """What a build is told besides its modules.

    `jobs` 0 is as many as keep the machine busy; `module_format` None is the lowest that serves; `build_network` is
    the engine's, for building an image.
    """

    targets: tuple[str, ...] = ("host",)
    toolchain: str = "auto"
    install: str = "auto"
    jobs: int = 0
    module_format: int | None = None
    build_network: str = "default"
    expiry: str = "warn"
    ledger_hosts: str = "plain"


# What Invoke is given to start from. It turns an environment variable into the type of the value that it replaces, and
# stops with a traceback at a list: so `targets` is a string here.
DEFAULTS: Final[dict[str, object]] = {
    "targets": "host",
    "toolchain": "auto",
    "install": "auto",
    "jobs": 0,
    "module_format": None,
    "build_network": "default",
    "expiry": "warn",
    "ledger_hosts": "plain",
}

Origin = Location | str | None


class SettingError(DeclarationError):
    """A setting that does not exist, or a value that it does not take.

    `origin` is a place in a file, the name of an environment variable, or None where all that is known is that Invoke
    got it from somewhere (a file of the user's or the system's).
    """

    def __init__(self, brief: str, origin: Origin, hint: str = "") -> None:
        if isinstance(origin, Location):
            super().__init__(brief, where=origin, hint=hint)
        else:
            super().__init__(f"{origin or 'the configuration of Invoke'}: {brief}", hint=hint)


class Knob(NamedTuple):
    """How one setting is read: `read` gives the value or raises ValueError; `takes` completes "it takes …"."""

    takes: str
    read: Callable[[object], object]


def one_of(*allowed: str) -> Knob:
    def read(value: object) -> object:
        if value not in allowed:
            raise ValueError
        return value

    return Knob(f"{', '.join(allowed[:-1])} or {allowed[-1]}", read)


def whole_number(value: object, lowest: int) -> int:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    is_digits = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10
    if not is_number and not is_digits:
        raise ValueError
    number = int(str(value))
    if number < lowest:
        raise ValueError
    return number


def read_jobs(value: object) -> int:
    return whole_number(value, 0)


def read_module_format(value: object) -> int | None:
    return None if value is None else whole_number(value, 4)


def read_targets(value: object) -> tuple[str, ...]:
    names = value.replace(",", " ").split() if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not names:
        raise ValueError
    if not all(isinstance(name, str) and name for name in names):
        raise ValueError
    return tuple(dict.fromkeys(names))


KNOBS: Final[Mapping[str, Knob]] = {
    "targets": Knob("names of targets, as a list or in one string", read_targets),
    "toolchain": one_of("auto", "local", "container"),
    "install": one_of("auto", "never"),
    "jobs": Knob("a whole number, 0 for what keeps it busy", read_jobs),
    "module_format": Knob("a whole number from 4 up, or nothing", read_module_format),
    "build_network": one_of("default", "host"),
    "expiry": one_of("warn", "error"),
    "ledger_hosts": one_of("plain", "hashed"),
}


def variable(key: str) -> str:
    """The environment variable that Invoke reads for a setting."""
    return PREFIX + key.upper()


def read_value(key: str, value: object, origin: Origin) -> object:
    """What one setting's value means. Raises SettingError."""
    knob = KNOBS.get(key)
    if knob is None:
        raise SettingError(f"there is no setting {key!r}", origin, listing(key, KNOBS, "settings"))
    try:
        return knob.read(value)
    except ValueError:
        raise SettingError(f"{key} is {value!r}; it takes {knob.takes}", origin, boolean_hint(value)) from None


def listing(word: str, known: Iterable[str], noun: str) -> str:
    """The near names, then all of them."""
    names = list(known)
    return f"{did_you_mean(word, names)} The {noun} are {', '.join(names)}.".lstrip()


def boolean_hint(value: object) -> str:
    if not isinstance(value, bool):
        return ""
    return "In YAML a bare yes, no, on or off is true or false."
