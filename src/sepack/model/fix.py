"""What can be done about a denial, as data: each fix prints the one statement that a person accepts or refuses."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sepack.model.denial import Access
    from sepack.model.rule import Rule


class FileKind(enum.StrEnum):
    """What a file context's entry is for; the value is what stands in the `.fc` line, "" for any kind."""

    ANY = ""
    FILE = "--"
    DIRECTORY = "-d"
    LINK = "-l"
    SOCKET = "-s"
    PIPE = "-p"
    BLOCK = "-b"
    CHARACTER = "-c"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreLabel:
    """The policy knows a better label than the path has: `restorecon`, nothing to ship."""

    path: str
    current: str
    wanted: str

    def statement(self) -> str:
        return f"restorecon {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContext:
    """An entry for the module's `.fc`: `pattern` is a regular expression already escaped, `type` the object's type.

    `candidates` are the other types that would serve, best first.
    """

    pattern: str
    kind: FileKind
    type: str
    candidates: tuple[str, ...] = ()

    def statement(self) -> str:
        kind = f" {self.kind}" if self.kind else ""
        return f"file_context {self.pattern}{kind} {self.type}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Boolean:
    """A boolean to switch; `excess` is what else it opens, in accesses, and `alternatives` the wider ones."""

    name: str
    value: bool
    excess: int
    alternatives: tuple[str, ...] = ()

    def statement(self) -> str:
        return f"boolean {self.name} {'on' if self.value else 'off'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PortLabel:
    """A label for a range of ports; `protocol` is tcp, udp, dccp or sctp. `candidates` would serve as well."""

    protocol: str
    low: int
    high: int
    type: str
    candidates: tuple[str, ...] = ()

    def statement(self) -> str:
        ports = str(self.low) if self.low == self.high else f"{self.low}-{self.high}"
        return f"port {self.protocol} {ports} {self.type}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """A call of a reference-policy interface; `excess` is what it grants that nothing was denied, sorted."""

    name: str
    arguments: tuple[str, ...]
    excess: tuple[Access, ...] = ()

    def statement(self) -> str:
        return f"{self.name}({', '.join(self.arguments)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allow:
    """A rule for the module's text, never wider than what was denied."""

    rule: Rule

    def statement(self) -> str:
        return self.rule.statement()


Fix = RestoreLabel | FileContext | Boolean | PortLabel | Interface | Allow
