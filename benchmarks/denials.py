"""Denials of a big log, parsed and aggregated with their evidence: sepack beside audit2allow, in one run.

`python -m benchmarks.denials` makes the logs, measures, and prints a table. CPU is that of the process and its
descendants, memory the largest single process.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import machine, middle, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measure import Cost

LINES = 1_000_000
RUNS = 3
AIM = 15.0
MEMORY = 300.0
_SOURCES = ("httpd_t", "sshd_t", "named_t", "postfix_master_t", "ntpd_t", "chronyd_t", "dovecot_t", "mysqld_t")
_TARGETS = ("var_t", "user_home_t", "etc_t", "tmp_t", "var_lib_t")
_ACCESSES = (("file", "read"), ("file", "getattr"), ("file", "write open"), ("dir", "search"), ("dir", "getattr"))
_SEPACK = """
import sys
from sepack.pipeline.denials import read_denials
from sepack.workers.local import LocalWorkers
aggregation = read_denials([sys.argv[1]], LocalWorkers(int(sys.argv[2])))
assert aggregation.account.lines == int(sys.argv[3]), aggregation.account
assert not aggregation.account.not_understood, aggregation.account
print(aggregation.account.denials, len(aggregation.denials))
"""


def events(dice: random.Random, levels: bool) -> Iterator[str]:
    """Events as the kernel writes them: of 100 lines 26 are denials, a line has 250 bytes on average."""
    paths = [f"/srv/app{number % 37}/data/file-{number:04}.html" for number in range(2000)]
    serial, time = 1000, 1_795_416_000_000
    while True:
        serial, time = serial + 1, time + dice.randrange(40)
        stamp = f"msg=audit({time // 1000}.{time % 1000:03}:{serial})"
        source, target, (tclass, permissions) = dice.choice(_SOURCES), dice.choice(_TARGETS), dice.choice(_ACCESSES)
        number, pid = dice.randrange(len(paths)), dice.randrange(300, 30000)
        low, high = (_pair(dice), _pair(dice)) if levels else ("s0", "s0")
        command = source.removesuffix("_t")
        yield (
            f'type=AVC {stamp}: avc:  denied  {{ {permissions} }} for  pid={pid} comm="{command}" path="{paths[number]}"'
            f' dev="vda1" ino={100000 + number} scontext=system_u:system_r:{source}:{low}'
            f" tcontext=system_u:object_r:{target}:{high} tclass={tclass} permissive=0"
        )
        yield (
            f"type=SYSCALL {stamp}: arch=c000003e syscall=257 success=no exit=-13 a0=ffffff9c a1=7ffd5f8f6{pid:05x} a2=80000"
            f" a3=0 items=1 ppid=1 pid={pid} auid=4294967295 uid=33 gid=33 euid=33 suid=33 fsuid=33 egid=33 sgid=33 fsgid=33"
            f' tty=(none) ses=4294967295 comm="{command}" exe="/usr/sbin/{command}" subj=system_u:system_r:{source}:s0'
            f' key=(null)\x1dARCH=x86_64 SYSCALL=openat AUID="unset" UID="www-data" GID="www-data"'
        )
        yield f"type=PROCTITLE {stamp}: proctitle=2F7573722F7362696E2F61706163686532002D6B007374617274{pid:08X}"
        if serial % 100 < 85:
            yield (
                f"type=CRED_REFR {stamp[:-1]}9): pid={pid} uid=0 auid=0 ses=2 subj=system_u:system_r:crond_t:s0"
                f' msg=\'op=PAM:setcred grantors=pam_permit acct="root" exe="/usr/sbin/cron" hostname=? addr=? terminal=cron'
                ' res=success\'\x1dUID="root" AUID="root"'
            )


def _pair(dice: random.Random) -> str:
    return "s0:c{},c{}".format(*sorted(dice.sample(range(1024), 2)))


def write_log(path: Path, lines: int, *, levels: bool = False) -> None:
    made = events(random.Random(7), levels)
    with path.open("w", encoding="ascii") as file:
        for _ in range(lines):
            file.write(next(made) + "\n")


def policy() -> Path:
    """The newest binary policy of this host."""
    found = sorted(Path("/etc/selinux").glob("*/policy/policy.*"))
    if not found:
        raise SystemExit("no binary policy below /etc/selinux: audit2allow -p needs one")
    return found[-1]


def sepack(log: Path, lines: int, workers: int = 1) -> Cost:
    return middle(
        [run([sys.executable, "-c", _SEPACK, str(log), str(workers), str(lines)], log.parent) for _ in range(RUNS)]
    )


def line(what: str, cost: Cost, note: str = "") -> None:
    print(f"{what:42} {cost.cpu:8.2f} {cost.wall:8.2f} {cost.peak:8.0f}  {note}", flush=True)


def main() -> None:
    print(machine())
    with tempfile.TemporaryDirectory(prefix="denials-") as scratch:
        directory = Path(scratch)
        log, mcs, big = directory / "audit.log", directory / "mcs.log", directory / "big.log"
        write_log(log, LINES)
        write_log(mcs, LINES, levels=True)
        with big.open("wb") as file:
            for _ in range(4):
                with log.open("rb") as part:
                    shutil.copyfileobj(part, file)
        print(f"{LINES} lines, {log.stat().st_size / 1e6:.0f} MB")
        print(f"{'':42} {'CPU s':>8} {'wall s':>8} {'peak MB':>8}")
        ours = sepack(log, LINES)
        line("sepack, one process", ours)
        line("sepack, random MCS pairs", mixed := sepack(mcs, LINES), f"{mixed.cpu / ours.cpu:.2f} times s0")
        one, two = sepack(big, 4 * LINES), sepack(big, 4 * LINES, 2)
        line("sepack, 4 times the lines", one)
        line("sepack, 4 times the lines, 2 processes", two, f"{one.wall / two.wall:.2f} times as fast")
        if shutil.which("audit2allow"):
            command = ["audit2allow", "-p", str(policy()), "-i", str(log)]
            line("audit2allow -p", theirs := run(command, directory))
            print(f"audit2allow / sepack: {theirs.cpu / ours.cpu:.1f} times the CPU (aim: {AIM:.0f})")
            missed = theirs.cpu / ours.cpu < AIM or max(ours.peak, one.peak) > MEMORY
            raise SystemExit(int(missed))


if __name__ == "__main__":
    os.environ.setdefault("PYTHONPATH", str(Path(__file__).parents[1] / "src"))
    main()
