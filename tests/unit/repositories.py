"""Small policy repositories for tests, written from a mapping of paths to texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.catalog import load_modules
from sepack.targets import load_targets
from sepack.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sepack.errors import SepackError
    from sepack.model.module import Module

EL9 = load_targets()["el9"]
RULES = "module shop 1.0;\n\nrequire { type httpd_t; class process execmem; }\n\nallow httpd_t self:process execmem;\n"


def repository(root: Path, files: Mapping[str, str | bytes]) -> Workspace:
    """A workspace at `root` with these files; what is given as text is written as UTF-8, without any change."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return Workspace(root)


def only_module(workspace: Workspace) -> Module:
    modules, problems = load_modules(workspace)
    assert not problems, problems
    assert len(modules) == 1, modules
    return modules[0]


def the_errors(workspace: Workspace) -> list[SepackError]:
    """All that is wrong in the repository, module by module."""
    return [error for problem in load_modules(workspace)[1] for error in problem.errors]


def the_error(workspace: Workspace) -> SepackError:
    errors = the_errors(workspace)
    assert len(errors) == 1, errors
    return errors[0]


def told(error: SepackError) -> str:
    """All that a person gets to read of it."""
    return "\n".join([str(error), error.where.text or "" if error.where else "", *error.details, error.hint])
