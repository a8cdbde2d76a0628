"""Text that came from a log, made safe to look at: on one line of a terminal, and in markdown."""

from __future__ import annotations

from sepack.console.screen import visible

# Marks that turn the direction of writing, and so can make a line read as another one.
_TURNING = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C))
_MARKUP = "\\`*_{}[]|#!~"
WIDEST = 100


def one_line(text: str, widest: int = WIDEST) -> str:
    """White space folded, no control character, no turning mark, cut at `widest` characters."""
    text = visible(" ".join(text.translate(_TURNING).split()))
    return text if len(text) <= widest else f"{text[: widest - 1]}…"


def in_markdown(text: str) -> str:
    """Nothing in it is taken for markup, a link, a mention or HTML."""
    text = "".join(f"\\{char}" if char in _MARKUP else char for char in text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "&#64;")


def as_code(text: str) -> str:
    """A span of code in markdown; more backquotes around it than there are within."""
    fence = "`"
    while fence in text:
        fence += "`"
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"
