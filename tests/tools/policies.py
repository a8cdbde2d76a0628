"""Real policies for tests: the little one of the contract, compiled here, and this host's own."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from sepack.basepolicy.index import PolicyIndex, open_index
from sepack.basepolicy.programs import Programs
from sepack.toolchain.local import LocalToolchain
from sepack.workspace import Workspace
from tests.contract.base_policy_contract import SMALL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sepack.model.base_policy import Answers, Question

CONF = Path(__file__).parents[1] / "contract/base_policy.conf"
DISTRIBUTION_PYTHON = "/usr/bin/python3"


@dataclass
class RealPolicy:
    """A directory as /etc/selinux/<type> is, its index, and the programs that ask it."""

    directory: Path
    index: PolicyIndex
    programs: Programs

    @property
    def file(self) -> Path:
        return max((self.directory / "policy").glob("policy.*"))

    @property
    def contexts(self) -> Path:
        return self.directory / "contexts/files/file_contexts"

    def ask(self, questions: Iterable[Question]) -> Answers:
        return self.programs.ask(str(self.file), str(self.contexts), questions)


def open_policy(directory: Path, root: Path) -> RealPolicy:
    """Its index made below `root`, which also holds what goes in and out of the programs."""
    root.mkdir(parents=True)
    programs = Programs(LocalToolchain(root), Workspace(root), PurePosixPath())
    programs.dump(str(directory), PurePosixPath("index.sqlite"))
    index = open_index(root / "index.sqlite", "the test's")
    assert index
    return RealPolicy(directory, index, programs)


def compile_small(place: Path, require_tool: Callable[[str], str]) -> Path:
    """SMALL by the real checkpolicy, with its file contexts."""
    for tool in ("checkpolicy", "sesearch"):
        require_tool(tool)
    (place / "policy").mkdir(parents=True)
    subprocess.run(["checkpolicy", "-M", "-c", "33", "-o", place / "policy/policy.33", CONF], check=True)
    write_contexts(place, SMALL.labels)
    return place


def write_contexts(place: Path, labels: Mapping[str, str | None]) -> None:
    files = place / "contexts/files"
    files.mkdir(parents=True)
    lines = {
        pattern: context or "<<none>>" for pattern, context in labels.items() if not pattern.startswith("/var/run")
    }
    whole = "".join(f"{pattern}\t{context}\n" for pattern, context in lines.items())
    (files / "file_contexts").write_text(f"# a comment\n\n{whole}")
    (files / "file_contexts.subs_dist").write_text("/var/run /run\n")


def oracle(script: str, *words: str, given: object = None) -> Any:
    """What a script for the distribution's own python3 says in JSON; `given` is its standard input, in JSON."""
    done = subprocess.run(
        [DISTRIBUTION_PYTHON, "-I", "-c", script, *words],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)
