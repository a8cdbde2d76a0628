"""Which modules were found up to date, by what can be seen of their files without opening any.

A plan reads a manifest and compares digests for each module. As long as nothing about any file that took part has
changed since it came to "up to date", it would come to that again, and one look at each file tells.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from sepack import fingerprints
from sepack.fingerprints import digest_of, look_of, write_beside
from sepack.pipeline.inputs import stand_ins
from sepack.workspace import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sepack.model.module import Module
    from sepack.model.package import Manifest
    from sepack.workspace import Workspace

SCHEMA = "sepack settled 1"
NOT_THERE = "-"
SEPARATOR = "\t"


class Settled:
    """What is known of one target's modules, in a file that may be lost at any time.

    `facts` are all that a decision depends on besides the module's own files: with others, nothing is known.
    """

    def __init__(self, workspace: Workspace, target: str, facts: Iterable[str]) -> None:
        self._root = f"{workspace.root}/"
        self._workspace = workspace
        self._target = target
        self._store = workspace / workspace.settled(target)
        self._facts = digest_of(SCHEMA, *facts)
        self._known = self._load()
        self._changed = False

    def _load(self) -> dict[str, str]:
        """By module: its sources, then the other files, then how they looked."""
        try:
            head, *lines = self._store.read_text(encoding="utf-8", errors="surrogateescape").split("\n")
            if head != f"{self._facts} {len(lines)}":  # of other facts, or cut short
                return {}
            return dict(line.split(SEPARATOR, 1) for line in lines)
        except (OSError, ValueError):
            return {}

    def holds(self, module: Module) -> bool:
        """Whether the module was up to date, and all its files are as they were then."""
        known = self._known.get(module.name)
        if known is None:
            return False
        own = module.files
        before, _, look = known.rpartition(SEPARATOR)
        paths = before.split(SEPARATOR)
        return paths[: len(own)] == own and self._look(paths) == look

    def _look(self, paths: Iterable[str]) -> str:
        return " ".join([_look(path if path[0] == "/" else self._root + path) for path in paths])

    def manifest_look(self, module: str) -> str:
        """To be asked for before the manifest is read, and given to `candidate` then."""
        return _look(self._workspace.manifest(self._target, module))

    def candidate(self, module: Module, prior: Manifest, manifest_look: str) -> str:
        """What is to be remembered if the module turns out to be up to date; to be asked for before it is looked into.

        Empty where a file is so young that it may change once more without showing it.
        """
        directory = str(self._workspace.outputs(self._target, module.name))
        places = self._workspace.template_directories
        paths = [*module.files, *(f"{directory}/{name}" for name in prior.outputs)]
        paths += (f"{place}/{name}" for name in {*prior.templates, *stand_ins(module)} for place in places)
        if any(SEPARATOR in path or "\n" in path for path in paths):
            return ""
        look = f"{self._look(paths)} {manifest_look}"
        paths.append(f"{directory}/{MANIFEST}")
        young = time.time_ns() - fingerprints.RACY_NS
        if any(one != NOT_THERE and int(one.split(":")[2]) > young for one in look.split(" ")):
            return ""
        return SEPARATOR.join([*paths, look])

    def remember(self, module: str, candidate: str) -> None:
        if candidate and self._known.get(module) != candidate:
            self._known[module] = candidate
            self._changed = True

    def save(self, modules: Sequence[Module]) -> None:
        """Write what was learned of `modules`; a failure is no matter, the next build compares again."""
        if not self._changed:
            return
        there = {module.name for module in modules}
        lines = [f"{name}{SEPARATOR}{known}" for name, known in self._known.items() if name in there]
        write_beside(self._store, "\n".join([f"{self._facts} {len(lines)}", *lines]))


def _look(path: str) -> str:
    try:
        return look_of(os.stat(path))  # noqa: PTH116 - a thousand times in a build that has nothing to do
    except OSError:
        return NOT_THERE
