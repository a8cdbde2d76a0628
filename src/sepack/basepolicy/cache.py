"""Keeps indexed policies below build/.cache: whole or not there, and only the ones that were used last."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sepack.basepolicy.index import open_index

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path, PurePosixPath

    from sepack.basepolicy.index import PolicyIndex
    from sepack.workspace import Workspace

INDEX: Final = "index.sqlite"
TOLD: Final = "told.json"
# A linked policy takes 7 MB, and each set of modules, booleans and ports is another one.
KEPT: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPolicy:
    """`directory` is workspace-relative; for a linked policy it is laid out as /etc/selinux/<type> is.

    `refused` and `notes` are what linking told, both empty for a policy as it is installed.
    """

    index: PolicyIndex
    directory: PurePosixPath
    refused: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...]


class PolicyCache:
    """What is lost, cut short, foreign or of another version is as if it were not there."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def open(self, digest: str) -> KeptPolicy | None:
        """The policy that was kept under this digest."""
        kept = self._read(self._workspace.base_policies / digest)
        if kept is not None:
            with contextlib.suppress(OSError):
                os.utime(self._workspace / kept.directory)
        return kept

    def _read(self, place: PurePosixPath) -> KeptPolicy | None:
        try:
            told = json.loads((self._workspace / place / TOLD).read_bytes())
            refused = {str(name): tuple(map(str, words)) for name, words in told["refused"].items()}
            notes = tuple(map(str, told["notes"]))
            whose = str(told["whose"])
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return None
        index = open_index(self._workspace / place / INDEX, whose)
        if index is None:
            return None
        return KeptPolicy(index=index, directory=place, refused=refused, notes=notes)

    def keep(
        self,
        made: PurePosixPath,
        digest: str,
        whose: str,
        *,
        refused: Mapping[str, tuple[str, ...]] | None = None,
        notes: tuple[str, ...] = (),
    ) -> KeptPolicy:
        """Rename a directory that holds an INDEX into its place, and give what lies there then.

        `whose` policy it is goes into its title. Where another process was there first, its work, which is the same,
        is taken. What has refused a module stays where it is: why semodule refused it may have nothing to do with what
        the digest is made of. Raises OSError.
        """
        text = json.dumps({"whose": whose, "refused": refused or {}, "notes": notes})
        (self._workspace / made / TOLD).write_text(text, encoding="utf-8")
        kept = self._read(made) if refused else self._place(made, digest)
        if kept is None:
            raise FileNotFoundError(errno.ENOENT, "it was removed as soon as it was written", str(made))
        return kept

    def _place(self, made: PurePosixPath, digest: str) -> KeptPolicy | None:
        place = self._workspace / self._workspace.base_policies / digest
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            (self._workspace / made).rename(place)
        except OSError:
            if (kept := self.open(digest)) is not None:
                return kept
            # Aside first: a directory is never seen half removed.
            place.rename(self._workspace / made.with_name(f"{made.name}.broken"))
            (self._workspace / made).rename(place)
        self._forget_oldest()
        return self.open(digest)

    def _forget_oldest(self) -> None:
        with contextlib.suppress(OSError):
            kept = sorted((self._workspace / self._workspace.base_policies).iterdir(), key=_last_used, reverse=True)
            for place in kept[KEPT:]:
                shutil.rmtree(place, ignore_errors=True)


def _last_used(place: Path) -> float:
    return place.stat().st_mtime
