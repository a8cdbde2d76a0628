"""Denials in a line, for the tests of triage."""

from __future__ import annotations

from sepack.model.denial import Access, Denial, Evidence, SecurityContext, Smallest


def denied(text: str, *paths: str, **evidence: object) -> Denial:
    """`httpd_t var_t:file read`; levels may follow the types after an @ (`svirt_t@s0:c1`)."""
    source, rest, permission = text.split(" ")
    target, _, tclass = rest.rpartition(":")
    pair = tuple(_context(each, role) for each, role in ((source, "system_r"), (target, "object_r")))
    values: dict[str, object] = {
        "lines": 1,
        "commands": Smallest.of({"apache2"}),
        "paths": Smallest.of(set(paths)),
        "contexts": Smallest.of({pair}),
        **{name: Smallest.of(set(value)) if isinstance(value, set) else value for name, value in evidence.items()},
    }
    access = Access(pair[0].type, pair[1].type, tclass, permission)
    return Denial(access=access, evidence=Evidence(**values))  # type: ignore[arg-type]


def _context(text: str, role: str) -> SecurityContext:
    name, _, level = text.partition("@")
    return SecurityContext(user="system_u", role=role, type=name, level=level or "s0")
