"""The names near one that is not known, for the sentences that say what a person may have meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def near_names(word: str, known: Iterable[str], limit: int = 3, cutoff: float = 0.6) -> tuple[str, ...]:
    """At most `limit` of `known`, the nearest first; case and the kind of dash make no difference.

    `cutoff` is how near is near: 1 lets through the name itself only.
    """
    import difflib

    spelled = {folded(name): name for name in sorted(known, reverse=True)}
    found = difflib.get_close_matches(folded(word), spelled, n=limit, cutoff=cutoff)
    return tuple(spelled[name] for name in found)


def folded(name: str) -> str:
    return name.casefold().replace("-", "_")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The question "Did you mean a or b?", or nothing where no name is near."""
    near = near_names(word, known)
    return f"Did you mean {' or '.join(near)}?" if near else ""
