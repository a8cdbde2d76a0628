"""Denials of a big log, parsed and aggregated with their evidence: sepack beside audit2allow, in one run.

`python -m benchmarks.denials` makes the logs, measures, and prints a table. CPU is that of the process and its
descendants, memory the largest single process.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.audit_log import write_log
from benchmarks.measure import machine, run

if TYPE_CHECKING:
    from benchmarks.measure import Cost

LINES = 1_000_000
RUNS = 3
AIM = 15.0
MEMORY = 300.0
_SEPACK = """
import sys
from sepack.pipeline.denials import read_denials
from sepack.workers.local import LocalWorkers
aggregation = read_denials([sys.argv[1]], LocalWorkers(int(sys.argv[2])))
assert aggregation.account.lines == int(sys.argv[3]), aggregation.account
assert not aggregation.account.not_understood, aggregation.account
print(aggregation.account.denials, len(aggregation.denials))
"""


def policy() -> Path:
    """The newest binary policy of this host."""
    found = sorted(Path("/etc/selinux").glob("*/policy/policy.*"))
    if not found:
        raise SystemExit("no binary policy below /etc/selinux: audit2allow -p needs one")
    return found[-1]


def sepack(log: Path, lines: int, workers: int = 1) -> Cost:
    """The cheapest of some runs: what else the machine does can only make one dearer."""
    command = [sys.executable, "-c", _SEPACK, str(log), str(workers), str(lines)]
    return min((run(command, log.parent) for _ in range(RUNS)), key=lambda cost: cost.cpu)


def busy(processes: int) -> float:
    """Wall seconds of so many processes that only count, at once."""
    command = [sys.executable, "-c", "for _ in range(20_000_000): pass"]
    begin = time.perf_counter()
    for process in [subprocess.Popen(command) for _ in range(processes)]:
        process.wait()
    return time.perf_counter() - begin


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
        alone, together = busy(1), busy(2)
        line("sepack, 4 times the lines", one)
        line("sepack, 4 times the lines, 2 processes", two, f"{one.wall / two.wall:.2f} times as fast")
        print(
            f"two busy loops at once get {2 * alone / together:.2f} times the work of one done: no more can be gained"
        )
        if shutil.which("audit2allow"):
            command = ["audit2allow", "-p", str(policy()), "-i", str(log)]
            line("audit2allow -p", theirs := run(command, directory))
            print(f"audit2allow / sepack: {theirs.cpu / ours.cpu:.1f} times the CPU (aim: {AIM:.0f})")
            missed = theirs.cpu / ours.cpu < AIM or max(ours.peak, one.peak) > MEMORY
            raise SystemExit(int(missed))


if __name__ == "__main__":
    os.environ.setdefault("PYTHONPATH", str(Path(__file__).parents[1] / "src"))
    main()
