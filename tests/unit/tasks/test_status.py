"""What `status` says to do next."""

from __future__ import annotations

import io

import pytest

from sepack.console.screen import Screen
from sepack.console.status import show_status
from sepack.errors import DeclarationError
from sepack.model.status import ModuleStatus

PATH = "build/host/plain/plain.pp"


def row(stale: str = "") -> ModuleStatus:
    return ModuleStatus(module="plain", target="host", version="1.0", built="1.0", format=19, stale=stale, path=PATH)


@pytest.mark.parametrize(
    ("rows", "broken", "following"),
    [
        ([row()], False, f"sudo semodule -i {PATH}   (loads on this host)"),
        ([row("not built yet")], False, "./inv build   (1 to build)"),
        ([row("not built yet")], True, "./inv build   (1 to build)"),
        ([row()], True, "mend what is above, then ./inv build"),
        ([], True, "mend what is above, then ./inv build"),
    ],
)
def test_what_to_do_next(rows: list[ModuleStatus], broken: bool, following: str) -> None:
    stream = io.StringIO()

    show_status(Screen(stream, {}), rows, [DeclarationError("this folder is broken")] if broken else [], "./inv")

    assert stream.getvalue().splitlines()[-1] == f"next: {following}"
