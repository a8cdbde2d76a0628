"""Which places of the file system a file context may be proposed for, and how narrow."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sepack.model.fix import FileKind
from sepack.model.path_expression import PathRefusedError, file_context_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KINDS = {
    "file": FileKind.FILE,
    "dir": FileKind.DIRECTORY,
    "lnk_file": FileKind.LINK,
    "sock_file": FileKind.SOCKET,
    "fifo_file": FileKind.PIPE,
    "chr_file": FileKind.CHARACTER,
    "blk_file": FileKind.BLOCK,
}
# Trees that many packages share: what lies directly in one of them is labelled alone, never the tree.
_SHARED = frozenset(
    "/ /bin /boot /dev /etc /home /lib /lib64 /media /mnt /opt /proc /root /run /sbin /srv /sys /tmp /usr /var "
    "/dev/shm /etc/systemd /etc/systemd/system /etc/sysconfig /etc/default /etc/pki /etc/ssl "
    "/usr/bin /usr/lib /usr/lib64 /usr/libexec /usr/local /usr/local/bin /usr/local/lib /usr/local/lib64 "
    "/usr/local/sbin /usr/local/share /usr/sbin /usr/share /usr/lib/systemd /usr/lib/systemd/system /usr/src "
    "/var/cache /var/lib /var/local /var/lock /var/log /var/mail /var/opt /var/run /var/spool /var/tmp /var/www".split()
)
_HOME_DEPTH = 3  # /home/somebody has two parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a file context would be for: `pattern` is escaped, `exact` the paths alone, `covers` what both are for.

    `whole_tree` says that the pattern takes in more than the paths: all below `directory`. `note` is for a person.
    """

    pattern: str
    kind: FileKind
    exact: tuple[tuple[str, FileKind], ...]
    covers: tuple[str, ...]
    directory: str
    whole_tree: bool
    note: str


def places(paths: Mapping[str, str]) -> list[Place]:
    """The fewest trees that hold all of `paths` (path → class) and belong to nobody else, sorted.

    A path for which no file context can be written (white space, a whole home) is left out: who asked has to count.
    """
    usable = {path: tclass for path, tclass in paths.items() if _expression(path) is not None}
    trees = _outermost({tree for path, tclass in usable.items() if (tree := _tree(path, tclass))})
    found: list[Place] = []
    alone = dict(usable)
    for tree in trees:
        inside = {path: tclass for path, tclass in usable.items() if _is_within(path, tree)}
        for path in inside:
            alone.pop(path, None)
        found.append(_tree_place(tree, inside))
    found += [_exact_place(path, tclass) for path, tclass in sorted(alone.items())]
    return found


def _tree(path: str, tclass: str) -> str | None:
    """The directory that holds the path, itself where it is one; None where that is shared by many."""
    directory = path if tclass == "dir" else posixpath.dirname(path)
    in_home = directory.startswith("/home/") and directory.count("/") < _HOME_DEPTH
    return None if directory in _SHARED or in_home else directory


def _outermost(trees: set[str]) -> list[str]:
    return [tree for tree in sorted(trees) if not any(_is_within(tree, other) for other in trees if other != tree)]


def _is_within(path: str, tree: str) -> bool:
    return path == tree or path.startswith(tree + "/")


def _tree_place(tree: str, paths: Mapping[str, str]) -> Place:
    written = file_context_path(tree)
    return Place(
        pattern=f"{written.expression}(/.*)?",
        kind=FileKind.ANY,
        exact=tuple(_exact(path, tclass) for path, tclass in sorted(paths.items())),
        covers=tuple(sorted(paths)),
        directory=tree,
        whole_tree=True,
        note=written.note,
    )


def _exact_place(path: str, tclass: str) -> Place:
    written = file_context_path(path)
    return Place(
        pattern=written.expression,
        kind=KINDS[tclass],
        exact=(),
        covers=(path,),
        directory=posixpath.dirname(path),
        whole_tree=False,
        note=written.note,
    )


def _exact(path: str, tclass: str) -> tuple[str, FileKind]:
    return file_context_path(path).expression, KINDS[tclass]


def _expression(path: str) -> str | None:
    try:
        return file_context_path(path).expression
    except PathRefusedError:
        return None


def unusable(paths: Iterable[str]) -> list[str]:
    """Those for which no file context can be written."""
    return sorted(path for path in paths if _expression(path) is None)
