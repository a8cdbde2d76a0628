"""Finds out what a toolchain holds, by running its tools once, and remembers it for as long as nothing changed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from sepack.formats.tools import tools_from_json, tools_to_json
from sepack.model.command import Command
from sepack.model.target import FormatRange
from sepack.model.tools import NO_FORMATS, Tools
from sepack.targets import POLICY_HEADERS, versioned_packages
from sepack.toolchain.runner import PATH

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sepack.model.command import ChainOutcome, Outcome
    from sepack.model.toolchain import Toolchain
    from sepack.workspace import Workspace

HEADERS: Final = PurePosixPath("/usr/share/selinux/devel/include")
LOCAL: Final = "local"
NOT_RUN: Final = (126, 127)

# How each tool is asked whether it is there; what it says to that is no matter, only that it could be started.
TOOLS: Final[dict[str, tuple[str, ...]]] = {
    "m4": ("m4", "--version"),
    "checkmodule": ("checkmodule", "-V"),
    "semodule_package": ("semodule_package",),
    "sefcontext_compile": ("sefcontext_compile",),
}
USAGE: Final = ("checkmodule", "-h")
MAKEFILES: Final = tuple(("cat", str(HEADERS / name)) for name in ("build.conf", "Makefile"))
DPKG: Final = ("dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Status}\\n")
RPM: Final = ("rpm", "-q", "--qf", "%{NAME} %{EVR} installed\\n")


def probe(toolchain: Toolchain, workspace: Workspace, *, again: bool = False) -> Tools:
    """What the toolchain holds: as remembered, or else asked. It need not have been entered where it is remembered.

    `again` asks whatever is remembered.
    Raises ToolchainError where the place itself fails.
    """
    key = state_key(toolchain.identity)
    store = workspace / workspace.probe(toolchain.identity)
    found = None if again else remembered(store, key)
    if found is None:
        local = toolchain.identity == LOCAL
        found = ask(toolchain, signature=header_signature(HEADERS) if local else toolchain.identity, state=key)
        remember(store, tools_to_json(found, key))
    return found


def recall(identity: str, workspace: Workspace) -> Tools | None:
    """What is remembered of a toolchain, with nothing but a few hundred stats; None where it has to be asked."""
    return remembered(workspace / workspace.probe(identity), state_key(identity))


def remembered(store: Path, key: str) -> Tools | None:
    try:
        return tools_from_json(store.read_bytes(), key)
    except OSError:
        return None


def remember(store: Path, text: str) -> None:
    """Write beside and rename into place; a failure is no matter, the next run asks again."""
    beside = store.with_name(f"{store.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        store.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.write_text(text, encoding="utf-8")
            beside.replace(store)
        finally:
            beside.unlink(missing_ok=True)


def state_key(identity: str, path: str = PATH) -> str:
    """Changes when what a toolchain holds may have changed: an image never does, a host's files show it.

    `path` is where a host's programs are looked for.
    """
    if identity != LOCAL:
        return identity
    programs = [which(tool, path) for tool in (*TOOLS, DPKG[0], RPM[0])]
    state = [(path, *stamp(os.stat(path))) if path else None for path in programs]  # noqa: PTH116 - part of a build with nothing to do
    return hashlib.sha256(f"{state}\n{header_signature(HEADERS)}".encode()).hexdigest()


def which(program: str, path: str) -> str | None:
    """Where a program lies; what shutil has for this takes longer to load than to run."""
    places = (f"{directory}/{program}" for directory in path.split(":"))
    return next((place for place in places if os.access(place, os.X_OK)), None)


def header_signature(include: Path | PurePosixPath) -> str:
    """Names, sizes, times and inodes of all header files below `include`, as one digest; "" where there are none."""
    state = sorted(header_stamps(str(include)))
    return hashlib.sha256(repr(state).encode()).hexdigest()[:32] if state else ""


def header_stamps(directory: str, depth: int = 0) -> Iterator[tuple[str | int, ...]]:
    try:
        entries = os.scandir(directory)
    except OSError:
        return
    with entries:
        for entry in entries:
            if depth == 0 and entry.is_dir():
                yield from header_stamps(entry.path, depth=1)
            elif entry.name.endswith((".if", ".spt", ".conf")) or entry.name == "Makefile":
                yield (entry.path, *stamp(entry.stat()))


def stamp(status: os.stat_result) -> tuple[int, ...]:
    return status.st_size, status.st_mtime_ns, status.st_ino


def ask(toolchain: Toolchain, *, signature: str, state: str) -> Tools:
    """Run every tool once. `signature` stands for the headers, and `state` for tools that no package manager knows."""
    installed = Command(argv=(*DPKG, *versioned_packages("apt")))
    single = [Command(argv=argv) for argv in (*TOOLS.values(), USAGE)] + [installed]
    answers = run_all(toolchain, [*([command] for command in single), [Command(argv=argv) for argv in MAKEFILES]])
    *tools, usage, versions, makefiles = answers
    if versions.last.exit_code in NOT_RUN:
        (versions,) = run_all(toolchain, [[Command(argv=(*RPM, *versioned_packages("dnf")))]])
    build_conf, makefile = [words(outcome) for outcome in makefiles.outcomes] if makefiles.ok else ["", ""]
    missing = [tool for tool, answer in zip(TOOLS, tools, strict=True) if answer.last.exit_code in NOT_RUN]
    return Tools(
        missing=(*missing, *(() if makefiles.ok else (POLICY_HEADERS,))),
        checkmodule_formats=read_formats(words(tools[list(TOOLS).index("checkmodule")].last)),
        has_format_option="-c VERSION" in words(usage.last),
        headers=makefiles.ok,
        header_signature=signature if makefiles.ok else "",
        build_conf=build_conf,
        makefile=makefile,
        versions=dict(sorted(read_versions(words(versions.last)))) or {"tools": state},
    )


def run_all(toolchain: Toolchain, chains: Sequence[Sequence[Command]]) -> list[ChainOutcome]:
    return sorted(toolchain.run(chains), key=lambda outcome: outcome.index)


def words(outcome: Outcome) -> str:
    return outcome.stdout.decode("utf-8", errors="replace")


def read_formats(said: str) -> FormatRange:
    """The range in what `checkmodule -V` says: "Module versions 4-21". NO_FORMATS where it says nothing."""
    found = re.search(r"\bversions (\d+)-(\d+)", said)
    return FormatRange(oldest=int(found[1]), newest=int(found[2])) if found else NO_FORMATS


def read_versions(said: str) -> Iterator[tuple[str, str]]:
    """Lines of name, version and "installed"; what is not installed says so in other words."""
    for line in said.splitlines():
        parts = line.split()
        if len(parts) == 3 and parts[2] == "installed":
            yield parts[0], parts[1]
