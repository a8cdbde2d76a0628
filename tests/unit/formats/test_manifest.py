"""A manifest as JSON and back."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepack.formats.manifest import manifest_from_json, manifest_to_json
from sepack.model.module import Dialect
from sepack.model.package import Manifest

WORDS = st.text(max_size=12)
TABLES = st.dictionaries(WORDS, WORDS, max_size=4)
MANIFESTS = st.builds(
    Manifest,
    name=WORDS,
    version=WORDS,
    target=WORDS,
    format=st.integers(4, 24),
    dialect=st.sampled_from(Dialect),
    toolchain=WORDS,
    outputs=TABLES,
    inputs=TABLES,
    tools=TABLES,
    interface_index=WORDS,
    templates=st.lists(WORDS, max_size=3).map(tuple),
    warnings=st.lists(WORDS, max_size=3).map(tuple),
)


@given(MANIFESTS)
def test_what_is_saved_is_loaded(manifest: Manifest) -> None:
    assert manifest_from_json(manifest_to_json(manifest)) == manifest


@given(MANIFESTS)
def test_equal_manifests_are_equal_bytes(manifest: Manifest) -> None:
    turned = replace(manifest, inputs=dict(reversed(list(manifest.inputs.items()))))
    assert manifest_to_json(turned) == manifest_to_json(manifest)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", "{}", '{"schema": 999}', '{"schema": 1, "name": "x"}'])
def test_anything_else_is_no_manifest(text: str) -> None:
    assert manifest_from_json(text) is None


@given(MANIFESTS)
def test_a_manifest_of_another_version_is_none(manifest: Manifest) -> None:
    data = json.loads(manifest_to_json(manifest))
    assert manifest_from_json(json.dumps({**data, "schema": data["schema"] + 1})) is None
    assert manifest_from_json(json.dumps({**data, "surplus": 1})) is None
