"""The interfaces of a target's own headers that give an access: the headers read once, and asked for each log."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from sepack.basepolicy import headers_program
from sepack.basepolicy.errors import BasePolicyError
from sepack.basepolicy.interfaces import Interfaces, index_interfaces, left_out
from sepack.basepolicy.programs import Programs
from sepack.errors import ToolMissingError
from sepack.fingerprints import digest_of
from sepack.pipeline.asking import remedy, with_tools
from sepack.pipeline.outputs import OutputError
from sepack.toolchain.errors import ToolchainError
from sepack.toolchain.probe import HEADERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sepack.model.interface_call import InterfaceCall
    from sepack.model.rule import Rule
    from sepack.pipeline.session import Session

KEPT = 4  # states of headers, 1 MB each


@dataclass(frozen=True, slots=True, kw_only=True)
class NearCalls:
    """`calls` are what was found for each access; `notes` say what was not looked at, a sentence each."""

    calls: Mapping[Rule, tuple[InterfaceCall, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def near_calls(session: Session, scratch: PurePosixPath, accesses: Iterable[Rule]) -> NearCalls:
    """For modules in the refpolicy dialect; `accesses` are those that stages.triage.interface names.

    Nothing is run where there are none. Where no headers are at hand, or nothing that reads them, there are no calls,
    and that is a note. Raises OutputError.
    """
    asked = tuple(accesses)
    if not asked:
        return NearCalls()
    if session.foreign_headers:
        return NearCalls(notes=(f"no interfaces were looked for: {session.foreign_headers}",))
    try:
        return _near(session, scratch, asked)
    except (BasePolicyError, ToolMissingError, ToolchainError) as error:
        words = " ".join(filter(None, (error.brief, error.hint or remedy(session, error))))
        return NearCalls(notes=(f"no interfaces were looked for: {words}",))
    except OSError as error:
        raise OutputError(str(error.filename or scratch), error) from error


def _near(session: Session, scratch: PurePosixPath, accesses: tuple[Rule, ...]) -> NearCalls:
    tools = session.ready(headers=True)
    workspace = session.workspace
    directory = scratch / Path(tempfile.mkdtemp(prefix="interfaces-", dir=workspace / scratch)).name
    programs = Programs(session.toolchain, workspace, directory)
    program = Path(headers_program.__file__).read_bytes()
    index = workspace.interfaces(digest_of(program, session.toolchain.identity, tools.header_signature))
    try:
        counts = left_out(workspace, index)
    except (OSError, ValueError, LookupError, TypeError):
        # Made aside and renamed: it is whole or not there.
        made = directory / "index.json"
        with_tools(session, lambda: index_interfaces(programs, str(HEADERS), made))
        (workspace / index).parent.mkdir(parents=True, exist_ok=True)
        (workspace / made).replace(workspace / index)
        for old in newest_first(workspace / index.parent)[KEPT:]:
            old.unlink(missing_ok=True)
        counts = left_out(workspace, index)
    finder = Interfaces(programs, workspace, index, directory)
    calls = with_tools(session, lambda: finder.near(accesses))
    told = [f"{number} ({why})" for why, number in counts.items() if number]
    return NearCalls(calls=calls, notes=(f"interfaces that are never offered: {', '.join(told)}",) if told else ())


def newest_first(directory: Path) -> list[Path]:
    return sorted(directory.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True)
