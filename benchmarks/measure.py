"""Runs a command and says what the whole process tree cost."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """CPU and wall in seconds, of the process and all its descendants; `peak` is the largest single process, in MB."""

    cpu: float
    wall: float
    peak: float


def ordinary_environment() -> dict[str, str]:
    """Ours without what keeps Python from remembering its bytecode, which a person's machine does not set."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def run(argv: Sequence[str], directory: Path, env: Mapping[str, str] | None = None) -> Cost:
    """Run once; output is thrown away, a failure is an error with the last of it."""
    begin = time.perf_counter()
    with (directory / ".benchmark-output").open("w+") as output:
        process = subprocess.Popen(
            argv, cwd=directory, stdout=output, stderr=subprocess.STDOUT, env={**ordinary_environment(), **(env or {})}
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - begin
        output.seek(0)
        if process.returncode:
            raise RuntimeError(f"{' '.join(argv)} exited with {process.returncode}:\n{output.read()[-2000:]}")
    return Cost(cpu=usage.ru_utime + usage.ru_stime, wall=wall, peak=usage.ru_maxrss / 1024)


def middle(costs: Sequence[Cost]) -> Cost:
    return Cost(
        cpu=median(cost.cpu for cost in costs),
        wall=median(cost.wall for cost in costs),
        peak=max(cost.peak for cost in costs),
    )


def machine() -> str:
    """Processor, cores, system and the versions that matter, in one line."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown processor"
    )
    release = platform.freedesktop_os_release()["PRETTY_NAME"]
    query = ["dpkg-query", "-W", "-f", "${Package} ${Version}, ", "checkpolicy", "semodule-utils", "m4", "make"]
    versions = subprocess.run(query, capture_output=True, text=True, check=False).stdout.strip(", ")
    return f"{model}, {len(os.sched_getaffinity(0))} cores, {release}, Python {platform.python_version()}, {versions}"
