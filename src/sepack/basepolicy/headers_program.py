"""Reads a release's interfaces with the distribution's own sepolgen: a program for the toolchain's python3.

    python3 headers_program.py HEADERS OUT

HEADERS is laid out as /usr/share/selinux/devel/include is. OUT becomes JSON, {"interfaces": {name: [number of
parameters, [[source, target, class, permission, ...], ...]]}, "left_out": {reason: how many}}, where $1 stands for a
parameter. It holds the interfaces whose whole effect is in those rules: what has conditions, optional blocks,
attributes, roles or transitions, itself or through what it calls, is left out and counted. Python 3.6 or newer, its
standard library, and sepolgen, which comes from the distribution. What stops it is one line of JSON on standard output,
{"problem": ..., "said": ...}, and exit code 3.
"""

import collections
import contextlib
import io
import json
import os
import re
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

STOPPED = 3
HEAD = re.compile(r"^[ \t]*(interface|template|define)\(`(\w+)'\s*,\s*`", re.MULTILINE)
COMMENT = re.compile(r"#[^\n]*|\bdnl\b[^\n]*")
REQUIRE = re.compile(r"\bgen_require\(\s*`")
SET = r"(?:[\w.$]+|\{[\w.$\s]+\})"
ALLOW = re.compile(r"\s*allow\s+{0}\s+{0}\s*:\s*{0}\s+{0}\s*;".format(SET))
SILENT = re.compile(r"\s*(?:dontaudit|auditallow)\s+[^;()`']+;")
CALL = re.compile(r"\s*(\w+)\s*\(([\w.$\s,{}]*)\)\s*;?")
PARAMETER = re.compile(r"\$(\w*)")


class StoppedError(Exception):
    """`problem` is a word for sepack, `said` somebody else's own words."""

    def __init__(self, problem: str, said: str) -> None:
        super().__init__(said)
        self.problem = problem


class Definition:
    """One interface or macro: the text of its allow rules and calls, the names it calls, and its parameters."""

    def __init__(self, kind: str, text: str, calls: "list[tuple[str, int]]", parameters: int) -> None:
        self.kind = kind
        self.text = text
        self.calls = calls
        self.parameters = parameters


def balanced(text: str, start: int) -> int:
    """Where the quotation ends that begins before `start`: the offset of its quote, or -1."""
    depth = 1
    for found in re.compile("[`']").finditer(text, start):
        depth += 1 if found.group() == "`" else -1
        if not depth:
            return found.start()
    return -1


def definitions(text: str) -> "Iterator[tuple[str, Definition | None]]":
    """Every definition of a header file by its name; None for one whose effect is more than rules and calls."""
    for found in HEAD.finditer(text):
        end = balanced(text, found.end())
        yield found.group(2), None if end < 0 else plain(found.group(1), found.group(2), text[found.end() : end])


def plain(kind: str, name: str, body: str) -> "Definition | None":
    text = without_requirements(COMMENT.sub("", body))
    if text is None:
        return None
    kept, calls, at = [], [], 0
    text = text.strip()
    while at < len(text):
        rule, call, silent = (each.match(text, at) for each in (ALLOW, CALL, SILENT))
        found = rule or call or silent
        if not found:
            return None
        if rule or call:
            kept.append(found.group().strip())
        if call:
            calls.append((call.group(1), call.group(2).count(",") + 1 if call.group(2).strip() else 0))
        at = found.end()
    # sepolgen leaves rules out of what is named so.
    if "dontaudit" in name and kept:
        return None
    numbers = PARAMETER.findall("\n".join(kept))
    if not all(each.isdigit() and each != "0" for each in numbers):
        return None
    return Definition(kind, "\n".join(kept), calls, max([int(each) for each in numbers] or [0]))


def without_requirements(text: str) -> "str | None":
    found = REQUIRE.search(text)
    while found:
        end = balanced(text, found.end())
        closing = text.find(")", end)
        if end < 0 or closing < 0:
            return None
        text = text[: found.start()] + text[closing + 1 :].lstrip(" \t;")
        found = REQUIRE.search(text)
    return text


class Headers:
    """The definitions of all header files, and those of them whose whole effect is known."""

    def __init__(self, root: str) -> None:
        self._all = {}  # type: dict[str, Definition | None]
        self._whole = {}  # type: dict[str, bool]
        self.names = set()  # type: set[str]
        self.interfaces = set()  # type: set[str]
        self.permission_sets = ""
        for path in sorted(files(root)):
            try:
                with open(path, encoding="utf-8", errors="replace") as file:
                    text = file.read()
            except EnvironmentError as error:
                raise StoppedError("no headers", "{}: {}".format(path, error.strerror)) from error
            heads = [found.groups() for found in HEAD.finditer(text)]
            self.names.update(name for _, name in heads)
            self.interfaces.update(name for kind, name in heads if kind == "interface")
            if os.path.basename(path) == "obj_perm_sets.spt":
                self.permission_sets = text
                continue
            for name, definition in definitions(text):
                # Of one that is defined twice m4 takes the last, in an order that is none of ours.
                self._all[name] = None if name in self._all else definition
        if not self.permission_sets or not self._all:
            raise StoppedError("no headers", "{}: no interfaces".format(root))

    def whole(self) -> "dict[str, Definition]":
        """Those whose rules, and those of all that they call, are their whole effect; callees come first."""
        found = {}  # type: dict[str, Definition]
        for name in self._all:
            self._visit(name, found, ())
        return found

    def _visit(self, name: str, found: "dict[str, Definition]", above: "tuple[str, ...]") -> bool:
        if name in self._whole:
            return self._whole[name]
        definition = self._all.get(name)
        if definition is None or name in above:
            return False
        known = True
        for callee, given in definition.calls:
            known = self._visit(callee, found, (*above, name)) and found[callee].parameters <= given and known
        self._whole[name] = known
        if known:
            found[name] = definition
        return known


def files(root: str) -> "Iterator[str]":
    for directory, _, names in os.walk(root):
        for name in names:
            if name.endswith((".if", ".spt")):
                yield os.path.join(directory, name)


class Reader:
    """sepolgen's parser. It prints what it does not understand, and then has to be made anew."""

    def __init__(self, permission_sets: str) -> None:
        from sepolgen import refparser, refpolicy

        self._parser, self._policy = refparser, refpolicy
        self._sets = None
        self._sets = self._parse(permission_sets, refpolicy.SupportMacros())

    def _parse(self, text: str, into: "Any") -> "Any":
        with contextlib.redirect_stdout(io.StringIO()):
            return self._parser.parse(text, into, self._sets)

    def interfaces(self, texts: "list[tuple[str, str]]") -> "dict[str, Any]":
        """What sepolgen makes of each definition; one that it does not understand is not among them."""
        text = "\n".join("interface(`{}',`\n{}\n')".format(*each) for each in texts)
        try:
            module = self._parse(text, self._policy.Module())
        except ValueError:
            half = len(texts) // 2
            return dict(self.interfaces(texts[:half]), **self.interfaces(texts[half:])) if half else {}
        return {each.name: each for each in module.interfaces()}


def expanded(interface: "Any", known: "Mapping[str, Any]", macros: "set[str]") -> "Any":
    """All rules of an interface by source, target and class, those of its callees included; None where that fails.

    It fails where a macro's name is left over: sepolgen knows the sets in obj_perm_sets.spt alone, and not all of them.
    """
    from sepolgen import access

    rules = collections.defaultdict(set)  # type: Any
    for rule in interface.avrules():
        sets = (rule.src_types, rule.tgt_types, rule.obj_classes, rule.perms)
        if any(each.compliment or any(word[:1] in "-*~" for word in each) for each in sets):
            return None
        for vector in access.avrule_to_access_vectors(rule):
            rules[vector.src_type, vector.tgt_type, vector.obj_class].update(vector.perms)
    for call in interface.interface_calls():
        if known.get(call.ifname) is None:
            return None
        for key, permissions in known[call.ifname].items():
            for one in substituted(key, call.args):
                rules[one].update(word for each in permissions for word in words(each, call.args))
    met = {word for key, permissions in rules.items() for word in permissions.union(key)}
    return dict(rules) if met.isdisjoint(macros) else None


def substituted(key: "tuple[str, str, str]", arguments: "list[Any]") -> "Iterator[tuple[str, str, str]]":
    for source in words(key[0], arguments):
        for target in words(key[1], arguments):
            for tclass in words(key[2], arguments):
                yield source, target, tclass


def words(word: str, arguments: "list[Any]") -> "list[str]":
    """What stands for a parameter: its argument, or each of those in braces; any other word is itself."""
    if not word.startswith("$"):
        return [word]
    argument = arguments[int(word[1:]) - 1]
    return argument if isinstance(argument, list) else [argument]


def index(root: str) -> "dict[str, Any]":
    headers = Headers(root)
    whole = headers.whole()
    read = Reader(headers.permission_sets).interfaces([(name, each.text) for name, each in whole.items()])
    known = {}  # type: dict[str, Any]
    for name in whole:
        known[name] = expanded(read[name], known, headers.names) if name in read else None
    interfaces = {
        name: [whole[name].parameters, [list(key) + sorted(rules[key]) for key in sorted(rules)]]
        for name, rules in known.items()
        if rules and whole[name].kind == "interface"
    }
    plain_ones = headers.interfaces.intersection(whole)
    left_out = {
        "more than allow rules": len(headers.interfaces) - len(plain_ones),
        "not understood by sepolgen": sum(known[name] is None for name in plain_ones),
        "no rules": sum(known[name] == {} for name in plain_ones),
    }
    return {"interfaces": interfaces, "left_out": left_out}


def main(arguments: "list[str]") -> int:
    try:
        found = index(arguments[0])
        with open(arguments[1], "w", encoding="utf-8") as out:
            json.dump(found, out)
    except StoppedError as stop:
        problem = stop
    except ImportError as error:
        problem = StoppedError("no sepolgen", str(error))
    except OSError as error:
        problem = StoppedError("not written", str(error))
    else:
        return 0
    sys.stdout.write(json.dumps({"problem": problem.problem, "said": str(problem)}) + "\n")
    return STOPPED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
