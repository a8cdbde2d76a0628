"""A release's policy headers: where they lie, which m4 parameters they ask for, and m4's state with their macros."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from sepack.frozen import frozen
from sepack.model.command import Command

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HEADERS = PurePosixPath("/usr/share/selinux/devel/include")
# The text that m4 loads last into its frozen state. What runs programs, writes files or reads others than it is given
# is taken out, so that policy text cannot reach it under any disguise; the driver includes by a name of its own.
INCLUDE = "sepack__include"
HARDENING = f"""\
define(`{INCLUDE}', defn(`include'))dnl
undefine(`include', `sinclude', `undivert', `syscmd', `esyscmd', `mkstemp', `maketemp', `debugfile')dnl
undefine(`builtin', `indir')dnl
"""
MAKEFILES = (HEADERS / "build.conf", HEADERS / "Makefile")

_ASSIGNMENT = re.compile(r"(?:override\s+)?(\w+)\s*(\?=|:=|\+=|=)\s*(.*)$")
_CONDITION = re.compile(r"(ifeq|ifneq)\s+(?:\((.*?),(.*)\)|\"(.*?)\"\s+\"(.*?)\")\s*$")
_VARIABLE = re.compile(r"\$\((\w+)\)")


def m4_parameters(build_conf: str, makefile: str, *, policy_type: str, mls: bool) -> tuple[str, ...]:
    """The -D parameters that the devel Makefile gives m4, read from its own text and from build.conf.

    Follows assignments and ifeq/ifneq, which is all that those two use to put M4PARAM together, and their one
    function: CUSTOM_BUILDOPT's words are defined each.
    """
    kind = "mls" if policy_type == "mls" else "mcs" if mls else "standard"
    variables = {"TYPE": kind, "NAME": policy_type}
    for line in _lines_taken(f"{build_conf}\n{makefile}", variables):
        found = _ASSIGNMENT.match(line)
        if not found or (found[2] == "?=" and found[1] in variables):
            continue
        value = _expand(found[3].strip(), variables)
        if found[2] == "+=":
            value = f"{variables.get(found[1], '')} {value}".strip()
        variables[found[1]] = value
    parameters = [word for word in variables.get("M4PARAM", "").split() if word != "-D"]
    custom = variables.get("CUSTOM_BUILDOPT", "").split()
    return tuple(f"-D{word}" for word in [*parameters, *custom] if "$" not in word and "(" not in word)


def _lines_taken(text: str, variables: dict[str, str]) -> Iterator[str]:
    """Lines whose conditions hold, as far as `variables` are known when each is reached."""
    holds: list[bool] = []
    for raw in text.split("\n"):
        line = raw.strip()
        if line.startswith("endif") and holds:
            holds.pop()
        elif line.startswith("else") and holds:
            holds[-1] = not holds[-1]
        elif line.startswith(("ifeq", "ifneq", "ifdef", "ifndef")):
            holds.append(_condition(line, variables))
        elif all(holds) and not line.startswith("#"):
            yield line


def _condition(line: str, variables: dict[str, str]) -> bool:
    found = _CONDITION.match(line)
    if not found:
        return False
    left, right = (found[2], found[3]) if found[2] is not None else (found[4], found[5])
    equal = _expand(left.strip(), variables) == _expand(right.strip(), variables)
    return equal if found[1] == "ifeq" else not equal


def _expand(value: str, variables: dict[str, str]) -> str:
    return _VARIABLE.sub(lambda found: variables.get(found[1], ""), value)


@frozen
class HeaderFiles:
    """Support macros and interface files, in the order in which the devel Makefile gives them to m4."""

    support: tuple[str, ...]
    interfaces: tuple[str, ...]


def list_headers() -> Command:
    """Lists the header files; `read_list` understands its output."""
    include = str(HEADERS)
    return Command(argv=("find", include, "-mindepth", "2", "-maxdepth", "2", "-name", "*.spt", "-o", "-name", "*.if"))


def read_list(output: str) -> HeaderFiles:
    paths = sorted(output.split("\n"))
    support = str(HEADERS / "support") + "/"
    return HeaderFiles(
        support=tuple(path for path in paths if path.startswith(support) and path.endswith(".spt")),
        interfaces=tuple(path for path in paths if path.endswith(".if") and not path.startswith(support)),
    )


def read_makefiles() -> Sequence[Command]:
    return tuple(Command(argv=("cat", str(path))) for path in MAKEFILES)


@frozen
class HeaderState:
    """The files that prepared headers consist of, below one directory of the cache.

    `first` holds m4's state with the support macros alone (for the pass over .if files), `support` the same with the
    parameters defined (for .te and .fc); `preamble` is what those macros print: the Makefile's .fc starts with it.
    """

    directory: PurePosixPath

    @property
    def first(self) -> PurePosixPath:
        return self.directory / "first.m4f"

    @property
    def support(self) -> PurePosixPath:
        return self.directory / "support.m4f"

    @property
    def hardening(self) -> PurePosixPath:
        return self.directory / "hardening.m4"

    @property
    def preamble(self) -> PurePosixPath:
        return self.directory / "preamble.txt"

    @property
    def definitions(self) -> PurePosixPath:
        return self.directory / "first-pass.m4"


def prepare(state: HeaderState, files: HeaderFiles, parameters: Sequence[str]) -> Sequence[Sequence[Command]]:
    """Chains that write the other files of `state`; its directory with HARDENING in `hardening` must be there."""
    discard = state.directory / "discarded"
    hardened = (*files.support, str(state.hardening))
    return (
        (Command(argv=("m4", *hardened, "-F", str(state.first)), stdout=discard),),
        (Command(argv=("m4", *parameters, *hardened, "-F", str(state.support)), stdout=state.preamble),),
        (Command(argv=("m4", *files.support, *files.interfaces), stdout=state.definitions),),
    )
