"""Links a policy anew in a copy of the store: with the repository's modules, booleans and ports, without a kernel."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from sepack.basepolicy.errors import BasePolicyError
from sepack.model.command import Command

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sepack.model.command import Outcome
    from sepack.model.fix import PortLabel
    from sepack.model.package import PolicyPackage
    from sepack.model.toolchain import Toolchain
    from sepack.workspace import Workspace

# Above every priority that a package or a person uses, so that what was built stands before what the host has loaded.
PRIORITY: Final = 999
NOT_FOUND: Final = 127
KILLED: Final = 128
IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*", re.ASCII)
PORT: Final = re.compile(r"portcon\s+(\w+)\s+(\d+)(?:\s*-\s*(\d+))?\s")
IN_MODULE: Final = re.compile(rf"/modules/{PRIORITY}/([^/\s]+)/")
NO_TYPE: Final = re.compile(r"type (\S+) is not defined")
# libsemanage makes an input/output error of a full disk.
NO_ROOM: Final = re.compile(
    r"No space left on device|quota exceeded|Cannot allocate memory|Out of memory|Input/output error", re.IGNORECASE
)
SEMANAGE_CONF: Final = "/etc/selinux/semanage.conf"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRequest:
    """What shall be linked: `store` holds the modules of `policy_type`; booleans and ports are semanage's own."""

    policy_type: str
    store: PurePosixPath
    mls: bool
    packages: tuple[PolicyPackage, ...] = ()
    booleans: Mapping[str, bool] = field(default_factory=dict)
    ports: tuple[PortLabel, ...] = ()

    def __post_init__(self) -> None:
        """Raises ValueError: what is no identifier reaches no file of the store's."""
        for name in (*self.booleans, *(word for port in self.ports for word in (port.protocol, port.type))):
            if not IDENTIFIER.fullmatch(name):
                raise ValueError(f"not an identifier: {name!r}")

    def identity(self) -> list[str]:
        """What tells two of them apart, for one state of the store."""
        modules = [f"module {each.name} {each.digest}" for each in self.packages]
        booleans = [f"boolean {name} {value}" for name, value in sorted(self.booleans.items())]
        return [self.policy_type, *modules, *booleans, *(port.statement() for port in self.ports)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """`directory` is laid out as /etc/selinux/<type> is, workspace-relative, and lies in scratch.

    `refused` maps the modules that do not link to semodule's own words; `notes` say what else was left out.
    """

    directory: PurePosixPath
    refused: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...]


def link(request: LinkRequest, toolchain: Toolchain, workspace: Workspace, scratch: PurePosixPath) -> Linked:
    """Copy the store into `scratch` and link it with all modules that do link; the others are told.

    Raises BasePolicyError where the store cannot be read (it is root's), or does not link by itself.
    """
    linker = _Linker(request, toolchain, workspace, scratch / "store")
    linker.copy()
    linker.set_booleans()
    linker.label_ports(request.ports)
    linker.install(request.packages)
    linker.commit()
    return Linked(directory=linker.configuration, refused=linker.refused, notes=tuple(linker.notes))


class _Linker:
    """One copy of the store. A transaction that fails leaves it as it was, so modules are added to those that link."""

    def __init__(self, request: LinkRequest, toolchain: Toolchain, workspace: Workspace, root: PurePosixPath) -> None:
        self._request = request
        self._toolchain = toolchain
        self._workspace = workspace
        self._root = root
        self._store = PurePosixPath(f"{root}{request.store}")
        self._linked = False
        self._ports: tuple[PortLabel, ...] = ()
        self.configuration = PurePosixPath(f"{root}/etc/selinux/{request.policy_type}")
        self.refused: dict[str, tuple[str, ...]] = {}
        self.notes: list[str] = []

    def copy(self) -> None:
        """The store's modules and local changes, and the contexts that no module brings (subs_dist and the like)."""
        original = f"/etc/selinux/{self._request.policy_type}"
        outcome = self._run(
            ("mkdir", "-p", "-m", "700", str(self._store), str(self.configuration)),
            ("cp", "-R", f"{self._request.store}/active", str(self._store)),
            ("cp", SEMANAGE_CONF, f"{self._root}/etc/selinux/"),
            ("cp", "-R", f"{original}/contexts", str(self.configuration)),
        )
        if outcome.exit_code != 0:
            raise BasePolicyError("store unreadable", words_of(outcome)[-1:])

    def set_booleans(self) -> None:
        path = self._active("booleans.local")
        wanted = self._request.booleans
        kept = [line for line in lines_of(path) if line.partition("=")[0].strip() not in wanted]
        write(path, [*kept, *(f"{name}={int(value)}" for name, value in sorted(wanted.items()))])

    def label_ports(self, ports: Sequence[PortLabel]) -> None:
        """A range that overlaps a local one takes its place; of two that overlap here, the first counts."""
        chosen: list[PortLabel] = []
        for port in ports:
            if any(overlap(port, span(other)) for other in chosen):
                self.notes.append(f"not labelled: {port.statement()}, which overlaps another port label asked for")
            else:
                chosen.append(port)
        path = self._active("ports.local")
        kept = [line for line in lines_of(path) if not any(overlap(port, read_port(line)) for port in chosen)]
        write(path, [*kept, *(self._port_line(port) for port in chosen)])
        self._ports = tuple(chosen)

    def install(self, packages: Sequence[PolicyPackage]) -> None:
        """All of them, or else all but those that are at fault: where semodule names none, by halves."""
        if not packages:
            return
        files = [word for each in packages for word in ("-i", str(each.path))]
        outcome = self._semodule("-X", str(PRIORITY), *files)
        if outcome.exit_code == 0:
            self._linked = True
        elif self._drop_port_types(outcome):
            self.install(packages)
        elif culprit := named(outcome, packages) or (packages[0] if len(packages) == 1 else None):
            self.refused[culprit.name] = tuple(words_of(outcome))
            self.install([each for each in packages if each is not culprit])
        else:
            self.commit()  # where the store itself does not link, no module is at fault
            self.install(packages[: len(packages) // 2])
            self.install(packages[len(packages) // 2 :])

    def commit(self) -> None:
        """Link the store by itself, with its booleans and ports, where no module did."""
        if self._linked:
            return
        outcome = self._semodule("-B")
        if outcome.exit_code != 0 and self._drop_port_types(outcome):
            outcome = self._semodule("-B")
        if outcome.exit_code != 0:
            raise BasePolicyError("store broken", words_of(outcome))
        self._linked = True

    def _drop_port_types(self, outcome: Outcome) -> bool:
        """Whether some ports were to get a type that there is none of; the others are kept, and it is said."""
        unknown = {kind for line in words_of(outcome) for kind in NO_TYPE.findall(line)}
        left = [port for port in self._ports if port.type not in unknown]
        if len(left) == len(self._ports):
            return False
        for port in self._ports:
            if port not in left:
                self.notes.append(f"not labelled: {port.statement()}, whose type is in no policy that links")
        wrong = {self._port_line(port) for port in self._ports} - {self._port_line(port) for port in left}
        path = self._active("ports.local")
        write(path, [line for line in lines_of(path) if line not in wrong])
        self._ports = tuple(left)
        return True

    def _port_line(self, port: PortLabel) -> str:
        level = ":s0" if self._request.mls else ""
        ports = str(port.low) if port.low == port.high else f"{port.low}-{port.high}"
        return f"portcon {port.protocol} {ports} system_u:object_r:{port.type}{level}"

    def _active(self, name: str) -> Path:
        return self._workspace / self._store / "active" / name

    def _semodule(self, *words: str) -> Outcome:
        outcome = self._run(("semodule", "-n", "-p", str(self._root), "-s", self._request.policy_type, *words))
        if outcome.exit_code == NOT_FOUND:
            raise BasePolicyError("no semodule", [])
        said = words_of(outcome)
        # No module is at fault for that, and nothing is to be remembered of it.
        if outcome.exit_code > KILLED or (outcome.exit_code != 0 and any(map(NO_ROOM.search, said))):
            raise BasePolicyError("no room", said or [f"semodule was ended by signal {outcome.exit_code - KILLED}"])
        return outcome

    def _run(self, *argvs: tuple[str, ...]) -> Outcome:
        (done,) = self._toolchain.run([[Command(argv=argv) for argv in argvs]])
        return done.last


def named(outcome: Outcome, packages: Sequence[PolicyPackage]) -> PolicyPackage | None:
    """The one of `packages` that semodule's words point at, if they point at one alone."""
    words = words_of(outcome)
    names = {name for line in words for name in IN_MODULE.findall(line)}
    names |= {line.partition(":")[0] for line in words if not line.startswith("semodule:")}
    found = [each for each in packages if each.name in names]
    return found[0] if len(found) == 1 else None


def words_of(outcome: Outcome) -> list[str]:
    """What it said, without the place of the copy."""
    said = (outcome.stdout + outcome.stderr).decode("utf-8", "replace")
    return [re.sub(r"\S*/var/lib/selinux/", "/var/lib/selinux/", line) for line in said.splitlines() if line.strip()]


def span(port: PortLabel) -> tuple[str, int, int]:
    return port.protocol, port.low, port.high


def read_port(line: str) -> tuple[str, int, int] | None:
    """Protocol, first and last port of a line of ports.local; None where it holds none."""
    found = PORT.match(line)
    return (found[1], int(found[2]), int(found[3] or found[2])) if found else None


def overlap(port: PortLabel, other: tuple[str, int, int] | None) -> bool:
    return other is not None and port.protocol == other[0] and port.low <= other[2] and other[1] <= port.high


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def write(path: Path, lines: Sequence[str]) -> None:
    if lines or path.exists():
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
