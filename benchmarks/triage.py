"""A big log from its first line to verdicts: sepack's denials.triage beside audit2allow, on the same log, in one run.

`python -m benchmarks.triage` makes the log and a small repository, measures, and prints a table. CPU is that of the
process and its descendants. The base policy's index is made by a first, untimed call, as it is once for a policy.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.audit_log import write_log
from benchmarks.denials import LINES, line, policy
from benchmarks.measure import machine, run

RUNS = 3
AIM = 8.0
MODULE = "module web 1.0;\nrequire { type httpd_t; class process signal; }\nallow httpd_t self:process signal;\n"


def repository(root: Path) -> Path:
    (root / "policy/web").mkdir(parents=True)
    (root / "policy/web/web.te").write_text(MODULE)
    (root / "tasks.py").write_text("from sepack.tasks import ns\n\n__all__ = ['ns']\n")
    return root


def main() -> None:
    print(machine())
    with tempfile.TemporaryDirectory(prefix="triage-") as scratch:
        root = repository(Path(scratch) / "repository")
        log, few = root / "audit.log", root / "few.log"
        write_log(log, LINES)
        write_log(few, 1000)
        command = [sys.executable, "-P", "-m", "sepack", "denials.triage", "--output", "json", "--log"]
        run([*command, str(few)], root)
        print(f"{LINES} lines, {log.stat().st_size / 1e6:.0f} MB")
        print(f"{'':42} {'CPU s':>8} {'wall s':>8} {'peak MB':>8}")
        ours = min((run([*command, str(log)], root) for _ in range(RUNS)), key=lambda cost: cost.cpu)
        line("sepack denials.triage", ours)
        if shutil.which("audit2allow"):
            theirs = run(["audit2allow", "-p", str(policy()), "-i", str(log)], root)
            line("audit2allow -p", theirs)
            print(f"audit2allow / sepack: {theirs.cpu / ours.cpu:.1f} times the CPU (aim: {AIM:.0f})")


if __name__ == "__main__":
    main()
