"""The interfaces that modules may call: their m4 definitions, what each reaches, and a digest of each.

The devel Makefile gives m4 every interface of the release for every module (6 MB of text). m4's first pass over the
`.if` files prints them as `define(...)` statements; cut apart, a module needs only those it reaches, 47 KB on average.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sepack.fingerprints import digest_of
from sepack.stages.compile.policy_text import WORD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SCHEMA = 1
WHOLE = "*"
# What the interface() and template() macros of loadable_module.spt print, whole: from define( to the end they mark.
_DEFINITION = re.compile(
    r"define\(`(\w+)',` dnl\n.*?policy_m4_comment\(policy_call_depth,end `\1'\(\$\*\)\) dnl\n\s*'\)", re.DOTALL
)
_BEGINNING = re.compile(r"define\(`\w+',` dnl\n\s*pushdef\(`policy_call_depth'")

@dataclass(frozen=True, slots=True)
class InterfaceIndex:
    """Definitions by name, the names that each one's text holds, and a digest of each.

    `own` maps the repository's own interfaces to the modules that define them. `support` is a digest of the support
    macros and parameters; `identity` stands for the state of headers and .if files that all of this was made from.
    """

    definitions: Mapping[str, str]
    references: Mapping[str, Sequence[str]]
    digests: Mapping[str, str]
    own: Mapping[str, str]
    support: str
    identity: str

    def reach(self, words: Iterable[str]) -> set[str]:
        """Names of all interfaces that text holding `words` can come to call."""
        reached: set[str] = set()
        todo = [word for word in (*words, WHOLE) if word in self.definitions]
        while todo:
            name = todo.pop()
            if name not in reached:
                reached.add(name)
                todo.extend(self.references[name])
        return reached

    def text(self, names: Iterable[str]) -> str:
        """The definitions of `names` as m4 reads them."""
        return "\n".join(self.definitions[name] for name in sorted(names))

    def digest(self, names: Iterable[str]) -> str:
        """Stands for what m4 makes of text that reaches exactly `names`."""
        return digest_of(self.support, *(f"{name} {self.digests[name]}" for name in sorted(names)))


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
    release: Mapping[str, str], own: Mapping[str, tuple[str, str]], *, support: str, identity: str
) -> InterfaceIndex:
    """The release's definitions (name → text) under the repository's own (name → module, text), which win."""
    definitions = {**release, **{name: text for name, (_, text) in own.items()}}
    names = definitions.keys()
    references = {name: sorted(names & set(WORD.findall(text)) - {name}) for name, text in definitions.items()}
    return InterfaceIndex(
        definitions=definitions,
        references=references,
        digests={name: digest_of(text)[:16] for name, text in definitions.items()},
        own={name: module for name, (module, _) in own.items()},
        support=support,
        identity=identity,
    )


def index_to_json(index: InterfaceIndex) -> str:
    """Text for the cache; names are written once and referred to by number, which halves the reading."""
    numbers = {name: number for number, name in enumerate(index.definitions)}
    return json.dumps(
        {
            "schema": SCHEMA,
            "identity": index.identity,
            "definitions": index.definitions,
            "references": [[numbers[other] for other in index.references[name]] for name in numbers],
            "digests": [index.digests[name] for name in numbers],
            "own": index.own,
            "support": index.support,
        }
    )


def index_from_json(text: str | bytes) -> InterfaceIndex | None:
    """None for anything but a whole index of this schema."""
    try:
        data = json.loads(text)
        if data["schema"] != SCHEMA:
            return None
        names = list(data["definitions"])
        return InterfaceIndex(
            definitions=data["definitions"],
            references={
                name: [names[number] for number in numbers]
                for name, numbers in zip(names, data["references"], strict=True)
            },
            digests=dict(zip(names, data["digests"], strict=True)),
            own=data["own"],
            support=data["support"],
            identity=data["identity"],
        )
    except (ValueError, KeyError, TypeError, IndexError):
        return None
