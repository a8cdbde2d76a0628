"""A target's base policy: found, indexed once, and linked anew with the repository's modules, or why there is none."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from sepack.basepolicy import dump_program
from sepack.basepolicy.cache import INDEX, PolicyCache
from sepack.basepolicy.errors import BasePolicyError
from sepack.basepolicy.link import LinkRequest, link
from sepack.basepolicy.programs import Asker, Programs
from sepack.errors import ToolMissingError
from sepack.fingerprints import digest_of
from sepack.pipeline.asking import remedy, with_tools
from sepack.pipeline.outputs import OutputError
from sepack.toolchain.errors import ToolchainError
from sepack.toolchain.probe import LOCAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sepack.basepolicy.cache import KeptPolicy
    from sepack.model.base_policy import Answers, BasePolicy, Question
    from sepack.model.fix import PortLabel
    from sepack.model.package import PolicyPackage
    from sepack.pipeline.session import Session

CONFIGURATION: Final = PurePosixPath("/etc/selinux")


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedPolicy:
    """A policy to look up (`index`) and to ask (`ask`, as long as the session and its scratch last).

    `ask` raises BasePolicyError, ToolMissingError or ToolchainError where the tools for that are not to be had.

    `refused` maps the modules that are not in it to the tools' own words; `notes` say what else is not as it was asked
    for, a sentence each.
    """

    index: BasePolicy
    ask: Callable[[Iterable[Question]], Answers]
    refused: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoBasePolicy:
    """Why no base policy is at hand, in words that go after "because", and what would bring one."""

    reason: str
    details: tuple[str, ...] = ()
    hint: str = ""


def open_base_policy(session: Session, scratch: PurePosixPath) -> LinkedPolicy | NoBasePolicy:
    """The policy that is installed where the session's toolchain runs; its tools are installed where that is allowed.

    Nothing is started where its index is at hand. Raises OutputError.
    """
    if session.foreign_headers:
        return NoBasePolicy(reason=f"there is no policy of {session.target.title} here: {session.foreign_headers}")
    place = _Place(session, scratch)
    try:
        return place.base()
    except (BasePolicyError, ToolMissingError, ToolchainError) as error:
        return NoBasePolicy(reason=error.brief, details=error.details, hint=error.hint or remedy(session, error))
    except OSError as error:
        raise OutputError(str(error.filename or session.workspace.base_policies), error) from error


def linked(
    session: Session,
    scratch: PurePosixPath,
    modules: Sequence[PolicyPackage],
    *,
    booleans: Mapping[str, bool] | None = None,
    ports: Sequence[PortLabel] = (),
) -> LinkedPolicy | NoBasePolicy:
    """The base policy together with built modules, booleans put to a value, and ports given a label.

    Done in a copy of the store, which needs no kernel and changes nothing outside of build/. A module that does not
    link is left out and told, and so is what cannot be switched or labelled. Where the store cannot be read (it is
    root's), the base alone answers, and all modules are told. Raises OutputError, and ValueError for a name of a
    boolean, port type or protocol that is no identifier.
    """
    base = open_base_policy(session, scratch)
    switched = booleans or {}
    if isinstance(base, NoBasePolicy) or not (modules or switched or ports):
        return base
    target = session.target
    request = LinkRequest(
        policy_type=target.policy_type,
        store=target.store,
        mls=target.mls,
        packages=tuple(modules),
        booleans=switched,
        ports=tuple(ports),
    )
    try:
        return _Place(session, scratch).linked(request)
    except (BasePolicyError, ToolMissingError, ToolchainError) as error:
        words = (error.brief, *error.details)
        note = f"the base policy answers alone, because {error.brief}"
        refused = {module.name: words for module in modules}
        return LinkedPolicy(index=base.index, ask=base.ask, refused=refused, notes=(note,))
    except OSError as error:
        raise OutputError(str(error.filename or session.workspace.base_policies), error) from error


class _Place:
    """Where the policies of one session are looked for, made and kept."""

    def __init__(self, session: Session, scratch: PurePosixPath) -> None:
        self._session = session
        self._workspace = session.workspace
        self._scratch = scratch
        self._cache = PolicyCache(session.workspace)
        self._local = session.toolchain.identity == LOCAL
        self._configuration = CONFIGURATION / session.target.policy_type
        self._whose = "this host" if self._local else session.target.title

    def base(self) -> LinkedPolicy:
        key = self._base_key()
        kept = self._cache.open(key)
        if kept is None:
            made = self._directory("base")
            with_tools(self._session, lambda: self._programs().dump(str(self._configuration), made / INDEX))
            kept = self._cache.keep(made, key, self._whose)
        return LinkedPolicy(index=kept.index, ask=self._asker(kept, self._configuration))

    def linked(self, request: LinkRequest) -> LinkedPolicy:
        key = digest_of(self._base_key(), *self._store_state(), *request.identity())
        kept = self._cache.open(key) or self._link(request, key)
        absent = [name for name, value in sorted(request.booleans.items()) if kept.index.boolean_default(name) != value]
        return LinkedPolicy(
            index=kept.index,
            ask=self._asker(kept, kept.directory),
            refused=kept.refused,
            notes=(*kept.notes, *(f"not switched: there is no boolean {name}" for name in absent)),
        )

    def _base_key(self) -> str:
        """Stands for the policy, its file contexts, and the program that reads it; an image never changes.

        Raises BasePolicyError where this host has no policy.
        """
        program = Path(dump_program.__file__).read_bytes()
        if not self._local:
            return digest_of(program, self._session.toolchain.identity, str(self._configuration))
        try:
            policy = Path(dump_program.policy_file(str(self._configuration)))
        except dump_program.StoppedError as stop:
            raise BasePolicyError(stop.problem, [str(stop)]) from stop
        contexts = sorted(Path(self._configuration, "contexts/files").glob("file_contexts*"))
        files = [policy, *(path for path in contexts if path.suffix != ".bin")]
        return digest_of(program, *(part for path in files for part in (path.name, path.read_bytes())))

    def _store_state(self) -> list[str]:
        """What lies beside this host's modules: every commit counts itself there. Raises BasePolicyError."""
        if not self._local:
            return []
        try:
            files = sorted(path for path in Path(self._session.target.store, "active").iterdir() if path.is_file())
            return [f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files]
        except OSError as error:
            raise BasePolicyError("store unreadable", [f"{error.filename}: {error.strerror}"]) from error

    def _link(self, request: LinkRequest, key: str) -> KeptPolicy:
        copy = self._directory("copy")
        found = with_tools(self._session, lambda: link(request, self._session.opened(), self._workspace, copy))
        made = self._directory("linked")
        for name in ("policy", "contexts"):
            (self._workspace / found.directory / name).rename(self._workspace / made / name)
        for compiled in (self._workspace / made / "contexts/files").glob("*.bin"):
            compiled.unlink()  # three quarters of all that would be kept, and read no faster
        shutil.rmtree(self._workspace / copy)
        with_tools(self._session, lambda: self._programs().dump(str(made), made / INDEX))
        names = [module.name for module in request.packages if module.name not in found.refused]
        whose = f"{self._whose} with {', '.join(names) or 'nothing but its booleans and ports changed'}"
        return self._cache.keep(made, key, whose, refused=found.refused, notes=found.notes)

    def _asker(self, kept: KeptPolicy, directory: PurePosixPath) -> Asker:
        policy, contexts = directory / "policy" / kept.index.file_name, directory / "contexts/files/file_contexts"

        def run(questions: list[Question]) -> Answers:
            try:
                return with_tools(self._session, lambda: self._programs().ask(str(policy), str(contexts), questions))
            except OSError as error:
                raise OutputError(str(error.filename or self._scratch), error) from error

        return Asker(run)

    def _programs(self) -> Programs:
        return Programs(self._session.opened(), self._workspace, self._directory("asking"))

    def _directory(self, name: str) -> PurePosixPath:
        """A new one in scratch."""
        place = tempfile.mkdtemp(prefix=f"{name}-", dir=self._workspace / self._scratch)
        return self._scratch / Path(place).name
