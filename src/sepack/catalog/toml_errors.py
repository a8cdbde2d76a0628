"""What can be wrong with a module.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.errors import DeclarationError, Location
from sepack.model.names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sepack.model.fix import PortLabel


class TomlSyntaxError(DeclarationError):
    """A module.toml that is not TOML."""

    def __init__(self, where: Location, message: str) -> None:
        super().__init__(
            f"this is not understood: {message[:1].lower()}{message[1:]}",
            where=where,
            hint='Each line is `key = "value"` (text in quotation marks) or a table\'s header such as [parameters].',
        )


class UnknownKeyError(DeclarationError):
    """A key that means nothing."""

    def __init__(self, where: Location, key: str, known: Sequence[str]) -> None:
        values = f"Values of your own belong under [parameters]; the other keys are {', '.join(known)}."
        super().__init__(
            f"module.toml has no key '{key}'",
            where=where,
            hint=" ".join(filter(None, (did_you_mean(key, known), values))),
        )


class WrongTypeError(DeclarationError):
    """A value of another type than its key's."""

    def __init__(self, where: Location, key: str, value: object, wanted: type) -> None:
        is_text = wanted is str
        content = value if isinstance(value, int | float) and not isinstance(value, bool) else "…"
        as_text = f'Write {key} = "{content}", in quotation marks.'
        as_table = f'Write a header [{key}] on a line of its own and below it lines such as project = "shop".'
        if wanted is list:
            as_table = f"Write a header [[{key}]], in two pairs of brackets, for each of them."
        what = "text" if is_text else "a table" if wanted is dict else "a list of tables"
        super().__init__(
            f"'{key}' is {kind_of(value)}, and has to be {what}",
            where=where,
            hint=as_text if is_text else as_table,
        )


class UnknownDomainsKeyError(DeclarationError):
    def __init__(self, where: Location, key: str, known: Sequence[str]) -> None:
        super().__init__(
            f"[domains] has no key '{key}'",
            where=where,
            hint=f"{did_you_mean(key, known)} It has {', '.join(known)}.".lstrip(),
        )


class DomainsValueError(DeclarationError):
    """Something in [domains] that is no list of types, or of whole paths."""

    def __init__(self, where: Location, key: str, value: object) -> None:
        example = '["httpd_t"]' if key == "types" else '["/srv/shop"]'
        what = "a list of types" if key == "types" else "a list of whole paths, each from / on and without white space"
        said = "something else" if value is None else repr(value)
        super().__init__(
            f"'{key}' in [domains] is {what}, and {said} is none",
            where=where,
            hint=f"Write it like {key} = {example}",
        )


class BooleanValueError(DeclarationError):
    """Something in [booleans] that is no boolean with a state."""

    def __init__(self, where: Location, name: str, value: object) -> None:
        said = kind_of(value) if not isinstance(value, bool) else f"a name with other characters than letters: {name!r}"
        super().__init__(
            f"[booleans] gives the state of each of SELinux's booleans, and '{name}' has {said}",
            where=where,
            hint="Write it like httpd_execmem = true (or false), without quotation marks; `getsebool -a` lists them.",
        )


class UnknownPortKeyError(DeclarationError):
    def __init__(self, where: Location, key: str, known: Sequence[str]) -> None:
        super().__init__(
            f"[[ports]] has no key '{key}'",
            where=where,
            hint=f"{did_you_mean(key, known)} It has {', '.join(known)}.".lstrip(),
        )


class PortValueError(DeclarationError):
    """A value in [[ports]] that its key does not take, or one that is missing (`value` is None)."""

    def __init__(self, where: Location, key: str, value: object, takes: str) -> None:
        brief = f"a port has no '{key}'" if value is None else f"'{key}' of a port is {value!r}"
        super().__init__(
            f"{brief}, and it has to be {takes}",
            where=where,
            hint='Write [[ports]] and below it protocol = "tcp", number = 8443, type = "http_port_t", a line each.',
        )


class PortEndsError(DeclarationError):
    """A number and a range, or neither of them."""

    def __init__(self, where: Location, *, both: bool) -> None:
        super().__init__(
            f"a port has {'both a number and a range' if both else 'neither a number nor a range'}",
            where=where,
            hint='Write number = 8443 for one port, or range = "8000-8010" for several.',
        )


class PortTwiceError(DeclarationError):
    """Two labels for one port, of which only one can hold."""

    def __init__(self, where: Location, label: PortLabel, first: Location) -> None:
        super().__init__(
            f"'{label.statement()}' labels a port that is labelled before",
            where=where,
            hint=f"Keep one of the two; the first is at {first}.",
        )


class NameMismatchError(DeclarationError):
    """A name in module.toml that is not the folder's."""

    def __init__(self, where: Location, name: str, folder: str) -> None:
        rename = f"git mv policy/{folder} policy/{name}"
        super().__init__(
            f"this says name = '{name}', but the folder is policy/{folder}: both have to be the same",
            where=where,
            hint=f'Write name = "{folder}" (or remove the line), or rename the folder: {rename}',
        )


class InvalidVersionError(DeclarationError):
    """A version that the compiler does not take."""

    def __init__(self, where: Location, version: str) -> None:
        super().__init__(
            f"'{version}' cannot be a module's version",
            where=where,
            details=("the compiler takes numbers joined by dots; after the first dot letters are allowed too",),
            hint='Write it like version = "1.0.0".',
        )


class InvalidTemplateNameError(DeclarationError):
    """A template that is no family's name."""

    def __init__(self, where: Location, template: str) -> None:
        super().__init__(
            f"template = '{template}' is no template's name",
            where=where,
            details=("it is the first part of the files' names: 'daemon' stands for daemon.te.j2, .fc.j2 and .if.j2",),
            hint="Write the name alone, with neither folder nor ending; the files are looked for in templates/.",
        )


def kind_of(value: object) -> str:
    """What a value of a TOML file is, in words."""
    import datetime as dt

    if isinstance(value, bool):
        return f"a truth value ({str(value).lower()})"
    if isinstance(value, int | float):
        return f"a number ({value})"
    if isinstance(value, str):
        return "text"
    if isinstance(value, dt.date | dt.time):
        return f"a date or time ({value})"
    return "a list" if isinstance(value, list) else "a table"
