"""`doctor`: what is there, what is missing and what brings it, and what would build for each target."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING

from sepack.errors import SepackError
from sepack.model.doctor import Check, DoctorReport, TargetReport
from sepack.pipeline.toolchains import CHECKING_TOOLS, PLAIN_TOOLS, REFPOLICY_TOOLS, Kind, NoToolchainError, choose
from sepack.targets import POLICY_HEADERS, packages, read_host, release_of, settle, target
from sepack.toolchain.engine import connect, engine_available
from sepack.toolchain.install import INSTALL, by_hand
from sepack.toolchain.local import LocalToolchain
from sepack.toolchain.probe import TOOLS, probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from sepack.model.toolchain import Toolchain
    from sepack.model.tools import Tools
    from sepack.settings import Settings
    from sepack.targets import HostFacts
    from sepack.workspace import Workspace


def diagnose(
    workspace: Workspace,
    settings: Settings,
    *,
    host: HostFacts | None = None,
    toolchain: Toolchain | None = None,
    engine: Callable[[], Check] | None = None,
) -> DoctorReport:
    """Look at this host; installs nothing and builds no image.

    `host`, `toolchain` and `engine` stand in for this host, its own tools and its container engine. Raises
    UnknownTargetError and ToolchainError.
    """
    facts = host or read_host()
    tools = probe(toolchain or LocalToolchain(workspace.root), workspace)
    found = (engine or look_for_engine)()
    known = [tool for tool in tools.missing if tool in packages(facts.package_manager)]
    return DoctorReport(
        checks=(*own_checks(), *(tool_check(name, tools, facts) for name in (*TOOLS, POLICY_HEADERS))),
        engine=found,
        targets=tuple(report_on(name, settings, facts, tools, found) for name in settings.targets),
        install=by_hand(known, facts.package_manager) if known and facts.package_manager in INSTALL else "",
    )


def own_checks() -> tuple[Check, ...]:
    return (
        Check(name="Python", found=True, version=platform.python_version(), serves="everything"),
        Check(name="Invoke", found=True, version=version("invoke"), serves="everything"),
    )


def tool_check(name: str, tools: Tools, host: HostFacts) -> Check:
    package = packages(host.package_manager).get(name, "")
    found = name not in tools.missing
    makes = f"makes module formats {tools.checkmodule_formats}"
    return Check(
        name=name,
        found=found,
        version=tools.versions.get(package, "") if found else "",
        detail=makes if found and name == "checkmodule" else "",
        package=package,
        serves=purpose(name),
    )


def purpose(name: str) -> str:
    if name in CHECKING_TOOLS:
        return "checking file contexts"
    return "every module" if name in PLAIN_TOOLS else "refpolicy modules"


def look_for_engine() -> Check:
    """The container engine: where it listens and its version, or why there is none."""
    there, said = engine_available()
    serves = "other releases than this host's"
    if not there:
        return Check(name="container engine", found=False, detail=said, serves=serves)
    try:
        client = connect(os.environ)
        try:
            number = str(client.version().get("Version", ""))
        finally:
            client.close()
    except SepackError as error:
        words = "; ".join((error.brief.rstrip("."), *error.details))
        return Check(name="container engine", found=False, detail=f"{said}: {words}", serves=serves)
    return Check(name="container engine", found=True, version=number, detail=said, serves=serves)


def report_on(name: str, settings: Settings, host: HostFacts, tools: Tools, engine: Check) -> TargetReport:
    found = settle(target(name, host), tools.checkmodule_formats)
    try:
        choice = choose(found, release_of(host), settings.toolchain, lambda: (engine.found, engine.detail))
    except NoToolchainError as error:
        return TargetReport(target=found, toolchain="", reason=error.why, hint=error.hint)
    needed = PLAIN_TOOLS if choice.foreign_headers else REFPOLICY_TOOLS
    return TargetReport(
        target=found,
        toolchain=choice.kind.value,
        reason=choice.reason,
        plain_only=choice.foreign_headers,
        lacking=tools.lacking(needed) if choice.kind is Kind.LOCAL else (),
    )
