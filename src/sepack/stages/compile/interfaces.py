"""The interfaces that modules may call: their m4 definitions, what each reaches, and a digest of each.

The devel Makefile gives m4 every interface of the release for every module (6 MB of text). m4's first pass over the
`.if` files prints them as `define(...)` statements; cut apart, a module needs only those it reaches, 47 KB on average.
"""

from __future__ import annotations

import json
import re
from dataclasses import field
from typing import TYPE_CHECKING

from sepack.fingerprints import digest_of
from sepack.formats.line_marks import ENCODING
from sepack.formats.policy_text import WORD, line_at
from sepack.frozen import frozen
from sepack.model.module import SourceKind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from mmap import mmap

    from sepack.errors import Location

SCHEMA = 5
# Words that change m4's state beyond the text that uses them.
STATEFUL = frozenset(
    "define undefine defn pushdef popdef changequote changecom changeword divert undivert m4wrap m4exit "
    "traceon traceoff debugmode".split()
)
# What every definition that the interface() macro prints uses of them, and puts right again.
_USUAL = ("define", "pushdef", "popdef")
WHOLE = "*"
# What the interface() and template() macros of loadable_module.spt print, whole: from define( to the end they mark.
_DEFINITION = re.compile(
    r"define\(`(\w+)',` dnl\n.*?policy_m4_comment\(policy_call_depth,end `\1'\(\$\*\)\) dnl\n\s*'\)", re.DOTALL
)
_BEGINNING = re.compile(r"define\(`\w+',` dnl\n\s*pushdef\(`policy_call_depth'")


@frozen
class InterfaceFile:
    """The rendered .if of a module of the repository; `locate` leads from its lines to the author's."""

    module: str
    text: str
    locate: Callable[[SourceKind, int], Location]

    def place_of(self, interface: str, word: str, nth: int) -> Location | None:
        """Where the `nth` (from 0) `word` stands within the definition of `interface`; the last if there are fewer."""
        begin = re.search(rf"\b(?:interface|template)\(\s*`{interface}'", self.text)
        if not begin or not word:
            return None
        following = re.compile(r"^\s*(?:interface|template)\(", re.MULTILINE).search(self.text, begin.end())
        end = following.start() if following else len(self.text)
        pattern = re.compile(rf"(?<![\w.-]){re.escape(word)}(?![\w-])")
        places = [found.start() for found in pattern.finditer(self.text, begin.end(), end)]
        if not places:
            return None
        return self.locate(SourceKind.IF, line_at(self.text, places[min(nth, len(places) - 1)]))


@frozen
class InterfaceIndex:
    """Definitions by name, the names that each one's text holds, and a digest of each.

    `own` maps the repository's own interfaces to the modules that define them. `support` is a digest of the support
    macros and parameters; `identity` stands for the state of headers and .if files that all of this was made from.
    `stateful` are those that change m4's state beyond themselves, `notices` what a person should know of it.
    A record (where the definition starts and ends, its digest, the names in it) is looked into, and a definition
    decoded, only when its interface is asked for: a module reaches a hundred of nine thousand.
    """

    records: Mapping[str, str]
    definitions: bytes | memoryview
    own: Mapping[str, str]
    support: str
    identity: str
    stateful: frozenset[str] = frozenset()
    notices: tuple[str, ...] = ()
    _read: dict[str, tuple[int, int, str, list[str]]] = field(default_factory=dict, repr=False, compare=False)

    def __contains__(self, name: str) -> bool:
        return name in self.records

    @property
    def names(self) -> Collection[str]:
        return self.records.keys()

    def _record(self, name: str) -> tuple[int, int, str, list[str]]:
        found = self._read.get(name)
        if found is None:
            start, end, digest, *references = self.records[name].split(" ")
            found = self._read[name] = int(start), int(end), digest, references
        return found

    def definition(self, name: str) -> str:
        start, end, _, _ = self._record(name)
        return bytes(self.definitions[start:end]).decode(**ENCODING)

    def digest(self, name: str) -> str:
        return self._record(name)[2]

    def reach(self, words: Iterable[str]) -> set[str]:
        """Names of all interfaces that text holding `words` can come to call."""
        reached: set[str] = set()
        todo = [word for word in (*words, WHOLE) if word in self.records]
        while todo:
            name = todo.pop()
            if name not in reached:
                reached.add(name)
                todo.extend(self._record(name)[3])
        return reached

    def text(self, names: Iterable[str]) -> str:
        """The definitions of `names` as m4 reads them."""
        return "\n".join(self.definition(name) for name in sorted(names))

    def digest_of_all(self, names: Iterable[str]) -> str:
        """Stands for what m4 makes of text that reaches exactly `names`."""
        return digest_of(self.support, *(f"{name} {self.digest(name)}" for name in sorted(names)))


def cut_definitions(first_pass: str) -> dict[str, str]:
    """Definitions by name, of what m4's first pass over .if files printed; the last of a name counts, as in m4.

    Where some definition is of a shape that is not understood, all of the text stands under the name WHOLE and every
    module gets it: what the devel Makefile does always, slow and right.
    """
    text = first_pass.replace("dollarsstar", "$*")
    found = [(match[1], match[0]) for match in _DEFINITION.finditer(text)]
    if len(found) != len(_BEGINNING.findall(text)):
        return {WHOLE: text}
    return dict(found)


def index_interfaces(
    release: Mapping[str, str],
    own: Mapping[str, tuple[str, str]],
    *,
    support: str,
    identity: str,
    notices: Sequence[str] = (),
) -> InterfaceIndex:
    """The release's definitions (name → text) under the repository's own (name → module, text), which win."""
    definitions = {**release, **{name: text for name, (_, text) in own.items()}}
    names = definitions.keys()
    records: dict[str, str] = {}
    encoded: list[bytes] = []
    stateful: set[str] = set()
    start = 0
    for name, text in definitions.items():
        data = text.encode(**ENCODING)
        encoded.append(data)
        words = WORD.findall(text)
        references = sorted(names & set(words) - {name})
        if sum(word in STATEFUL for word in words) > len(_USUAL):
            stateful.add(name)
        records[name] = " ".join([str(start), str(start + len(data)), digest_of(data)[:16], *references])
        start += len(data)
    return InterfaceIndex(
        records=records,
        definitions=b"".join(encoded),
        own={name: module for name, (module, _) in own.items()},
        support=support,
        identity=identity,
        stateful=frozenset(stateful),
        notices=(*_overriding(release, own), *notices),
    )


def _overriding(release: Mapping[str, str], own: Mapping[str, tuple[str, str]]) -> list[str]:
    """A sentence for each module that defines otherwise what the release defines too."""
    names: dict[str, list[str]] = {}
    for name, (module, text) in sorted(own.items()):
        if name in release and release[name] != text:
            names.setdefault(module, []).append(f"{name}()")
    return [
        f"policy/{module} defines {', '.join(found)}, as the headers do: its own counts for every module here"
        for module, found in names.items()
    ]


def index_to_bytes(index: InterfaceIndex) -> bytes:
    """For the cache: a line of JSON, one of all names, a line for each record, an empty line, the definitions."""
    head = {
        "schema": SCHEMA,
        "identity": index.identity,
        "support": index.support,
        "own": dict(index.own),
        "stateful": sorted(index.stateful),
        "notices": index.notices,
    }
    lines = [json.dumps(head), " ".join(["names", *index.records]), *index.records.values()]
    return ("\n".join(lines) + "\n\n").encode() + bytes(index.definitions)


def index_from_bytes(data: bytes | mmap) -> InterfaceIndex | None:
    """None for anything but a whole index of this schema; of the definitions in `data` none is looked at yet."""
    border = data.find(b"\n\n")
    try:
        first, names, *lines = data[: max(border, 0)].decode().split("\n")
        head = json.loads(first)
        if head["schema"] != SCHEMA:
            return None
        records = dict(zip(names.split(" ")[1:], lines, strict=True))
        end = int(lines[-1].split(" ", 2)[1]) if lines else 0
        if end != len(data) - border - 2:
            return None
        return InterfaceIndex(
            records=records,
            definitions=memoryview(data)[border + 2 :],
            own=head["own"],
            support=head["support"],
            identity=head["identity"],
            stateful=frozenset(head["stateful"]),
            notices=tuple(head["notices"]),
        )
    except (ValueError, KeyError, TypeError, IndexError):
        return None
