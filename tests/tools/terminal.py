"""A program on a pseudo-terminal: what it writes there, byte for byte."""

from __future__ import annotations

import os
import pty
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def on_a_terminal(argv: Sequence[str], directory: Path, env: Mapping[str, str]) -> tuple[int, str]:
    """Exit code, and all that the terminal was sent."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(argv, cwd=directory, env=dict(env), stdin=theirs, stdout=theirs, stderr=theirs) as running:
        os.close(theirs)
        said = b"".join(iter(lambda: read(ours), b""))
    os.close(ours)
    return running.returncode, said.decode()


def read(terminal: int) -> bytes:
    """Nothing once the program has closed its side, which shows as an error."""
    try:
        return os.read(terminal, 1 << 16)
    except OSError:
        return b""
