"""What can be wrong with a module.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.errors import DeclarationError, Location
from sepack.model.names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence


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
        super().__init__(
            f"'{key}' is {kind_of(value)}, and has to be {'text' if is_text else 'a table'}",
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
