"""How an error looks: what happened and where, the line itself, why, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sepack.console.screen import visible

if TYPE_CHECKING:
    from sepack.console.screen import Screen
    from sepack.errors import SepackError


def show_error(screen: Screen, error: SepackError, indent: str = "") -> None:
    """Several lines, each after `indent`."""
    screen.line(f"{indent}{error}", style="bold red")
    for line in error_lines(error):
        screen.line(f"{indent}  {line}")


def error_lines(error: SepackError) -> list[str]:
    """All but the first line: the author's line with a caret, the details, what to do."""
    lines: list[str] = []
    where = error.where
    if where is not None and where.text is not None and where.line is not None:
        text = where.text.replace("\t", " ")
        number = str(where.line)
        lines.append(f"{number} | {text}")
        if where.column is not None:
            lines.append(f"{' ' * len(number)} | {' ' * (where.column - 1)}^")
    lines += [line for detail in error.details for line in detail.split("\n")]
    if error.hint:
        lines.append(f"→ {error.hint}")
    return lines


def error_as_json(error: SepackError) -> dict[str, Any]:
    where = error.where
    return {
        "error": type(error).__name__,
        "brief": error.brief,
        "path": str(where.path) if where else None,
        "line": where.line if where else None,
        "column": where.column if where else None,
        "text": where.text if where else None,
        "details": list(error.details),
        "hint": error.hint,
    }


def error_text(error: SepackError) -> str:
    """The same as plain text, for Invoke's own last word on standard error."""
    return visible("\n".join([str(error), *(f"  {line}" for line in error_lines(error))]))
