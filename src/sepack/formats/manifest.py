"""manifest.json: a Manifest as JSON and back."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from sepack.model.module import Dialect
from sepack.model.package import Manifest

SCHEMA = 1


def manifest_to_json(manifest: Manifest) -> str:
    """Stable text: keys sorted, two spaces, a final newline; equal manifests give equal bytes."""
    facts = {field.name: getattr(manifest, field.name) for field in fields(manifest)}
    document = {"schema": SCHEMA, **facts}
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def manifest_from_json(text: str | bytes) -> Manifest | None:
    """None when the text is no manifest of this schema: what it describes is then built again."""
    try:
        data: dict[str, Any] = json.loads(text)
        if data.pop("schema") != SCHEMA:
            return None
        data["dialect"] = Dialect(data["dialect"])
        data["templates"] = tuple(data["templates"])
        data["warnings"] = tuple(data["warnings"])
        return Manifest(**data)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
