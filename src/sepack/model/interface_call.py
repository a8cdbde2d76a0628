"""A call of a reference-policy interface, with all that it comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sepack.model.rule import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceCall:
    """`rules` are its whole effect; their sources and targets are types or attributes."""

    name: str
    arguments: tuple[str, ...]
    rules: tuple[Rule, ...]
