"""Finds interfaces for accesses with the distribution's own sepolgen: a program for the toolchain's python3.

    python3 interfaces_program.py INDEX QUESTIONS OUT

INDEX is what headers_program.py wrote. QUESTIONS is JSON, [[source, target, class, permission, ...], ...], and OUT
becomes, for each of them, [[name, [argument, ...], [[source, target, class, permission, ...], ...]], ...]: the calls
that give all of its permissions, the nearest first by sepolgen's own measure, each with all rules that it comes to.
Python 3.6 or newer, its standard library, and sepolgen. What stops it is one line of JSON on standard output,
{"problem": ..., "said": ...}, and exit code 3.
"""

import json
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

STOPPED = 3
# Calls that are told for a question. sepolgen's measure weighs permissions, so the one with the least excess is among
# the first of them.
NEAREST = 60


class Matcher:
    """sepolgen's way of finding the interfaces near an access, over an index."""

    def __init__(self, interfaces: "Mapping[str, Any]") -> None:
        from sepolgen import access, matching
        from sepolgen import interfaces as sepolgen_interfaces

        self._access, self._matching = access, matching
        self._interfaces = interfaces
        self._set = sepolgen_interfaces.InterfaceSet()
        for name, (_, rules) in interfaces.items():
            vector = sepolgen_interfaces.InterfaceVector()
            vector.name = name
            for rule in rules:
                vector.access.add_av(access.AccessVector(rule))
            self._set.add_ifv(vector)
        self._set.index()
        self._matcher = matching.AccessMatcher()

    def calls(self, question: "list[str]") -> "list[list[Any]]":
        source, target, tclass = question[:3]
        found = {}  # type: dict[str, float]
        for named in {target, "self"} if source == target else {target}:
            near = self._matching.MatchList()
            self._matcher.search_ifs(self._set, self._access.AccessVector([source, named, *question[2:]]), near)
            for match in near.all():
                distance = match.dist + (near.threshold if match.info_dir_change else 0)
                name = match.interface.name
                found[name] = min(distance, found.get(name, distance))
        told = []
        for name in sorted(found, key=lambda name: (found[name], name)):
            count, rules = self._interfaces[name]
            told += [
                [name, list(arguments), [concrete(rule, arguments) for rule in rules]]
                for arguments in bindings(count, rules, source, target, tclass, set(question[3:]))
            ]
        return told[:NEAREST]


def bindings(
    count: int, rules: "Iterable[list[str]]", source: str, target: str, tclass: str, permissions: "set[str]"
) -> "list[tuple[str, ...]]":
    """The arguments with which a rule of an interface gives the access, where that says what each of them is."""
    found = set()
    for rule in rules:
        if rule[2] != tclass or not permissions.issubset(rule[3:]):
            continue
        bound = {}  # type: dict[str, str]
        pairs = [(rule[0], source), (rule[0] if rule[1] == "self" else rule[1], target)]
        if all(
            bound.setdefault(word, value) == value if word.startswith("$") else word == value for word, value in pairs
        ):
            arguments = tuple(bound.get("${}".format(number), "") for number in range(1, count + 1))
            if all(arguments):
                found.add(arguments)
    return sorted(found)


def concrete(rule: "list[str]", arguments: "tuple[str, ...]") -> "list[str]":
    given = [arguments[int(word[1:]) - 1] if word.startswith("$") else word for word in rule]
    source, target, tclass, *permissions = given
    return [source, source if target == "self" else target, tclass, *permissions]


def main(arguments: "list[str]") -> int:
    try:
        with open(arguments[0], encoding="utf-8") as file:
            matcher = Matcher(json.load(file)["interfaces"])
        with open(arguments[1], encoding="utf-8") as file:
            found = [matcher.calls(question) for question in json.load(file)]
        with open(arguments[2], "w", encoding="utf-8") as out:
            json.dump(found, out)
    except ImportError as error:
        problem = {"problem": "no sepolgen", "said": str(error)}
    except OSError as error:
        problem = {"problem": "not written", "said": str(error)}
    else:
        return 0
    sys.stdout.write(json.dumps(problem) + "\n")
    return STOPPED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
