"""A value as TOML that a person can review: a list of tables a table a line, and no character that hides."""

from __future__ import annotations

from typing import Any

_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
_SURROGATES = range(0xD800, 0xE000)


def as_toml(value: Any) -> Any:
    """The item of tomlkit's for a text, number, day, list or dict."""
    import tomlkit

    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        table = tomlkit.table()
        for key, each in value.items():
            table[key] = as_toml(each)
        return table
    if isinstance(value, list):
        array = tomlkit.array()
        for each in value:
            array.append(as_toml_inline(each))
        return array.multiline(any(isinstance(each, dict) for each in value))
    return tomlkit.item(value)


def as_toml_inline(value: Any) -> Any:
    """The same, with a dict within one line: an element of a list."""
    import tomlkit

    if not isinstance(value, dict):
        return as_toml(value)
    table = tomlkit.inline_table()
    for key, each in value.items():
        table[key] = as_toml(each)
    return table


def _text(value: str) -> Any:
    """In quotation marks, with an escape for what a terminal or a review would show as nothing or as something else.

    Text of a log may hold any character, those that turn a line's direction around included.
    """
    from tomlkit.items import String, StringType, Trivia

    # Half of a character pair is in no text that TOML can hold; logs have such bytes.
    whole = "".join("\N{REPLACEMENT CHARACTER}" if ord(char) in _SURROGATES else char for char in value)
    return String(StringType.SLB, whole, "".join(map(_escaped, whole)), Trivia())


def _escaped(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"
