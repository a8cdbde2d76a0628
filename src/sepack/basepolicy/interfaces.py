"""Which interfaces of a release's headers give an access, by its own sepolgen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sepack.model.interface_call import InterfaceCall
from sepack.model.rule import Rule, RuleSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import PurePosixPath

    from sepack.basepolicy.programs import Programs
    from sepack.workspace import Workspace


class Interfaces:
    """Over an index that `index_interfaces` made; what goes in and out lies in `scratch`, a private directory."""

    def __init__(self, programs: Programs, workspace: Workspace, index: PurePosixPath, scratch: PurePosixPath) -> None:
        self._programs = programs
        self._workspace = workspace
        self._index = index
        self._scratch = scratch

    def near(self, accesses: Iterable[Rule]) -> Mapping[Rule, tuple[InterfaceCall, ...]]:
        """The calls that give all of a rule's permissions, the nearest by sepolgen's measure first.

        Raises BasePolicyError.
        """
        asked = tuple(dict.fromkeys(accesses))
        if not asked:
            return {}
        into, out = (self._scratch / f"interfaces-{word}.json" for word in ("asked", "found"))
        questions = [[each.source, each.target, each.tclass, *each.permissions] for each in asked]
        (self._workspace / into).write_text(json.dumps(questions), encoding="utf-8")
        self._programs.run("interfaces_program.py", str(self._index), str(into), str(out))
        answers = json.loads((self._workspace / out).read_bytes())
        return {
            rule: tuple(_call(name, arguments, rules) for name, arguments, rules in found)
            for rule, found in zip(asked, answers, strict=True)
        }


def index_interfaces(programs: Programs, headers: str, out: PurePosixPath) -> None:
    """Read the headers in a directory laid out as /usr/share/selinux/devel/include. Raises BasePolicyError."""
    programs.run("headers_program.py", headers, str(out))


def left_out(workspace: Workspace, index: PurePosixPath) -> Mapping[str, int]:
    """Why interfaces are not in the index, and how many each.

    Raises OSError where there is none, and ValueError, LookupError or TypeError for what is none.
    """
    told: dict[str, int] = json.loads((workspace / index).read_bytes())["left_out"]
    return told


def _call(name: str, arguments: Iterable[str], rules: Iterable[list[str]]) -> InterfaceCall:
    read = (Rule.of(source, target, tclass, permissions) for source, target, tclass, *permissions in rules)
    return InterfaceCall(name=name, arguments=tuple(arguments), rules=RuleSet.of(read).rules)
