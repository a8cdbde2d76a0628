"""What can go wrong while a template is filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.errors import Location, SepackError
from sepack.model.names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_IN_SCOPE = "a template sees `target` and `module`, whose own values are in `module.parameters`"


class TemplateError(SepackError):
    """A template that gives no text."""


class TemplateSyntaxFaultError(TemplateError):
    """A template that Jinja2 does not understand."""

    def __init__(self, where: Location, message: str, names: Iterable[str] = (), word: str = "") -> None:
        super().__init__(
            f"the template is not understood: {_as_clause(message)}",
            where=where,
            hint=did_you_mean(word, names)
            or "{% … %} is an instruction and needs its end ({% endif %}), {{ … }} a value, {# … #} a comment.",
        )


class UndefinedNameError(TemplateError):
    """A template uses a name that it was not given."""

    def __init__(self, where: Location, name: str, known: Iterable[str]) -> None:
        super().__init__(
            f"the template uses '{name}', and there is no such name",
            where=where,
            details=(_IN_SCOPE,),
            hint=did_you_mean(name, known)
            or f"If it is a value of the module's own, write module.parameters.{name} and give it in module.toml.",
        )


class UndefinedUseMessageError(TemplateError):
    """Something else undefined was used; Jinja2's own words say what."""

    def __init__(self, where: Location, message: str) -> None:
        super().__init__(
            f"the template uses something that is not there: {_as_clause(message)}",
            where=where,
            details=(_IN_SCOPE,),
            hint="Look at how the macro or template named there is defined, and at what it is given here.",
        )


class UndefinedPartError(TemplateError):
    """A template asks something for a part that it does not have; `owner` says what was asked."""

    def __init__(self, where: Location, name: str, owner: str, known: Sequence[str]) -> None:
        super().__init__(
            f"{owner} has no '{name}'",
            where=where,
            details=(f"it has: {', '.join(sorted(known))}",) if known else (),
            hint=did_you_mean(name, known) or "Take one of the names it has, or guard the place with `is defined`.",
        )


class MissingParameterError(TemplateError):
    """A template needs a parameter that the module does not give."""

    def __init__(self, where: Location, name: str, module: str, declaration: str, known: Sequence[str]) -> None:
        given = f"it gives: {', '.join(sorted(known))}" if known else "it gives none"
        near = did_you_mean(name, known)
        key = name if name.isidentifier() else f'"{name}"'
        add = f'Add a line `{key} = "…"` below [parameters] in {declaration}.'
        super().__init__(
            f"module '{module}' gives no parameter '{name}', which the template needs",
            where=where,
            details=(given,),
            hint=f"{near} Or else: {add[0].lower()}{add[1:]}" if near else add,
        )


class MissingVersionError(TemplateError):
    """A template prints the module's version, and the module declares none."""

    def __init__(self, where: Location, module: str, declaration: str) -> None:
        super().__init__(
            f"module '{module}' declares no version, which the template needs",
            where=where,
            hint=f'Add a line `version = "1.0.0"` at the top of {declaration}.',
        )


class MissingTemplateError(TemplateError):
    """A template asks for another that is not there."""

    def __init__(self, where: Location, names: Sequence[str], known: Iterable[str], searched: Sequence[Path]) -> None:
        known = sorted(set(known))
        asked = " or ".join(f"'{name}'" for name in names)
        near = next(filter(None, (did_you_mean(name, known) for name in names)), "")
        super().__init__(
            f"there is no template {asked}",
            where=where,
            details=(f"searched: {', '.join(map(str, searched))}", f"there are: {', '.join(known) or 'none'}"),
            hint=near or "Put it into the folder templates/ of the repository.",
        )


class TemplateNameRefusedError(TemplateError):
    """A template asks for a file outside the template folders."""

    def __init__(self, where: Location, message: str) -> None:
        super().__init__(message, where=where, hint="Name it from templates/ on, such as 'module.te.j2'.")


class UnfilledBlockError(TemplateError):
    """A template extends another and leaves out a block that it has to fill."""

    def __init__(self, where: Location, block: str, base: Location) -> None:
        super().__init__(
            f"the block '{block}' is not filled, which the template it extends asks for",
            where=where,
            details=(f"asked for by {base}",),
            hint=f"Add {{% block {block} %}} … {{% endblock %}}; {base.path} says at its top what for.",
        )


class ForbiddenInTemplateError(TemplateError):
    """A template reaches for Python's inside, or changes what it was given."""

    def __init__(self, where: Location, message: str) -> None:
        super().__init__(
            f"the template does something that templates may not: {_as_clause(message)}",
            where=where,
            details=("templates run in Jinja2's sandbox, because a policy is often somebody else's file",),
            hint="A template reads values and prints them; work beyond that belongs into module.toml.",
        )


class TooLargeValueError(TemplateError):
    """A template multiplies something into more than would fit into memory."""

    def __init__(self, where: Location, kind: str, size: int, limit: int) -> None:
        shown = f"{min(size, 10**15):,}{' or more' if size > 10**15 else ''}"
        super().__init__(
            f"the template would make a value of {shown} {kind} here; `*` and `**` give at most {limit:,}",
            where=where,
            hint="Look at the numbers that this line works with, and at what they are in module.toml.",
        )


class UnprintableValueError(TemplateError):
    """A template prints something that is neither text nor a number."""

    def __init__(self, where: Location, kind: str, advice: str) -> None:
        super().__init__(
            f"the template prints {kind}, which means nothing in a policy; it can print text and numbers",
            where=where,
            hint=advice,
        )


class FilterValueError(TemplateError):
    """A path that no file-contexts entry can be made of."""

    def __init__(self, where: Location, reason: str, hint: str) -> None:
        super().__init__(f"no file-contexts entry can be made of this path: {reason}", where=where, hint=hint)


class TemplateFailedError(TemplateError):
    """Anything else that went wrong inside a template."""

    def __init__(self, where: Location, error: Exception) -> None:
        endless = isinstance(error, RecursionError)
        super().__init__(
            "the templates use each other without end"
            if endless
            else f"the template fails here: {error} ({type(error).__name__})",
            where=where,
            hint="Look for a template that includes, extends or calls itself."
            if endless
            else "Look at the values that this line works with, and at what they are in module.toml.",
        )


def _as_clause(message: str) -> str:
    return f"{message[:1].lower()}{message[1:]}".rstrip(".")
