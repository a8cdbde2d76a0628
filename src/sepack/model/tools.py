"""What a toolchain holds, as it was found."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - part of the public values
from dataclasses import field
from typing import Final

from sepack.frozen import frozen
from sepack.model.target import FormatRange

NO_FORMATS: Final = FormatRange(oldest=0, newest=-1)


@frozen
class Tools:
    """The compile tools of one toolchain.

    `missing` names the tools that are not there, "policy headers" among them. `checkmodule_formats` is what
    checkmodule says it makes, NO_FORMATS without one; `has_format_option` whether it takes -c. `versions` maps a
    package to its version. `headers` is whether a refpolicy module can be expanded; then `build_conf` and `makefile`
    are the texts that say how, and `header_signature` changes when anything about the headers does.
    """

    missing: tuple[str, ...]
    checkmodule_formats: FormatRange
    has_format_option: bool
    headers: bool
    header_signature: str
    build_conf: str
    makefile: str
    versions: Mapping[str, str] = field(default_factory=dict)

    def lacking(self, needed: tuple[str, ...]) -> tuple[str, ...]:
        """Those of `needed` that are not there."""
        return tuple(name for name in needed if name in self.missing)
