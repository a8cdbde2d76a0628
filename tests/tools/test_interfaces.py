"""Interfaces of this release, found by its own sepolgen: whole as m4 has them, and beside audit2allow -R."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest

from sepack.basepolicy.errors import BasePolicyError
from sepack.basepolicy.interfaces import Interfaces, index_interfaces, left_out
from sepack.basepolicy.programs import Programs
from sepack.model.denial import Access
from sepack.model.fix import Interface
from sepack.model.rule import Rule
from sepack.model.verdict import VerdictKind
from sepack.pipeline.interface_calls import NearCalls, near_calls
from sepack.pipeline.scratch import scratch_directory
from sepack.pipeline.session import Session
from sepack.settings import Settings
from sepack.stages.triage.case import Asked
from sepack.stages.triage.interface import MOST_EXCESS, accesses, offer
from sepack.stages.triage.order import triage
from sepack.toolchain.local import LocalToolchain
from sepack.workspace import Workspace
from tests.tools.policies import open_policy
from tests.unit.stages.triage.denied import denied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.tools.policies import RealPolicy

HEADERS = Path("/usr/share/selinux/devel/include")
INDEX = PurePosixPath("calls.json")
TOKEN = re.compile(r"[\w.$-]+|[{};:~*]")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, require_tool: Callable[[str], str]) -> Path:
    for tool in ("m4", "sepolgen-ifgen", "audit2allow"):
        require_tool(tool)
    root = tmp_path_factory.mktemp("interfaces")
    index_interfaces(programs(root), str(HEADERS), INDEX)
    return root


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> RealPolicy:
    directories = [path.parent for path in Path("/etc/selinux").glob("*/policy")]
    if not directories:
        pytest.skip("no policy is installed here")
    return open_policy(directories[0], tmp_path_factory.mktemp("installed") / "work")


def programs(root: Path) -> Programs:
    return Programs(LocalToolchain(root), Workspace(root), PurePosixPath())


def interfaces(root: Path) -> Interfaces:
    return Interfaces(programs(root), Workspace(root), INDEX, PurePosixPath())


def by_m4(place: Path, calls: dict[str, list[str]]) -> dict[str, list[list[str]]]:
    """The tokens of each statement that a call comes to, by the call's name; requirements and comments left out."""
    called = [f"{name}({', '.join(words)})" for name, words in calls.items()]
    driver = "".join(f"@@{number}\n{call}\n" for number, call in enumerate(called))
    support = sorted(HEADERS.glob("support/*.spt"))
    files = [path for path in sorted(HEADERS.glob("*/*.if")) if path.parent.name != "support"]
    # As the devel Makefile does it: a first pass makes definitions of the interfaces, a second one expands calls.
    made = run_m4(*support, *files).replace("dollarsstar", "$*")
    (place / "all.if").write_text(f"divert(-1)\n{made}\ndivert\n")
    (place / "driver.te").write_text(driver)
    text = run_m4(*support, place / "all.if", place / "driver.te")
    bodies = re.split(r"^@@\d+$", text, flags=re.MULTILINE)[1:]
    return {name: list(statements(body)) for name, body in zip(calls, bodies, strict=True)}


def run_m4(*files: Path) -> str:
    return subprocess.run(["m4", *map(str, files)], capture_output=True, text=True, check=True).stdout


def statements(body: str) -> Iterator[list[str]]:
    tokens = TOKEN.findall(re.sub(r"#.*", "", body))
    while tokens:
        if tokens[0] == "require":
            del tokens[: closing(tokens, 1) + 1]
            continue
        end = tokens.index(";") if ";" in tokens else len(tokens)
        if tokens[:end]:
            yield tokens[:end]
        del tokens[: end + 1]


def closing(tokens: list[str], opening: int) -> int:
    depth = 0
    for at in range(opening, len(tokens)):
        depth += {"{": 1, "}": -1}.get(tokens[at], 0)
        if not depth:
            return at
    raise AssertionError(tokens)


def vectors(statement: list[str]) -> set[tuple[str, str, str, str]]:
    """Of one allow: every source, target, class and permission."""
    sets, at = [], 1
    while at < len(statement):
        end = closing(statement, at)
        if statement[at] != ":":
            sets.append({word for word in statement[at : end + 1] if word not in "{}"})
        at = end + 1
    sources, targets, classes, permissions = sets
    return {
        (source, source if target == "self" else target, tclass, permission)
        for source in sources
        for target in targets
        for tclass in classes
        for permission in permissions
    }


def test_every_interface_in_the_index_is_all_that_m4_makes_of_it(root: Path) -> None:
    index: dict[str, Any] = json.loads((root / INDEX).read_bytes())["interfaces"]
    assert len(index) > 2000
    calls = {name: [f"x{number}_t" for number in range(1, count + 1)] for name, (count, _) in index.items()}
    expanded = by_m4(root, calls)
    assert expanded.keys() == index.keys()
    wrong = {}
    for name, (_, rules) in index.items():
        told = set()
        for source, target, tclass, *permissions in rules:
            given = [re.sub(r"\$(\d+)", r"x\1_t", word) for word in (source, target, tclass)]
            given[1] = given[0] if given[1] == "self" else given[1]
            told |= {(*given, re.sub(r"\$(\d+)", r"x\1_t", each)) for each in permissions}
        other = [each for each in expanded[name] if each[0] not in ("allow", "dontaudit", "auditallow")]
        real = set().union(*(vectors(each) for each in expanded[name] if each[0] == "allow"))
        if other or told != real:
            wrong[name] = (other[:2], sorted(told ^ real)[:4])
    assert not wrong, (len(wrong), list(wrong.items())[:5])


def test_what_is_left_out_is_counted(root: Path) -> None:
    counts = left_out(Workspace(root), INDEX)
    assert set(counts) == {"more than allow rules", "not understood by sepolgen", "no rules"}
    told = json.loads((root / INDEX).read_bytes())["interfaces"]
    text = "".join(path.read_text() for path in HEADERS.glob("*/*.if"))
    assert sum(counts.values()) + len(told) == len(set(re.findall(r"^[ \t]*interface\(`(\w+)'", text, re.MULTILINE)))


# What a web application wants of a usual system, as a log has it.
DENIALS = """
httpd_t cert_t:file open
httpd_t cert_t:file read
httpd_t cert_t:dir search
httpd_t bin_t:file execute_no_trans
httpd_t postgresql_port_t:tcp_socket name_connect
httpd_t var_log_t:dir read
httpd_t mysqld_db_t:file read
httpd_t mysqld_t:unix_stream_socket connectto
httpd_t tmp_t:file write
httpd_t sysctl_kernel_t:file read
httpd_t user_home_t:file read
httpd_t proc_net_t:file read
httpd_t sshd_t:process signal
httpd_t urandom_device_t:chr_file write
httpd_t httpd_t:process execmem
httpd_t cert_t:file write
httpd_t shadow_t:file read
httpd_t fixed_disk_device_t:blk_file read
httpd_t initrc_t:unix_stream_socket connectto
httpd_t nfs_t:file write
""".strip().splitlines()


def record(text: str) -> str:
    source, rest, permission = text.split()
    target, _, tclass = rest.rpartition(":")
    return (
        f'type=AVC msg=audit(1700000000.001:{1}): avc:  denied  {{ {permission} }} for  pid=1 comm="x" '
        f"scontext=system_u:system_r:{source}:s0 tcontext=system_u:object_r:{target}:s0 tclass={tclass} permissive=0\n"
    )


def beyond(granted: set[Access], installed: RealPolicy) -> set[Access]:
    """What of it neither was denied nor is allowed by the policy; an attribute's types are one each."""
    wanted = {denied(text).access for text in DENIALS}
    found = set()
    for access in granted - wanted:
        for target in installed.index.members(access.target_type) or {access.target_type}:
            always = installed.index.grants(access.source_type, target, access.tclass).always
            if access.permission not in always:
                found.add(Access(access.source_type, target, access.tclass, access.permission))
    return found - wanted


def show(whose: str, calls: dict[str, set[Access]]) -> None:
    sys.stdout.write(f"\n{whose}: {sum(map(len, calls.values()))} accesses beyond what was denied\n")
    for statement, excess in sorted(calls.items()):
        sys.stdout.write(f"  {statement}: {len(excess)}\n")


def test_over_grants_side_by_side_with_audit2allow(
    root: Path, installed: RealPolicy, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    """`pytest -s` shows them; the peer reads the interfaces that its own sepolgen-ifgen wrote."""
    denials = [denied(text) for text in DENIALS]
    verdicts = triage(denials, Asked(policy=installed.index))
    rules = [verdict for verdict in verdicts if verdict.kind is VerdictKind.RULE]
    found = offer(rules, interfaces(root).near(accesses(rules)), installed.index)
    ours = {call.statement(): set(call.excess) for each in found if isinstance(call := each.fix, Interface)}
    assert ours
    assert all(len(excess) <= MOST_EXCESS for excess in ours.values())

    subprocess.run(
        [require_tool("sepolgen-ifgen"), "-i", HEADERS, "-o", tmp_path / "info", "-p", installed.file],
        check=False,  # it ends with 1, as it does not understand all headers
        capture_output=True,
    )
    asked = {denial.access for verdict in rules for denial in verdict.denials}
    (tmp_path / "log").write_text("".join(record(t) for t in DENIALS if denied(t).access in asked))
    options = f"-R -p {installed.file} --interface-info {tmp_path}/info -i {tmp_path}/log".split()
    said = subprocess.run([require_tool("audit2allow"), *options], capture_output=True, text=True, check=True).stdout
    peer = re.findall(r"^(\w+)\(([\w, ]+)\)$", said, re.MULTILINE)
    expanded = by_m4(tmp_path, {name: [word.strip() for word in words.split(",")] for name, words in peer})
    theirs = {
        f"{name}({words})": beyond(
            {Access(*each) for one in expanded[name] if one[0] == "allow" for each in vectors(one)}, installed
        )
        for name, words in peer
    }
    show("sepack", ours)
    show("audit2allow -R", theirs)
    given = sum(len(excess) for excess in ours.values())
    assert given <= sum(len(excess) for excess in theirs.values())


def test_what_is_offered_gives_what_was_denied(root: Path, installed: RealPolicy) -> None:
    verdicts = triage([denied(text) for text in DENIALS], Asked(policy=installed.index))
    for verdict in offer(verdicts, interfaces(root).near(accesses(verdicts)), installed.index):
        if isinstance(call := verdict.fix, Interface):
            (expanded,) = by_m4(root, {call.name: list(call.arguments)}).values()
            given = set().union(*(vectors(each) for each in expanded if each[0] == "allow"))
            assert {denial.access for denial in verdict.denials} <= {Access(*each) for each in given}


def test_no_question_runs_nothing(tmp_path: Path) -> None:
    assert interfaces(tmp_path).near([]) == {}


ODD = {
    "dontaudit_x": "allow $1 x_t:file read;",
    "cond": "tunable_policy(`y',`allow $1 x_t:file read;')",
    "attribute": "typeattribute $1 z; allow $1 x_t:file read;",
    "all_but": "allow $1 { files -x_t }:file read;",
    "others": "allow $1 ~x_t:file read;",
    "every": "allow $1 x_t:file *;",
    "prefixed": "allow $1 $1_x_t:file read;",
    "old": "refpolicywarn(`gone') allow $1 x_t:file read;",
    "calls_odd": "cond($1)",
    "calls_nothing": "gone($1)",
    "too_few": "two($1)",
    "itself": "allow $1 x_t:file read; itself($1)",
    "twice": "allow $1 x_t:file read;",
    "unfinished": "allow $1 x_t:file read",
}
MACROS = {
    "of_classes": "allow $1 x_t:all_classes read;",
    "of_permissions": "allow $1 x_t:file all_file_perms;",
    "nested": "allow $1 x_t:file more_perms;",
    "by_argument": "gives($1, read_perms)",
}
GOOD = {
    "two": "gen_require(`\n type x_t;\n class file { read };\n')\n# (a comment)\n"
    " allow $1 $2:file read_perms; dontaudit $1 x_t:dir search;",
    "braces": "two($1, { x_t y_t })\n\tallow $1 self:process { signal };",
    "swapped": "two($2, $1);",
    "silent": "dontaudit $1 x_t:file read;",
}


def headers(place: Path) -> str:
    (place / "support").mkdir(parents=True)
    (place / "kernel").mkdir()
    (place / "support/obj_perm_sets.spt").write_text(
        "define(`read_perms',`{ open read }')\ndefine(`more_perms',`{ x all_file_perms }')\n"
    )
    (place / "support/all_perms.spt").write_text(
        "define(`all_file_perms',`{ read write }')\ndefine(`all_classes',`{ file dir }')\n"
        "define(`gives',`\nallow $1 x_t:file $2;\n')\n"
    )
    text = "".join(f"interface(`{name}',`\n{body}\n')\n" for name, body in {**ODD, **MACROS, **GOOD}.items()).replace(
        "it's", "it is"
    )
    (place / "kernel/x.if").write_text(text + "interface(`twice',`\nallow $1 y_t:file read;\n')\n")
    return str(place)


def test_what_is_more_than_rules_is_never_told_as_if_it_were_all(tmp_path: Path, root: Path) -> None:
    index_interfaces(programs(root), headers(tmp_path / "include"), PurePosixPath("odd.json"))
    index = json.loads((root / "odd.json").read_bytes())
    assert index == {
        "interfaces": {
            "two": [2, [["$1", "$2", "file", "open", "read"]]],
            "braces": [
                1,
                [
                    ["$1", "self", "process", "signal"],
                    ["$1", "x_t", "file", "open", "read"],
                    ["$1", "y_t", "file", "open", "read"],
                ],
            ],
            "swapped": [2, [["$2", "$1", "file", "open", "read"]]],
        },
        "left_out": {"more than allow rules": len(ODD), "not understood by sepolgen": len(MACROS), "no rules": 1},
    }


def test_arguments_are_what_the_access_says(tmp_path: Path, root: Path) -> None:
    index_interfaces(programs(root), headers(tmp_path / "include"), PurePosixPath("odd.json"))
    finder = Interfaces(programs(root), Workspace(root), PurePosixPath("odd.json"), PurePosixPath())
    file, own = Rule.of("a_t", "x_t", "file", ["read"]), Rule.of("a_t", "a_t", "process", ["signal"])
    near = finder.near([file, own, Rule.of("a_t", "x_t", "dir", ["read"])])
    assert [sorted((call.name, call.arguments) for call in calls) for calls in near.values()] == [
        [("braces", ("a_t",)), ("swapped", ("x_t", "a_t")), ("two", ("a_t", "x_t"))],
        [("braces", ("a_t",))],
        [],
    ]
    assert {rule.statement() for rule in near[own][0].rules} == {
        "allow a_t self:process signal;",
        "allow a_t x_t:file { open read };",
        "allow a_t y_t:file { open read };",
    }


@pytest.mark.parametrize("place", ["gone", "empty", "file"])
def test_a_place_without_headers_is_said(tmp_path: Path, root: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(BasePolicyError) as caught:
        index_interfaces(programs(root), str(tmp_path / place), PurePosixPath("none.json"))
    assert caught.value.problem == "no headers"
    assert str(tmp_path / place) in caught.value.details[0]


def test_a_place_that_takes_no_index_is_said(tmp_path: Path, root: Path) -> None:
    with pytest.raises(BasePolicyError) as caught:
        index_interfaces(programs(root), headers(tmp_path / "include"), PurePosixPath("no/such/place"))
    assert caught.value.problem == "not written"


def near(repository: Path, *rules: Rule, **settings: str) -> tuple[NearCalls, Session]:
    workspace = Workspace(repository)
    wanted = Settings(targets=("host",), toolchain="local", install="never")
    said: list[str] = []
    with (
        Session.choose(workspace, replace(wanted, **settings), "host", said.append) as session,  # type: ignore[arg-type]
        scratch_directory(workspace) as scratch,
    ):
        return near_calls(session, scratch, rules), session


SIGNAL = Rule.of("httpd_t", "sshd_t", "process", ["signal"])


def test_headers_are_read_once_for_each_state_of_them(root: Path, tmp_path: Path) -> None:
    first, _ = near(tmp_path, SIGNAL)
    (kept,) = (tmp_path / "build/.cache/interfaces").iterdir()
    before = kept.stat()
    again, _ = near(tmp_path, SIGNAL)
    assert (first, kept.stat().st_mtime_ns) == (again, before.st_mtime_ns)
    assert [each.name for each in first.calls[SIGNAL]][:1] == ["ssh_signal"]
    assert first.notes[0].startswith("interfaces that are never offered: ")
    assert json.loads(kept.read_bytes()) == json.loads((root / INDEX).read_bytes())


@pytest.mark.parametrize("damage", ["cut", "empty", "foreign", "gone"])
@pytest.mark.usefixtures("root")
def test_an_index_that_is_not_whole_is_made_again(tmp_path: Path, damage: str) -> None:
    first, _ = near(tmp_path, SIGNAL)
    (kept,) = (tmp_path / "build/.cache/interfaces").iterdir()
    data = kept.read_bytes()
    if damage == "gone":
        kept.unlink()
    else:
        kept.write_bytes({"cut": data[:-20], "empty": b"", "foreign": b"[1]"}[damage])
    assert near(tmp_path, SIGNAL)[0] == first
    assert kept.read_bytes() == data


def test_where_nothing_is_asked_nothing_is_read(tmp_path: Path) -> None:
    found, session = near(tmp_path)
    assert found == NearCalls()
    assert session.known() is None
