"""m4 over many modules in one process: the text it reads, and its output cut apart again.

One m4 a module costs more than checkmodule does. Modules share one here, with the union of the interfaces they reach;
a batch whose output is not what was asked for is not trusted at all, and its modules are done one by one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sepack.fingerprints import digest_of
from sepack.frozen import frozen
from sepack.model.command import Command
from sepack.stages.compile.headers import INCLUDE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import PurePosixPath

    from sepack.stages.compile.headers import HeaderState
    from sepack.stages.compile.interfaces import InterfaceIndex


# refpolicy's own marks carry a call's arguments, and a line break among those would end the comment that a mark is.
NAMES_ONLY = """\
define(`policy_m4_comment',`format(`
##### %s(', regexp(`$2', `^\\w+ \\w+', ``\\&''))
')
"""
SILENCE = "define(`policy_m4_comment',`')\n"


@frozen
class Unit:
    """What the expansion of one module starts from: paths of its rendered .te and .fc (None: no .fc), and its words.

    One that is not `shareable` changes m4's state beyond itself and gets an m4 of its own.
    """

    name: str
    te: PurePosixPath
    fc: PurePosixPath | None
    words: frozenset[str]
    shareable: bool


@frozen
class Expansion:
    """Expanded text of one module; `fc` starts with the support macros' own output, as the Makefile's does."""

    te: str
    fc: str


def batches(units: Sequence[Unit], jobs: int, most: int = 96) -> list[list[Unit]]:
    """Shareable units in at least `jobs` batches (where there are enough to be worth it) of at most `most` units."""
    shareable = [unit for unit in units if unit.shareable]
    size = min(most, max(8, -(-len(shareable) // max(1, jobs))))
    return [shareable[start : start + size] for start in range(0, len(shareable), size)]


def marker(units: Sequence[Unit]) -> str:
    """A line's beginning that cannot be part of any module by accident and that m4 leaves as it is (no letters)."""
    return f"@@{int(digest_of(*(unit.name for unit in units))[:16], 16)}:"


def driver(units: Sequence[Unit], index: InterfaceIndex) -> str:
    """What one m4 reads to expand `units`: their .fc first (interfaces do not exist there), then their .te."""
    mark = marker(units)
    reached = index.reach({word for unit in units for word in unit.words})
    parts = [
        f"{mark}{number}:fc\n" + (f"{INCLUDE}(`{unit.fc}')" if unit.fc else "") + "\n"
        for number, unit in enumerate(units)
    ]
    parts += [f"{mark}\n", definitions(index, reached, comments=False)]
    parts += [f"{mark}{number}:te\n{INCLUDE}(`{unit.te}')\n" for number, unit in enumerate(units)]
    parts.append(f"{mark}\n")
    return "".join(parts)


def definitions(index: InterfaceIndex, names: Iterable[str], *, comments: bool) -> str:
    """m4 text that defines interfaces and prints nothing; with `comments` they mark where they begin and end."""
    return f"divert(-1)\n{NAMES_ONLY if comments else SILENCE}{index.text(names)}\ndivert\n"


def expand_batch(state: HeaderState, driver_path: PurePosixPath, output: PurePosixPath) -> Command:
    return Command(argv=("m4", "-R", str(state.support), str(driver_path)), stdout=output)


def split_batch(units: Sequence[Unit], output: str, preamble: str) -> dict[str, Expansion] | None:
    """Each unit's expansion; None where the output does not hold exactly the marks that were asked for, in order."""
    before, *pieces = output.split(marker(units))
    heads, bodies = [], []
    for piece in pieces:
        head, _, body = piece.partition("\n")
        heads.append(head)
        bodies.append(body)
    numbers = range(len(units))
    wanted = [*(f"{number}:fc" for number in numbers), "", *(f"{number}:te" for number in numbers), ""]
    # Every mark begins a line, so all that stands before one ends with a line's end, or is nothing.
    if before or heads != wanted or not all(piece.endswith("\n") for piece in pieces):
        return None
    return {
        unit.name: Expansion(te=bodies[len(units) + 1 + number], fc=preamble + bodies[number][:-1])
        for number, unit in enumerate(units)
    }


def expand_alone(
    state: HeaderState, everything: PurePosixPath, unit: Unit, te: PurePosixPath, fc: PurePosixPath
) -> Sequence[Command]:
    """What the Makefile does for one module: all interfaces, line marks in the .te. The .fc lacks its preamble."""
    commands = [Command(argv=("m4", "-s", "-R", str(state.support), str(everything), str(unit.te)), stdout=te)]
    if unit.fc:
        commands.append(Command(argv=("m4", "-R", str(state.support), str(unit.fc)), stdout=fc))
    return commands


def first_pass_driver(paths: Mapping[str, PurePosixPath], mark: str) -> str:
    """What one m4 reads to print the definitions of several modules' .if files."""
    parts = [f"{mark}{number}:\n{INCLUDE}(`{path}')\n" for number, path in enumerate(paths.values())]
    return "".join([*parts, f"{mark}\n"])


def split_first_pass(modules: Sequence[str], output: str, mark: str) -> dict[str, str] | None:
    """Each module's part of the first pass; None where marks are missing."""
    pieces = re.split(rf"(?m)^{mark}(\d*):?\n", output)
    if pieces[1::2] != [*(str(number) for number in range(len(modules))), ""]:
        return None
    return dict(zip(modules, pieces[2::2], strict=False))
