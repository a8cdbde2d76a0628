"""Reads a binary policy with the distribution's own setools: a program for the toolchain's python3.

    python3 dump_program.py DIRECTORY OUT

DIRECTORY is laid out as /etc/selinux/<type> is; OUT becomes the SQLite database that index.py reads. Python 3.6 or
newer, its standard library, and setools, which comes from the distribution and is no dependency of sepack's. What
stops it is one line of JSON on standard output, {"problem": ..., "said": ...}, and exit code 3.
"""

import array
import collections
import contextlib
import hashlib
import json
import os
import re
import sqlite3
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

SCHEMA = 2
STOPPED = 3
ALLOW, DONTAUDIT, XPERM = 0, 1, 2
UNCONDITIONAL = 0
TABLES = """
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE symbol (id INTEGER PRIMARY KEY, name TEXT, is_type INTEGER);
CREATE TABLE type (name TEXT PRIMARY KEY, own TEXT, kin BLOB, permissive INTEGER) WITHOUT ROWID;
CREATE TABLE attribute (name TEXT PRIMARY KEY, members BLOB) WITHOUT ROWID;
CREATE TABLE class (name TEXT PRIMARY KEY, id INTEGER, permissions TEXT) WITHOUT ROWID;
CREATE TABLE boolean (name TEXT PRIMARY KEY, state INTEGER) WITHOUT ROWID;
CREATE TABLE conditional (id INTEGER PRIMARY KEY, expression TEXT, active INTEGER, flips TEXT,
                          when_true INTEGER, when_false INTEGER);
CREATE TABLE av (source INTEGER, class INTEGER, kind INTEGER, rules BLOB,
                 PRIMARY KEY (source, class, kind)) WITHOUT ROWID;
CREATE TABLE port (sequence INTEGER PRIMARY KEY, protocol TEXT, low INTEGER, high INTEGER, type TEXT);
CREATE TABLE file_context (type TEXT PRIMARY KEY, entries INTEGER) WITHOUT ROWID;
"""


class StoppedError(Exception):
    """`problem` is a word for sepack, `said` somebody else's own words."""

    def __init__(self, problem: str, said: str) -> None:
        super().__init__(said)
        self.problem = problem


def policy_file(directory: str) -> str:
    """The newest policy.NN, which is the one that this release's own tools have written."""
    place = os.path.join(directory, "policy")
    try:
        names = [name for name in os.listdir(place) if re.match(r"policy\.[0-9]+$", name)]
    except OSError as error:
        raise StoppedError("no policy", "{}: {}".format(place, error.strerror)) from error
    if not names:
        raise StoppedError("no policy", "{}: no file policy.NN".format(place))
    return os.path.join(place, max(names, key=lambda name: int(name[7:])))


def context_files(directory: str) -> str:
    return os.path.join(directory, "contexts", "files", "file_contexts")


class Dump:
    """One policy's way into the database: symbols are numbered, permissions are bits, conditions are evaluated."""

    def __init__(self, policy: "Any", no_common: "type[Exception]", no_condition: "type[Exception]") -> None:
        self._policy = policy
        self._no_common = no_common
        self._no_condition = no_condition
        self._ids = {}  # type: dict[str, int]
        self._classes = {}  # type: dict[str, tuple[int, dict[str, int]]]
        self._masks = {}  # type: dict[Any, int]
        self._breadths = {}  # type: dict[str, int]
        self._conditions = {}  # type: dict[str, int]
        self._condition_rows = []  # type: list[list[Any]]

    def into(self, base: "sqlite3.Connection") -> None:
        rows = base.executemany
        rows("INSERT INTO attribute VALUES (?, ?)", list(self._attributes()))
        rows("INSERT INTO type VALUES (?, ?, ?, ?)", list(self._types()))
        rows("INSERT INTO symbol VALUES (?, ?, ?)", list(self._symbols()))
        rows("INSERT INTO class VALUES (?, ?, ?)", list(self._class_rows()))
        rows("INSERT INTO boolean VALUES (?, ?)", [(str(each), int(each.state)) for each in self._policy.bools()])
        rows("INSERT INTO av VALUES (?, ?, ?, ?)", list(self._rules()))
        rows("INSERT INTO conditional VALUES (?, ?, ?, ?, ?, ?)", self._condition_rows)
        rows("INSERT INTO port VALUES (?, ?, ?, ?, ?)", list(self._ports()))

    def _id(self, name: str) -> int:
        return self._ids.setdefault(name, len(self._ids) + 1)

    def _attributes(self) -> "Iterator[tuple[Any, ...]]":
        for each in self._policy.typeattributes():
            members = array.array("I", sorted(self._id(str(member)) for member in each.expand()))
            self._id(str(each))
            yield str(each), members.tobytes()

    def _types(self) -> "Iterator[tuple[Any, ...]]":
        self._real = set()
        for each in self._policy.types():
            name = str(each)
            self._real.add(name)
            kin = array.array("I", [self._id(name)] + [self._id(str(attribute)) for attribute in each.attributes()])
            for known_as in [name] + [str(alias) for alias in each.aliases()]:
                yield known_as, name, kin.tobytes(), int(each.ispermissive)

    def _symbols(self) -> "Iterator[tuple[Any, ...]]":
        for name, number in self._ids.items():
            yield number, name, int(name in self._real)

    def _class_rows(self) -> "Iterator[tuple[Any, ...]]":
        for number, each in enumerate(self._policy.classes(), 1):
            permissions = set(each.perms)
            with contextlib.suppress(self._no_common):
                permissions.update(each.common.perms)
            ordered = sorted(permissions)
            self._classes[str(each)] = number, {name: 1 << bit for bit, name in enumerate(ordered)}
            yield str(each), number, " ".join(ordered)

    def _rules(self) -> "Iterator[tuple[Any, ...]]":
        """All rules of one source and class together, four numbers each: target, what (two numbers), condition."""
        groups = collections.defaultdict(lambda: array.array("I"))  # type: Any
        for rule in self._policy.terules():
            kind = str(rule.ruletype)
            if kind not in ("allow", "dontaudit", "allowxperm"):
                continue
            number, bits = self._classes[str(rule.tclass)]
            source, target = self._id(str(rule.source)), self._id(str(rule.target))
            if kind == "allowxperm":
                if rule.xperm_type == "ioctl":
                    condition = self._condition(rule, 0)
                    for low, high in ranges(rule.perms):
                        groups[source, number, XPERM].extend((target, low, high, condition))
                continue
            mask = self._mask(number, bits, rule.perms)
            group = ALLOW if kind == "allow" else DONTAUDIT
            condition = self._condition(rule, mask if group == ALLOW else 0)
            groups[source, number, group].extend((target, mask, 0, condition))
        for key in sorted(groups):
            yield (*key, groups[key].tobytes())

    def _mask(self, number: int, bits: "Mapping[str, int]", permissions: "Any") -> int:
        key = number, permissions
        if key not in self._masks:
            self._masks[key] = sum(bits[name] for name in permissions)
        return self._masks[key]

    def _condition(self, rule: "Any", granted: int) -> int:
        """UNCONDITIONAL, or twice the condition's number, plus one for the rules of its true branch."""
        try:
            conditional = rule.conditional
        except self._no_condition:
            return UNCONDITIONAL
        expression = str(conditional)
        number = self._conditions.get(expression)
        if number is None:
            number = self._conditions[expression] = len(self._conditions) + 1
            self._condition_rows.append([number, expression, *evaluated(conditional), 0, 0])
        branch = bool(rule.conditional_block)
        opened = bin(granted).count("1")  # noqa: FURB161 - Python 3.6
        if opened:
            opened *= self._breadth(rule.source) * self._breadth(rule.target)
        self._condition_rows[number - 1][4 if branch else 5] += opened
        return 2 * number + int(branch)

    def _breadth(self, kind: "Any") -> int:
        """How many types a type or an attribute stands for."""
        name = str(kind)
        if name not in self._breadths:
            self._breadths[name] = sum(1 for _ in kind.expand())
        return self._breadths[name]

    def _ports(self) -> "Iterator[tuple[Any, ...]]":
        """In the policy's own order: the kernel takes the first that covers a port."""
        for sequence, each in enumerate(self._policy.portcons()):
            low, high = each.ports[0], each.ports[1]
            yield sequence, str(each.protocol), low, high, str(each.context.type_)


def evaluated(conditional: "Any") -> "list[Any]":
    """Its value with default booleans, and as JSON what it becomes when each of its booleans alone is flipped."""
    defaults = {str(each): bool(each.state) for each in conditional.booleans}
    flips = [
        [name, not value, bool(conditional.evaluate(**dict(defaults, **{name: not value})))]
        for name, value in sorted(defaults.items())
    ]
    return [int(conditional.evaluate(**defaults)), json.dumps(flips)]


def ranges(numbers: "Iterable[int]") -> "Iterator[tuple[int, int]]":
    """Runs of consecutive numbers, both ends included."""
    low = high = None  # type: Any
    for number in sorted(numbers):
        if high is not None and number == high + 1:
            high = number
            continue
        if high is not None:
            yield low, high
        low = high = number
    if high is not None:
        yield low, high


def count_contexts(path: str) -> "dict[str, int]":
    """How many entries of the file contexts give each type; an entry that gives none says <<none>>."""
    found = collections.Counter()  # type: dict[str, int]
    for name in (path, path + ".homedirs", path + ".local"):
        try:
            with open(name, encoding="utf-8", errors="replace") as file:
                lines = file.read().splitlines()
        except IOError:
            continue
        for line in lines:
            words = line.split()
            parts = words[-1].split(":") if words and not words[0].startswith("#") else []
            if len(parts) > 2:
                found[parts[2]] += 1
    return found


def dump(directory: str, out: str) -> None:
    path = policy_file(directory)
    try:
        import setools
        from setools.exception import NoCommon, RuleNotConditional
    except ImportError as error:
        raise StoppedError("no setools", str(error)) from error
    try:
        with open(path, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        policy = setools.SELinuxPolicy(path)
    except (EnvironmentError, SyntaxError, RuntimeError, setools.exception.SEToolsException) as error:
        raise StoppedError("unreadable", "{}: {}".format(path, error)) from error
    base = sqlite3.connect(out, isolation_level=None)
    base.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;" + TABLES)
    Dump(policy, NoCommon, RuleNotConditional).into(base)
    contexts = count_contexts(context_files(directory))
    base.executemany("INSERT INTO file_context VALUES (?, ?)", sorted(contexts.items()))
    facts = {"digest": digest, "policy": os.path.basename(path), "mls": str(int(policy.mls)), "order": sys.byteorder}
    # The last statement before COMMIT: a database without it is not whole.
    facts["schema"] = str(SCHEMA)
    base.executemany("INSERT INTO fact VALUES (?, ?)", sorted(facts.items()))
    base.execute("COMMIT")
    base.close()


def main(words: "list[str]") -> int:
    try:
        dump(*words)
    except StoppedError as stop:
        problem = stop
    except (OSError, sqlite3.Error) as error:
        problem = StoppedError("not written", str(error))
    else:
        return 0
    sys.stdout.write(json.dumps({"problem": problem.problem, "said": str(problem)}) + "\n")
    return STOPPED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
