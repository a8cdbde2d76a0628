"""One target's toolchain during a build: chosen at once, opened and equipped only when something has to run."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from sepack.model.build import Chosen
from sepack.pipeline.toolchains import PLAIN_TOOLS, REFPOLICY_TOOLS, choose, equip, open_toolchain
from sepack.targets import POLICY_HEADERS, packages, read_host, release_of, settle, target
from sepack.toolchain.probe import recall

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from sepack.model.target import Target
    from sepack.model.toolchain import Toolchain
    from sepack.model.tools import Tools
    from sepack.settings import Settings
    from sepack.targets import HostFacts
    from sepack.workspace import Workspace


@dataclass
class Session:
    """Used as a context manager; what was opened in between is closed at its end.

    `foreign_headers` says why a module that calls interfaces cannot be built with this toolchain ("" where it can).
    """

    workspace: Workspace
    settings: Settings
    host: HostFacts
    target: Target
    toolchain: Toolchain
    chosen: Chosen
    foreign_headers: str
    say: Callable[[str], None]
    _stack: ExitStack = field(default_factory=ExitStack)
    _tools: Tools | None = None
    _entered: bool = False

    @classmethod
    def choose(cls, workspace: Workspace, settings: Settings, name: str, say: Callable[[str], None]) -> Self:
        """Decide, contacting nothing but a container engine's socket. Raises UnknownTargetError, NoToolchainError."""
        host = read_host()
        wanted = target(name, host)
        choice = choose(wanted, release_of(host), settings.toolchain, _engine)
        return cls(
            workspace=workspace,
            settings=settings,
            host=host,
            target=wanted,
            toolchain=open_toolchain(choice, workspace, settings, say),
            chosen=Chosen(target=wanted, toolchain=choice.kind.value, reason=choice.reason),
            foreign_headers=choice.foreign_headers,
            say=say,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def ready(self, *, headers: bool) -> Tools:
        """Open the toolchain and see to it that it holds what is needed; installs it on this host where it may.

        Raises what open_toolchain and equip raise.
        """
        self.opened()
        needed = REFPOLICY_TOOLS if headers else PLAIN_TOOLS
        if self._tools is None or self._tools.lacking(needed):
            allowed = self.settings.install != "never"
            self._tools = equip(self.toolchain, self.workspace, self.host, needed, allowed=allowed, say=self.say)
            self.target = settle(self.target, self._tools.checkmodule_formats)
        return self._tools

    def opened(self) -> Toolchain:
        """The toolchain, started; what it holds is not looked at. Raises ToolchainError."""
        if not self._entered:
            self._stack.enter_context(self.toolchain)
            self._entered = True
        return self.toolchain

    @property
    def jobs(self) -> int:
        """How many processes at a time; the same for each toolchain, as a container runs on this host's cores."""
        return self.settings.jobs or len(os.sched_getaffinity(0))

    def known(self) -> Tools | None:
        """The tools as they are or were last found to be, without running any; None where nobody looked yet."""
        if self._tools is None:
            self._tools = recall(self.toolchain.identity, self.workspace)
        return self._tools

    def versions(self) -> dict[str, str]:
        """Versions of the packages that the tools come from; empty where nobody looked yet or tools are missing."""
        tools = self.known()
        return dict(tools.versions) if tools is not None and not tools.lacking(PLAIN_TOOLS) else {}

    def versions_that_count(self) -> dict[str, str]:
        """Without the headers' own package: of those, what a module reaches is looked at itself."""
        headers = {packages(manager).get(POLICY_HEADERS) for manager in ("apt", "dnf")}
        return {name: version for name, version in self.versions().items() if name not in headers}

    def header_signature(self) -> str | None:
        """Stands for the state of the policy headers; None where there are none or nobody looked yet."""
        tools = self.known()
        return (tools.header_signature or None) if tools is not None else None


def _engine() -> tuple[bool, str]:
    from sepack.toolchain.engine import engine_available

    return engine_available()
