"""What no fix may do, whatever a log says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sepack.model.neverallow import Neverallow


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardrail:
    """One of policy/guardrails.toml; `reason` is a sentence for somebody who knows no SELinux."""

    name: str
    reason: str
    neverallow: Neverallow
