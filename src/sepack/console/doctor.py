"""The report of `doctor`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from sepack.console.screen import print_json

if TYPE_CHECKING:
    from sepack.console.screen import Screen
    from sepack.model.doctor import Check, DoctorReport, TargetReport


def show_report(screen: Screen, report: DoctorReport, command: str) -> None:
    for check in (*report.checks, report.engine):
        _show_check(screen, check)
    for target in report.targets:
        _show_target(screen, target)
    if report.ready:
        screen.line(f"next: {command} build")
    elif report.install:
        screen.line(f"next: {command} build   (installs what is missing), or yourself: {report.install}")
    else:
        screen.line("next: mend what is missing above")


def _show_check(screen: Screen, check: Check) -> None:
    facts = [part for part in (check.version, check.detail) if part]
    if check.found:
        screen.line(f"found    {check.name:18} {', '.join(facts)}".rstrip())
        return
    brings = f"comes with {check.package}" if check.package else ""
    why = ", ".join(part for part in (*facts, brings, f"needed for {check.serves}") if part)
    screen.line(f"missing  {check.name:18} {why}", style="yellow")


def _show_target(screen: Screen, report: TargetReport) -> None:
    target = report.target
    name = f"target   {target.name:18} {target.title}, reads formats {target.formats}"
    if not report.toolchain:
        screen.line(f"{name}: cannot be built for, {report.reason}", style="yellow")
        return
    why = f", {report.plain_only}" if report.plain_only != report.reason else ""
    limits = f"; plain modules only{why}" if report.plain_only else ""
    screen.line(f"{name}: {report.toolchain}, {report.reason}{limits}")
    if report.lacking:
        screen.line(f"         lacks {', '.join(report.lacking)}", style="yellow")


def print_report_json(report: DoctorReport) -> None:
    print_json({**asdict(report), "ready": report.ready})
