"""What can be wrong with policy text, as sentences for someone who does not know SELinux."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.errors import DeclarationError, SepackError
from sepack.model.names import near_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sepack.errors import Location
    from sepack.stages.compile.given_text import Place


LABELLED_ON_THE_HOST = {
    "portcon": "label a port with `semanage port -a -t TYPE -p PROTOCOL PORT` on the host that needs it",
    "nodecon": "label a node with `semanage node -a` on the host that needs it",
    "netifcon": "label a network interface with `semanage interface -a` on the host that needs it",
}


class CompileError(SepackError):
    """A module's text does not compile."""


class NoHeaderError(CompileError):
    def __init__(self, name: str, where: Location) -> None:
        super().__init__(
            "this is no module: it has neither `module NAME VERSION;` nor `policy_module(NAME, VERSION)`",
            where=where,
            hint=f"start the file with: policy_module({name}, 1.0)",
        )


class HeaderNameError(CompileError):
    exit_code = DeclarationError.exit_code

    def __init__(self, name: str, found: str, where: Location) -> None:
        super().__init__(
            f"the header calls this module {found!r}, its folder and file call it {name!r}",
            where=where,
            hint=f"write {name} in the header, or rename the folder and its files to {found}",
        )


class MacroInNameError(CompileError):
    exit_code = DeclarationError.exit_code

    def __init__(self, name: str, word: str, where: Location) -> None:
        super().__init__(
            f"m4 takes the {word!r} in the module's name {name!r} for a macro and tears the header apart",
            where=where,
            hint=f"rename folder, files and header without that word, to {name.replace(word, word[:3])} or the like",
        )


class SurplusInHeaderError(CompileError):
    exit_code = DeclarationError.exit_code

    def __init__(self, surplus: str, where: Location) -> None:
        super().__init__(
            f"the header says more than a name and a version: {surplus!r}",
            where=where,
            hint="write policy_module(NAME, VERSION)",
        )


class HeaderVersionError(CompileError):
    exit_code = DeclarationError.exit_code

    def __init__(self, version: str, where: Location) -> None:
        super().__init__(
            f"{version!r} is no version that the compiler takes",
            where=where,
            hint="write numbers with dots between them, such as 1.0 or 2.13.1",
        )


class TwoVersionsError(CompileError):
    exit_code = DeclarationError.exit_code

    def __init__(self, declared: str, found: str, where: Location) -> None:
        super().__init__(
            f"the header says version {found}, module.toml says {declared}: a version has one home",
            where=where,
            hint="take the version out of one of them; the header may be written without, as in policy_module(NAME)",
        )


class UnknownInterfaceError(CompileError):
    def __init__(self, name: str, place: Place, known: Iterable[str], unread: Sequence[str]) -> None:
        close = near_names(name, known, cutoff=0.8)
        meant = f"did you mean {' or '.join(f'{other}()' for other in close)}? " if close else ""
        lost = [] if close else [f"its .if may be one that could not be read: {fault}" for fault in unread]
        super().__init__(
            f"{name}() is no interface or macro that this target's headers or this repository's modules define",
            where=place.where,
            details=[*place.reached, *lost],
            hint=f"{meant}An interface of another module must come from its .if file in policy/ or from the headers",
        )


class PolicySyntaxError(CompileError):
    def __init__(self, token: str, place: Place) -> None:
        what = "at the end of the text" if not token else f"near {token!r}"
        super().__init__(
            f"syntax error {what}: the compiler did not expect this here",
            where=place.where,
            details=place.reached,
            hint="look at this line and the one before it: a missing semicolon, bracket or quote is the usual reason",
        )


class StatementError(CompileError):
    """The compiler understood the statement and refused it."""

    def __init__(self, message: str, place: Place, hint: str) -> None:
        super().__init__(message, where=place.where, details=place.reached, hint=hint)


class QuoteError(CompileError):
    def __init__(self, where: Location | None, words: str) -> None:
        super().__init__(
            "a quote is not balanced: an m4 text starts with ` and ends with '",
            where=where,
            details=[words] if words else [],
            hint="count ` and ' from this line on. An apostrophe counts too, also in a comment within the quotes "
            "(# don't), and each call's brackets must close",
        )


class BaseStatementError(CompileError):
    """A statement that only a base policy may hold."""

    def __init__(self, statement: str, where: Location) -> None:
        super().__init__(
            f"{statement} cannot stand in a module: the kernel takes it from the base policy only",
            where=where,
            hint=LABELLED_ON_THE_HOST.get(statement, "leave it to the distribution's base policy"),
        )


class DottedNameError(CompileError):
    def __init__(self, name: str, where: Location) -> None:
        super().__init__(
            f"{name!r} has a dot in it: such names belong to CIL, and a module with one breaks when it is loaded",
            where=where,
            hint=f"use a name without dots, such as {name.replace('.', '_')}; for a type of a CIL module, write CIL",
        )


class ForbiddenMacroError(CompileError):
    def __init__(self, macro: str, why: str, where: Location) -> None:
        super().__init__(f"{macro} may not be used in a module: {why}", where=where, hint="use a template of Jinja2")


class FormatTooOldError(CompileError):
    def __init__(self, construct: str, needs: int, allowed: str, where: Location | None) -> None:
        super().__init__(
            f"{construct} needs module format {needs}, and {allowed}",
            where=where,
            hint="write the rule without it, or build for a target that reads that format",
        )


class FileContextError(CompileError):
    def __init__(self, reason: str, where: Location) -> None:
        super().__init__(
            f"this line is no file context: {reason}",
            where=where,
            hint="an entry is: /path(/.*)?  --  gen_context(system_u:object_r:TYPE_t,s0)",
        )


class PathExpressionError(CompileError):
    def __init__(self, expression: str, words: str, where: Location) -> None:
        super().__init__(
            f"the path expression {expression!r} is no regular expression: {words}",
            where=where,
            hint="the loader would refuse the whole module for it; escape characters such as [ ( + . with a backslash",
        )


class HomePathError(CompileError):
    def __init__(self, expression: str, suggestion: str, where: Location) -> None:
        super().__init__(
            f"a path under /home never wins: the homedirs file contexts are read after a module's ({expression})",
            where=where,
            hint=f"write {suggestion}, which holds for every home directory, or move the files below /srv",
        )


class ForeignHeadersError(CompileError):
    def __init__(self, name: str, target: str, reason: str, where: Location | None, *, has_image: bool) -> None:
        places = "in its container, or on a host of that release" if has_image else "on a host of that release"
        super().__init__(
            f"{name} needs the interfaces and macros of {target}, and those are not at hand here: {reason}",
            where=where,
            hint=f"build it {places}; a module without interfaces and macros (plain dialect) can be built here",
        )


class ProofError(CompileError):
    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            f"the tools reported success, but {name}'s policy package is not what was asked for: {why}",
            hint="look whether the disk is full (df build/); then build again",
        )


class ToolFailedError(CompileError):
    """A tool failed in a way that is not understood: its own words are shown."""

    def __init__(self, command: str, exit_code: int, output: str, where: Location | None = None) -> None:
        lines = [line for line in output.strip().split("\n") if line][-12:]
        hint = "if the words above do not help, run the command as it stands from the repository's top"
        if "No space left on device" in output:
            hint = "make room on the disk that holds build/ (df -h build), then build again"
        else:
            lines.append(f"$ {command}")
        super().__init__(
            f"{command.split(maxsplit=1)[0]} failed with exit code {exit_code}", where=where, details=lines, hint=hint
        )
