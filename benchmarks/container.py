"""100 refpolicy modules in a container that is already warm, beside the same on this host, in one run.

Usage: python benchmarks/container.py [--runs N]. Needs a container engine (DOCKER_HOST), an image for target debian12
(built on first use) and what benchmarks/compile.py needs. Both compile the same candidates with the same headers; the
packages are compared byte for byte. Wall seconds, from candidates to proved packages.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.compile import lay_out
from benchmarks.measure import machine
from sepack.catalog import load_modules
from sepack.pipeline.rendering import rendered
from sepack.pipeline.session import Session
from sepack.settings import Settings
from sepack.stages.compile.candidate import Candidate
from sepack.stages.compile.compiler import Compiled, Compiler
from sepack.stages.compile.formats import choose_format
from sepack.stages.compile.prepare import Preparation
from sepack.workspace import Workspace

if TYPE_CHECKING:
    from sepack.stages.compile.expander import Headers

COUNT = 100


class Place:
    """One toolchain, opened and warm."""

    def __init__(self, workspace: Workspace, kind: str) -> None:
        settings = Settings(targets=("debian12",), toolchain=kind, build_network="host")
        self.session = Session.choose(workspace, settings, "debian12", print)
        self.tools = self.session.ready(headers=True)
        self.candidates = [
            candidate
            for module in load_modules(workspace)[0][:COUNT]
            if isinstance(candidate := rendered(module, self.session.target, workspace), Candidate)
        ]
        self.headers = self._headers(workspace)

    def _headers(self, workspace: Workspace) -> Headers:
        scratch = workspace.scratch / f"headers-{self.session.chosen.toolchain}"
        (workspace / scratch).mkdir(parents=True)
        session = self.session
        signature = session.header_signature() or ""
        preparation = Preparation(session.toolchain, workspace, scratch, session.target, signature)
        return preparation.headers([], "benchmark")[0]

    def compile(self, workspace: Workspace) -> tuple[float, dict[str, bytes]]:
        """Wall seconds, and the packages by module."""
        scratch = workspace.scratch / f"run-{self.session.chosen.toolchain}"
        (workspace / scratch).mkdir()
        target, tools = self.session.target, self.tools
        begin = time.perf_counter()
        compiler = Compiler(
            toolchain=self.session.toolchain,
            root=workspace.root,
            scratch=scratch,
            mls=target.mls,
            formats=choose_format(target, tools.checkmodule_formats, option=tools.has_format_option, asked=None),
            headers=self.headers,
            jobs=self.session.jobs,
        )
        results = list(compiler.compile(self.candidates))
        seconds = time.perf_counter() - begin
        packages = {
            result.candidate.name: (workspace / result.package.path).read_bytes()
            for result in results
            if isinstance(result, Compiled)
        }
        shutil.rmtree(workspace / scratch)
        return seconds, packages


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory(prefix="sepack-benchmark-") as home:
        _, repository = lay_out(Path(home), (".te", ".fc"))
        workspace = Workspace(repository)
        local, container = Place(workspace, "local"), Place(workspace, "container")
        with local.session, container.session:
            seconds: dict[str, list[float]] = {"local": [], "container": []}
            for run in range(runs + 1):
                found = {place.session.chosen.toolchain: place.compile(workspace) for place in (local, container)}
                if found["local"][1] != found["container"][1] or len(found["local"][1]) != COUNT:
                    raise SystemExit("the packages differ")
                for name, (wall, _) in found.items():
                    seconds[name] += [wall] if run else []
    here, there = median(seconds["local"]), median(seconds["container"])
    print(f"{machine()}\n\nmedian of {runs} runs after one to warm up; wall seconds\n")
    print("| what | local | warm container | container/local |\n|---|---|---|---|")
    print(f"| {COUNT} modules | {here:.2f} | {there:.2f} | {there / here:.2f} |")


if __name__ == "__main__":
    main()
