"""What can go wrong with a place that runs commands."""

from __future__ import annotations

from sepack.errors import ExitCode, SepackError


class ToolchainError(SepackError):
    """The place itself failed: no engine, an image that does not build, a container that went away."""

    exit_code = ExitCode.TOOL_MISSING
