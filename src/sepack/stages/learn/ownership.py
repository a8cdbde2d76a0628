"""Whose denial it is: by what modules declare in `[domains]`, and by the types that they bring themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sepack.model.denial import Denial


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one module answers for. `declared` are the types that its text brings."""

    module: str
    types: frozenset[str] = frozenset()
    executables: frozenset[str] = frozenset()
    paths: tuple[str, ...] = ()
    declared: frozenset[str] = frozenset()


def owners(denial: Denial, claims: Iterable[Claim]) -> tuple[str, ...]:
    """The modules that answer for a denial; more than one where the claims do not tell them apart.

    The narrowest kind of claim that any module makes decides: a path of the object, then the program, then the
    domain, then a type that the module brings, be it the source's or the target's.
    """
    claims = list(claims)
    for narrow in (_by_path, _by_executable, _by_type, _by_own_source, _by_own_target):
        found = tuple(sorted(claim.module for claim in claims if narrow(claim, denial)))
        if found:
            return found
    return ()


def by_owner(
    denials: Iterable[Denial], claims: Iterable[Claim]
) -> tuple[Mapping[str, list[Denial]], list[tuple[Denial, tuple[str, ...]]]]:
    """Each module's denials, and those that nobody or several modules claim."""
    claims = list(claims)
    owned: dict[str, list[Denial]] = {}
    unowned: list[tuple[Denial, tuple[str, ...]]] = []
    for denial in denials:
        found = owners(denial, claims)
        if len(found) == 1:
            owned.setdefault(found[0], []).append(denial)
        else:
            unowned.append((denial, found))
    return owned, unowned


def _by_path(claim: Claim, denial: Denial) -> bool:
    """A prefix counts in a domain that the module answers for too, where it names one: `/srv` is read by many."""
    if claim.types and denial.access.source_type not in claim.types:
        return False
    paths = denial.evidence.paths.values
    return bool(paths) and all(any(_is_below(path, prefix) for prefix in claim.paths) for path in paths)


def _is_below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix.rstrip("/") + "/")


def _by_executable(claim: Claim, denial: Denial) -> bool:
    executables = denial.evidence.executables.values
    if claim.types and denial.access.source_type not in claim.types:
        return False
    return bool(executables) and claim.executables.issuperset(executables)


def _by_type(claim: Claim, denial: Denial) -> bool:
    return denial.access.source_type in claim.types


def _by_own_source(claim: Claim, denial: Denial) -> bool:
    return denial.access.source_type in claim.declared


def _by_own_target(claim: Claim, denial: Denial) -> bool:
    return denial.access.target_type in claim.declared
