"""Beside audit2allow -p on the same logs: nothing that it finds is missed, nothing is found that it does not, but where
it is known to be wrong."""

from __future__ import annotations

import random
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from sepack.model.denial import Access
from sepack.pipeline.denials import read_denials
from sepack.workers.local import LocalWorkers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

CLASSES = {
    "file": ("read", "write", "open", "getattr", "execute", "ioctl", "map"),
    "dir": ("search", "read", "add_name", "getattr"),
    "tcp_socket": ("name_bind", "name_connect", "read"),
    "process": ("execmem", "signal"),
    "capability": ("net_admin", "dac_override"),
}
TYPES = tuple(f"type{number}_t" for number in range(12))
RULE = re.compile(r"^allow (\w+) (\w+):(\w+) (?:\{ ([^}]*) \}|(\w+));", re.MULTILINE)


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A policy that knows the classes and types, and allows nothing of what is denied here."""
    directory = tmp_path_factory.mktemp("policy")
    lines = [f"class {name}" for name in CLASSES]
    lines += ["sid kernel"]
    lines += [f"class {name} {{ {' '.join(permissions)} }}" for name, permissions in CLASSES.items()]
    lines += [f"type {name};" for name in TYPES]
    lines += ["role r;", f"role r types {{ {' '.join(TYPES)} }};", "role object_r;"]
    lines += [f"allow {TYPES[0]} {TYPES[1]}:file getattr;", "user u roles { r };", f"sid kernel u:r:{TYPES[0]}"]
    (directory / "policy.conf").write_text("\n".join(lines) + "\n", encoding="ascii")
    return directory


def event(dice: random.Random, serial: int, source: str, target: str) -> list[str]:
    tclass = dice.choice(list(CLASSES))
    permissions = sorted(dice.sample(CLASSES[tclass], dice.choice((1, 1, 2))))
    what = {
        "file": dice.choice((' path="/srv/a" dev="vda1" ino=7', ' name="b" dev="vda1" ino=8', " name=612061", "")),
        "dir": dice.choice((' name="d" dev="vda1" ino=9', ' path="/srv" dev=vda1 ino=9')),
        "tcp_socket": dice.choice((" dest=80", " src=8080", " laddr=::1 lport=1 faddr=::1 fport=2")),
        "process": "",
        "capability": " capability=12 ",
    }[tclass]
    if tclass in {"process", "capability"} and dice.random() < 0.5:
        target = source
    stamp = f"msg=audit({1795416000 + serial // 7}.{serial % 1000:03}:{serial}):"
    comm = dice.choice(('"httpd"', '"x"', "66757365206D61696E"))
    end = dice.choice((" permissive=0", " permissive=1", ""))
    avc = (
        f"type=AVC {stamp} avc:  denied  {{ {' '.join(permissions)} }} for  pid={serial} comm={comm}{what}"
        f" scontext=u:r:{source} tcontext=u:r:{target} tclass={tclass}{end}"
    )
    call = (
        f"type=SYSCALL {stamp} arch=c000003e syscall=2 success=no exit=-13 a0=0 a1=0 a2=0 a3=0 items=0 ppid=1"
        f' pid={serial} auid=0 uid=0 gid=0 euid=0 tty=(none) ses=1 comm={comm} exe="/usr/bin/x" key=(null)'
    )
    title = f'type=PROCTITLE {stamp} proctitle="x"'
    return dice.choice(([avc], [avc, call, title], [avc, call]))


def log_of(dice: random.Random, lines: int, types: tuple[str, ...]) -> list[str]:
    events = [event(dice, 100 + serial, dice.choice(types), dice.choice(types)) for serial in range(lines)]
    return [line for records in events for line in records]


class Peers:
    """Both tools on the same log."""

    def __init__(self, policy: Path, log: Path, audit2allow: str) -> None:
        self._policy, self._log, self._audit2allow = policy, log, audit2allow

    def theirs(self, lines: Iterable[str]) -> set[Access]:
        self._log.write_text("\n".join(lines) + "\n", encoding="utf-8")
        command = [self._audit2allow, "-p", str(self._policy), "-i", str(self._log)]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return {
            Access(source, source if target == "self" else target, tclass, permission)
            for source, target, tclass, several, one in RULE.findall(said)
            for permission in (several or one).split()
        }

    def ours(self, lines: Iterable[str]) -> Mapping[Access, object]:
        self._log.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return read_denials([str(self._log)], LocalWorkers(1)).denials


@pytest.fixture
def peers(policy: Path, tmp_path: Path, require_tool: Callable[[str], str]) -> Peers:
    binary = policy / "policy.bin"
    if not binary.exists():
        command = [require_tool("checkpolicy"), "-o", str(binary), str(policy / "policy.conf")]
        subprocess.run(command, check=True, capture_output=True)
    return Peers(binary, tmp_path / "audit.log", require_tool("audit2allow"))


@pytest.mark.parametrize("seed", range(4))
def test_the_same_is_found(peers: Peers, seed: int) -> None:
    lines = log_of(random.Random(seed), 3000, TYPES)
    assert set(peers.ours(lines)) - {Access(TYPES[0], TYPES[1], "file", "getattr")} == peers.theirs(lines) - {
        Access(TYPES[0], TYPES[1], "file", "getattr")
    }


@pytest.mark.parametrize("seed", range(4))
def test_what_is_mixed_is_found_as_well(peers: Peers, seed: int) -> None:
    dice = random.Random(seed)
    lines = log_of(dice, 500, TYPES)
    dice.shuffle(lines)
    assert peers.theirs(lines) <= set(peers.ours(lines))


def test_it_drops_types_that_the_policy_does_not_know(peers: Peers) -> None:
    lines = log_of(random.Random(5), 50, ("mine_t",))
    assert not peers.theirs(lines)
    assert {access.source_type for access in peers.ours(lines)} == {"mine_t"}


AVC = (
    'type=AVC msg=audit(1795416000.034:{}): avc:  denied  {{ {} }} for  pid=1 comm="x" scontext=u:r:{} tcontext=u:r:{}'
    " tclass={}"
)


def test_it_merges_two_accesses_on_one_line(peers: Peers) -> None:
    glued = AVC.format(1, "read", TYPES[2], TYPES[3], "file") + AVC.format(2, "search", TYPES[4], TYPES[5], "dir")
    denied = {Access(TYPES[2], TYPES[3], "file", "read"), Access(TYPES[4], TYPES[5], "dir", "search")}
    assert set(peers.ours([glued])) == denied
    assert peers.theirs([glued]) - denied or peers.theirs([glued]) != denied


def test_it_does_not_read_json(peers: Peers) -> None:
    text = AVC.format(1, "read", TYPES[2], TYPES[3], "file").replace('"', '\\"')
    assert set(peers.ours([f'{{"message": "{text}"}}'])) == {Access(TYPES[2], TYPES[3], "file", "read")}
    assert not peers.theirs([f'{{"message": "{text}"}}'])
