"""The index and the questions over real policies: the contract's, and this host's own against other tools."""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest

from sepack.basepolicy.errors import BasePolicyError
from sepack.basepolicy.index import open_index
from sepack.model.base_policy import AccessQuestion, BooleanState, LabelQuestion, WhyKind
from tests.contract.base_policy_contract import SMALL, BasePolicyContract
from tests.tools.policies import RealPolicy, compile_small, open_policy, oracle

if TYPE_CHECKING:
    from collections.abc import Callable

    from sepack.basepolicy.index import PolicyIndex
    from sepack.model.base_policy import BasePolicy
    from tests.contract.base_policy_contract import Ask

FIRST_PORT = """
import json, setools, sys
policy = setools.SELinuxPolicy(sys.argv[1])
records = [(str(r.protocol), r.ports[0], r.ports[1], str(r.context.type_)) for r in policy.portcons()]
json.dump([next((r for r in records if r[0] == name and r[1] <= n <= r[2]), None) for name, n in json.load(sys.stdin)],
          sys.stdout)
"""
SEARCH = """
import json, setools, sys
policy = setools.SELinuxPolicy(sys.argv[1])
found = []
for source, target, tclass in json.load(sys.stdin):
    query = setools.TERuleQuery(policy, ruletype=["allow", "dontaudit"], source=source, target=target, tclass=[tclass])
    always, silent, switched = set(), set(), {}
    for rule in query.results():
        allows = rule.ruletype == setools.TERuletype.allow
        try:
            condition = rule.conditional
        except setools.exception.RuleNotConditional:
            (always if allows else silent).update(rule.perms)
            continue
        defaults = {str(b): b.state for b in condition.booleans}
        if condition.evaluate(**defaults) == rule.conditional_block:
            (always if allows else silent).update(rule.perms)
        for name, value in defaults.items():
            if allows and condition.evaluate(**{**defaults, name: not value}) == rule.conditional_block:
                switched.setdefault(name, set()).update(rule.perms)
    extra = {name: sorted(perms - always) for name, perms in switched.items() if perms - always}
    found.append([sorted(always), sorted(silent), extra])
json.dump(found, sys.stdout)
"""


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory, require_tool: Callable[[str], str]) -> RealPolicy:
    place = tmp_path_factory.mktemp("small")
    return open_policy(compile_small(place / "etc", require_tool), place / "work")


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, require_tool: Callable[[str], str]) -> RealPolicy:
    require_tool("sesearch")
    directories = [path.parent for path in Path("/etc/selinux").glob("*/policy")]
    if not directories:
        pytest.skip("no policy is installed here")
    return open_policy(directories[0], tmp_path_factory.mktemp("installed") / "work")


class TestPolicyIndex(BasePolicyContract):
    @pytest.fixture
    def policy(self, small: RealPolicy) -> BasePolicy:
        return small.index

    @pytest.fixture
    def ask(self, small: RealPolicy) -> Ask:
        return small.ask


def test_the_real_policy_and_the_one_in_memory_agree_on_everything(small: RealPolicy) -> None:
    types = [*SMALL.types, "kernel_t"]
    for tclass in SMALL.classes:
        for source in types:
            for target in types:
                triple = source, target, tclass
                assert small.index.grants(*triple) == SMALL.grants(*triple), triple
                assert small.index.dontaudited(*triple) == SMALL.dontaudited(*triple), triple
                assert small.index.ioctl_commands(*triple) == SMALL.ioctl_commands(*triple), triple


def test_constraints_are_told_with_their_text(small: RealPolicy) -> None:
    low = AccessQuestion("sys_u:sys_r:web_t:s0", "sys_u:object_r:log_t:s0", "file", "lock")
    high = AccessQuestion("sys_u:sys_r:web_t:s0", "sys_u:object_r:log_t:s1", "file", "lock")
    found = small.ask([low, high]).access
    assert [found[each].kind for each in (low, high)] == [WhyKind.ALLOWED, WhyKind.CONSTRAINT]
    assert "mlsconstrain file { lock }" in found[high].text


@pytest.mark.parametrize(
    "odd", ["", "\0", "sys_u:sys_r:web_t:s0\0", "ö", "\udcff", "sys_u:sys_r:web_t", "a b\n", "x" * 9999]
)
def test_any_text_may_be_asked_about(small: RealPolicy, odd: str) -> None:
    context = "sys_u:sys_r:web_t:s0"
    expected = {
        AccessQuestion(odd, context, "file", "lock"): WhyKind.BAD_SOURCE,
        AccessQuestion(context, odd, "file", "lock"): WhyKind.BAD_TARGET,
        AccessQuestion(context, context, odd, "lock"): WhyKind.BAD_CLASS,
        AccessQuestion(context, context, "file", odd): WhyKind.BAD_PERMISSION,
    }
    assert {question: why.kind for question, why in small.ask(expected).access.items()} == expected


def test_odd_paths_have_labels_too(small: RealPolicy) -> None:
    etc = "system_u:object_r:etc_t:s0"
    expected = {"/etc/caf\udce9": etc, "/etc/ö ä": etc, "/etc/\0x": None, "etc": None, "": None, "/etc//x/": etc}
    found = small.ask([LabelQuestion(path, "file") for path in expected]).labels
    assert {question.path: label for question, label in found.items()} == expected


def test_nothing_is_said_to_the_terminal(small: RealPolicy, capfd: pytest.CaptureFixture[str]) -> None:
    small.ask([AccessQuestion("gone", "gone", "gone", "gone")])
    assert capfd.readouterr() == ("", "")


def choose_triples(index: PolicyIndex, chosen: random.Random, number: int) -> list[tuple[str, str, str]]:
    """Half of them of any types, half of a domain and what it may reach at all."""
    types = sorted(index.targets("init_t", "file", frozenset()))
    domains = sorted(index.members("domain"))
    classes = ["file", "dir", "process", "tcp_socket", "unix_stream_socket", "lnk_file", "capability"]
    triples = []
    for _ in range(number):
        tclass = chosen.choice(classes)
        source = chosen.choice(domains if chosen.random() < 0.8 else types)
        near = sorted(index.targets(source, tclass, frozenset({"read"}))) if tclass != "capability" else []
        triples.append((source, chosen.choice(near if near and chosen.random() < 0.5 else types), tclass))
    return triples


def test_grants_are_what_the_kernels_own_logic_says(installed: RealPolicy) -> None:
    index, chosen = installed.index, random.Random(20)
    questions = {}
    for source, target, tclass in choose_triples(index, chosen, 800):
        permission = chosen.choice(sorted(index.permissions(tclass) or ()))
        contexts = f"system_u:object_r:{source}:s0", f"system_u:object_r:{target}:s0"
        questions[AccessQuestion(*contexts, tclass, permission)] = index.grants(source, target, tclass)
    met = set()
    for question, why in installed.ask(questions).access.items():
        granted = questions[question]
        states = {state for state, added in granted.switched.items() if question.permission in added}
        met.add(why.kind)
        if why.kind in (WhyKind.ALLOWED, WhyKind.CONSTRAINT, WhyKind.ROLE, WhyKind.BOUNDS):
            assert question.permission in granted.always, question
        else:
            assert question.permission not in granted.always, (question, why)
        if why.kind is WhyKind.BOOLEAN:
            assert states == set(why.booleans), question
        if why.kind is WhyKind.DONTAUDIT:
            types = [context.split(":")[2] for context in (question.source, question.target)]
            assert question.permission in index.dontaudited(types[0], types[1], question.tclass)
    assert {WhyKind.ALLOWED, WhyKind.TYPE_ENFORCEMENT} <= met <= set(WhyKind)


def test_grants_are_what_setools_finds(installed: RealPolicy) -> None:
    index = installed.index
    triples = [*choose_triples(index, random.Random(7), 4), *known_triples(index)]
    answers = oracle(SEARCH, str(installed.file), given=triples)
    for triple, (always, silent, switched) in zip(triples, answers, strict=True):
        granted = index.grants(*triple)
        assert sorted(granted.always) == always, triple
        assert {state.name: sorted(added) for state, added in granted.switched.items()} == switched, triple
        assert sorted(index.dontaudited(*triple)) == silent, triple


def known_triples(index: PolicyIndex) -> list[tuple[str, str, str]]:
    """Some with booleans behind them, as far as this host's policy knows the types."""
    known = [
        ("httpd_t", "httpd_t", "process"),
        ("httpd_t", "http_port_t", "tcp_socket"),
        ("httpd_t", "user_home_t", "file"),
        ("sshd_t", "user_home_t", "file"),
    ]
    return [triple for triple in known if index.type(triple[0]) and index.type(triple[1])]


def test_labels_are_what_matchpathcon_says(installed: RealPolicy, require_tool: Callable[[str], str]) -> None:
    matchpathcon = require_tool("matchpathcon")
    patterns = [line.split()[0] for line in installed.contexts.read_text().splitlines() if line.startswith("/")]
    literal = [re.sub(r"\(.*?\)[?*+]?|\[.*?\][*+]?|\\", "", pattern).rstrip(".*+?") for pattern in patterns]
    chosen = random.Random(3)
    paths = {chosen.choice(literal) + chosen.choice(["", "/x", "/x/y z", "-ö"]) for _ in range(600)}
    paths |= {"/run/httpd/x", "/var/run/httpd/x", "/home/joe/.ssh/id", "/lib64/x", "/usr/lib64/x", "/proc/1", "/"}
    asked = sorted(path for path in paths if path.startswith("/"))
    for kind, mode in (("file", "file"), ("dir", "dir"), ("sock_file", "sock")):
        done = subprocess.run(
            [matchpathcon, "-P", installed.directory, "-n", "-m", mode, *asked],
            capture_output=True,
            text=True,
            check=True,
        )
        expected = [None if line == "<<none>>" else line for line in done.stdout.splitlines()]
        found = installed.ask([LabelQuestion(path, kind) for path in asked]).labels
        assert [found[LabelQuestion(path, kind)] for path in asked] == expected


def test_ports_are_the_kernels_first_match(installed: RealPolicy) -> None:
    chosen = random.Random(9)
    numbers = [*range(1, 1200, 7), 80, 443, 8080, 8765, 18765, *(chosen.randrange(65536) for _ in range(300))]
    asked = [(name, number) for number in numbers for name in ("tcp", "udp", "sctp", "dccp")]
    for (name, number), record in zip(asked, oracle(FIRST_PORT, str(installed.file), given=asked), strict=True):
        found = installed.index.port(name, number)
        assert (found and [found.protocol, found.low, found.high, found.type]) == record


def test_what_a_boolean_opens_is_what_grants_say_it_does(installed: RealPolicy) -> None:
    index = installed.index
    state = BooleanState("httpd_can_network_connect", value=True)
    if index.boolean_default(state.name) is not False:
        pytest.skip("this policy has no such boolean, or has it on")
    assert index.opened_by(state) > 0
    assert index.opened_by(BooleanState(state.name, value=False)) == 0


def test_targets_are_those_with_all_the_permissions(installed: RealPolicy) -> None:
    index, wanted = installed.index, frozenset({"read", "open"})
    for source, _, _ in choose_triples(index, random.Random(5), 5):
        found = index.targets(source, "file", wanted)
        types = sorted(index.targets(source, "file", frozenset()))
        assert found == {name for name in types if wanted <= index.grants(source, name, "file").always}


@pytest.mark.parametrize("damage", ["lost", "empty", "cut", "longer", "foreign", "other version", "directory"])
def test_an_index_that_is_not_whole_is_none(small: RealPolicy, tmp_path: Path, damage: str) -> None:
    work = tmp_path / "work"
    path = work / "index.sqlite"
    open_policy(small.directory, work)
    data = path.read_bytes()
    match damage:
        case "lost":
            path.unlink()
        case "directory":
            path.unlink()
            path.mkdir()
        case "other version":
            oracle(
                "import json, sqlite3, sys; b = sqlite3.connect(sys.argv[1]); print(json.dumps(b.execute("
                "\"UPDATE fact SET value = '0' WHERE name = 'schema'\").rowcount)); b.commit()",
                str(path),
            )
        case _:
            path.write_bytes(
                {"empty": b"", "cut": data[:-4096], "longer": data + b"x", "foreign": b"x" * len(data)}[damage]
            )
    assert open_index(path, "") is None


@pytest.mark.parametrize(
    ("problem", "text"),
    [("no policy", None), ("no policy", ""), ("unreadable", "no policy"), ("unreadable", "\0" * 99)],
)
def test_a_policy_that_cannot_be_read_is_said(
    small: RealPolicy, tmp_path: Path, problem: str, text: str | None
) -> None:
    if text is not None:
        (tmp_path / "policy").mkdir()
    if text:
        (tmp_path / "policy/policy.33").write_text(text)
    with pytest.raises(BasePolicyError) as caught:
        small.programs.dump(str(tmp_path), PurePosixPath("other.sqlite"))
    assert caught.value.problem == problem
    assert str(tmp_path) in caught.value.details[0]


def test_a_directory_in_place_of_a_policy_is_said(small: RealPolicy, tmp_path: Path) -> None:
    (tmp_path / "policy/policy.33").mkdir(parents=True)
    with pytest.raises(BasePolicyError) as caught:
        small.programs.dump(str(tmp_path), PurePosixPath("other.sqlite"))
    assert caught.value.problem == "unreadable"


def test_a_place_that_takes_no_index_is_said(small: RealPolicy) -> None:
    with pytest.raises(BasePolicyError) as caught:
        small.programs.dump(str(small.directory), PurePosixPath("no/such/place"))
    assert caught.value.problem == "not written"
