"""`regenerate`: denials to a proposal for each module that answers for them, and, when told, into its ledger."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from sepack.catalog.folder import is_module_name
from sepack.catalog.ledger import ledger_from_text
from sepack.catalog.ledger_file import ledger_text, save_items
from sepack.errors import DeclarationError, SepackError
from sepack.frozen import frozen
from sepack.model.proposal import Proposal, Regeneration, Unowned, Word
from sepack.pipeline.learning import Judge, Known, declared_state, look_at_modules, read_log
from sepack.pipeline.scratch import scratch_directory
from sepack.pipeline.session import Session
from sepack.pipeline.word import NotProposedError
from sepack.stages.learn.evidence import as_it_is, hashed
from sepack.stages.learn.ownership import Claim, by_owner
from sepack.stages.learn.propose import propose, unmatched
from sepack.workspace import DECLARATION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import PurePosixPath

    from sepack.model.audit_log import Aggregation
    from sepack.model.ledger import Ledger
    from sepack.settings import Settings
    from sepack.workspace import Workspace

_NEW_DECLARATION = """\
# Begun from denials that no module answered for: `inv regenerate --new {name}`.
version = "1.0.0"
summary = "What is it for? Say so here, in a line"

[domains]
types = [{types}]
"""


class NewModuleError(DeclarationError):
    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            f"--new {name}: {why}",
            hint="Name a module that is not there yet: letters, digits, - and _, beginning with a letter.",
        )


@frozen
class RegenerateRequest:
    """What was asked for on the command line; `modules` empty means all, `new` "" that none is to be started."""

    logs: tuple[str, ...]
    word: Word
    modules: tuple[str, ...] = ()
    apply: bool = False
    new: str = ""


def regenerate(
    workspace: Workspace, settings: Settings, request: RegenerateRequest, say: Callable[[str], None]
) -> Regeneration:
    """What the log adds to the ledgers of the modules asked for; with `apply` it has been written.

    Raises NoLogError, UnknownModuleError, an error of a module or ledger asked for, NotProposedError, NewModuleError,
    what Session.choose raises, and the errors of writing a ledger: those before it are written then, and whole.
    """
    aggregation = read_log(request.logs, "regenerate")
    session = Session.choose(workspace, settings, settings.targets[0], say)
    known = look_at_modules(workspace, session.target, request.modules)
    if request.new:
        known = _with_new(known, request.new, aggregation)
    ledgers = {claim.module: _ledger(workspace, claim.module) for claim in known.claims}
    declared = {module.name: declared_state(module) for module in known.modules}
    host = hashed if settings.ledger_hosts == "hashed" else as_it_is
    with session, scratch_directory(workspace) as scratch:
        judge = Judge.of(session, scratch, known)
        owned, unowned = by_owner(aggregation.denials.values(), known.claims)
        errors, _ = by_owner(aggregation.errors.values(), known.claims)
        asked = request.modules or tuple(claim.module for claim in known.claims)
        names = (*asked, *([request.new] if request.new and request.new not in asked else []))
        proposals = []
        for name in names:
            interfaces = name in known.refpolicy
            verdicts = judge.verdicts(owned.get(name, ()), errors.get(name, ()), interfaces=interfaces)
            proposals.append(propose(name, verdicts, ledgers[name][1], request.word, host, declared.get(name, ())))
    for statement in unmatched(proposals, request.word):
        raise NotProposedError(statement, proposals)
    others = sum(len(denials) for name, denials in owned.items() if name not in {each.module for each in proposals})
    notes = [*known.notes, *judge.notes]
    notes += [f"{others} denials belong to modules that were not asked for"] if others else []
    found = Regeneration(
        target=session.target.name,
        policy=judge.title,
        proposals=tuple(proposals),
        unowned=tuple(Unowned(denial=denial, claimed_by=claimed) for denial, claimed in unowned),
        account=aggregation.account,
        faults=aggregation.faults,
        notes=tuple(notes),
    )
    if not request.apply:
        return found
    texts = {name: text for name, (text, _) in ledgers.items()}
    return replace(found, written=tuple(_write(workspace, request, known, proposals, texts)))


def _ledger(workspace: Workspace, name: str) -> tuple[str | None, Ledger]:
    """The text that everything is decided on, and what it means."""
    text = ledger_text(workspace, name)
    ledger, errors = ledger_from_text(text or "", workspace.ledger(name))
    if errors:
        raise errors[0]
    return text, ledger


def _with_new(known: Known, name: str, aggregation: Aggregation) -> Known:
    """With a module that claims the domains of all that nobody claims."""
    if not is_module_name(name):
        raise NewModuleError(name, "this is no module's name")
    if any(module.name == name for module in known.modules):
        raise NewModuleError(name, f"policy/{name} is there already")
    _, unowned = by_owner(aggregation.denials.values(), known.claims)
    types = frozenset(denial.access.source_type for denial, claimed in unowned if not claimed)
    return replace(known, claims=(*known.claims, Claim(module=name, types=types)))


def _write(
    workspace: Workspace,
    request: RegenerateRequest,
    known: Known,
    proposals: Sequence[Proposal],
    texts: Mapping[str, str | None],
) -> list[PurePosixPath]:
    written: list[PurePosixPath] = []
    for proposal in proposals:
        items = [change.item for change in proposal.changes]
        if not items:
            continue
        is_new = proposal.module == request.new
        if is_new:
            _start_module(workspace, request.new, known)
        try:
            changed = save_items(workspace, proposal.module, items, before=texts[proposal.module])
        except SepackError:
            if is_new:  # without a ledger it is no module, and would be in the way of the next try
                shutil.rmtree(workspace / workspace.module_directory(proposal.module), ignore_errors=True)
            raise
        if changed:
            written.append(workspace.ledger(proposal.module))
    return written


def _start_module(workspace: Workspace, name: str, known: Known) -> None:
    """A folder with nothing but a declaration: the ledger is all the module has to begin with."""
    types = next(claim.types for claim in known.claims if claim.module == name)
    directory = workspace / workspace.module_directory(name)
    beside = directory.with_name(f".{name}.{os.getpid()}")  # no module: its name begins with a dot
    try:
        beside.mkdir()
        listed = ", ".join(f'"{each}"' for each in sorted(types))
        (beside / DECLARATION).write_text(_NEW_DECLARATION.format(name=name, types=listed), encoding="utf-8")
        beside.rename(directory)
    except OSError as error:
        shutil.rmtree(beside, ignore_errors=True)
        raise NewModuleError(name, f"its folder cannot be made: {error.strerror}") from error
