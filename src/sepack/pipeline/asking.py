"""Running what asks a policy or reads headers: what it lacks is installed where that is allowed, or named."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sepack.basepolicy.errors import BasePolicyError
from sepack.targets import packages
from sepack.toolchain.probe import LOCAL

if TYPE_CHECKING:
    from collections.abc import Callable

    from sepack.errors import SepackError
    from sepack.pipeline.session import Session

Result = TypeVar("Result")


def with_tools(session: Session, action: Callable[[], Result]) -> Result:
    """Once more after what it lacks was installed on this host, where that is allowed and a package brings it.

    A policy is not installed: it would be this host's own choice, and none that it runs with. Raises what `action`
    raises, and ToolMissingError.
    """
    try:
        return action()
    except BasePolicyError as error:
        manager = session.host.package_manager
        local = session.toolchain.identity == LOCAL
        if not local or error.tool in {"", "base policy"} or error.tool not in packages(manager):
            raise
        lacking = error.tool
    from sepack.toolchain.install import install

    install((lacking,), manager, allowed=session.settings.install != "never", say=session.say)
    return action()


def remedy(session: Session, error: SepackError) -> str:
    """What would bring the tool whose absence the error is about; "" where no package does."""
    tool = getattr(error, "tool", "")
    local = session.toolchain.identity == LOCAL
    manager = session.host.package_manager if local else session.target.package_manager
    package = packages(manager).get(tool, "")
    if not package:
        return ""
    if local:
        from sepack.toolchain.install import by_hand

        return f"Type: {by_hand((tool,), manager)}"
    return f"The Dockerfile's package step says what is in there; {package} brings it."
