"""Decides what has to be built: a pure function of what a module is made of now and what it was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.model.build import Build, Decision, Fresh

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sepack.model.package import Manifest


def decide(
    module: str,
    inputs: Mapping[str, str],
    tools: Mapping[str, str],
    outputs: Mapping[str, str | None],
    prior: Manifest | None,
    *,
    force: bool = False,
) -> Decision:
    """Build with its reason, or Fresh.

    `inputs` are what a build would write into its manifest; `tools` are the versions that count there (empty: nobody
    knows them now, and there is nothing to hold against those that built it); `outputs` gives, for each output that
    `prior` names, the digest of what lies there now (None: nothing). The first difference is the reason.
    """
    if prior is None:
        return Build(module=module, reason="not built yet")
    reason = "forced" if force else _changed(inputs, prior.inputs) or _tool(tools, prior.tools)
    reason = reason or _output(outputs, prior.outputs)
    return Build(module=module, reason=reason) if reason else Fresh(module=module, manifest=prior)


def _changed(now: Mapping[str, str], before: Mapping[str, str]) -> str:
    for label, digest in now.items():
        if label not in before:
            return f"{label} is new"
        if before[label] != digest:
            return f"{label} changed"
    gone = next((label for label in before if label not in now), None)
    return f"{gone} is gone" if gone else ""


def _tool(now: Mapping[str, str], before: Mapping[str, str]) -> str:
    for name, version in now.items():
        if before.get(name) != version:
            return f"{name} is {version}, was {before.get(name, 'not there')}"
    return ""


def _output(now: Mapping[str, str | None], before: Mapping[str, str]) -> str:
    for name, digest in before.items():
        there = now.get(name)
        if there is None:
            return f"{name} is missing"
        if there != digest:
            return f"{name} is not what was built"
    return ""
