"""Tools as JSON and back: what a probe found, kept beside the key that says whether it still holds."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from sepack.model.target import FormatRange
from sepack.model.tools import Tools

SCHEMA = 1


def tools_to_json(tools: Tools, key: str) -> str:
    return json.dumps({"schema": SCHEMA, "key": key, "tools": asdict(tools)}, indent=2, sort_keys=True) + "\n"


def tools_from_json(text: str | bytes, key: str) -> Tools | None:
    """None where the text is of another key or no such text at all: the tools are then probed again."""
    try:
        data: dict[str, Any] = json.loads(text)
        if (data["schema"], data["key"]) != (SCHEMA, key):
            return None
        fields = data["tools"]
        formats = FormatRange(**fields.pop("checkmodule_formats"))
        return Tools(missing=tuple(fields.pop("missing")), checkmodule_formats=formats, **fields)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
