"""Names for states of headers and interfaces, so that a build with nothing to do need not look at any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.fingerprints import digest_of

if TYPE_CHECKING:
    from sepack.model.target import Target

SCHEMA = "2"


def headers_identity(signature: str, target: Target) -> str:
    """Stands for prepared headers: `signature` for the files and for m4, the target for the parameters."""
    return digest_of(SCHEMA, signature, target.policy_type, str(target.mls))[:16]


def index_identity(headers: str, own: str) -> str:
    """Stands for an index of the interfaces of `headers` (an identity) and of the repository (`own`)."""
    return digest_of(headers, own)
