"""384 refpolicy modules: sepack beside the devel Makefile, on the same input, in one run.

Usage: python benchmarks/compile.py [--runs N]. Needs Debian's selinux-policy-src, selinux-policy-dev and make.
Prints a table in Markdown; every .pp is compared byte for byte before a figure is printed.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measure import Cost, machine, middle, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SOURCE = Path("/usr/src/selinux-policy-src.tar.zst")
LAYERS = ("admin", "apps", "services", "system")
# Does not compile against the headers of its own package.
BROKEN = frozenset({"systemd"})
MAKE = ("make", "-s", "-f", "/usr/share/selinux/devel/Makefile")
FORMAT = "21"  # what the Makefile writes with checkpolicy 3.4
SEPACK = (sys.executable, "-P", "-m", "sepack", "build", "--module-format", FORMAT)  # as ./inv starts it
INVOKE = (sys.executable, "-m", "invoke", "build", "--module-format", FORMAT)


def module_files(unpacked: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    for layer in LAYERS:
        for te in sorted((unpacked / "selinux-policy-src/policy/modules" / layer).glob("*.te")):
            if te.stem not in BROKEN:
                yield from (path for suffix in suffixes if (path := te.with_suffix(suffix)).is_file())


def lay_out(home: Path, suffixes: tuple[str, ...]) -> tuple[Path, Path]:
    """(a directory for make, a repository for sepack) with the same modules."""
    unpacked, flat, repository = home / "source", home / "make", home / "sepack"
    unpacked.mkdir()
    subprocess.run(["tar", "--zstd", "-xf", str(SOURCE), "-C", str(unpacked)], check=True)
    flat.mkdir()
    for path in module_files(unpacked, suffixes):
        place = repository / "policy" / path.stem
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, flat)
        shutil.copy(path, place)
    (repository / "tasks.py").write_text("from sepack.tasks import ns\n\n__all__ = ['ns']\n")
    (repository / "invoke.yaml").write_text("sepack:\n  targets: host\n")
    return flat, repository


def differing(flat: Path, repository: Path) -> list[str]:
    built = {path.stem: path.read_bytes() for path in repository.glob("build/host/*/*.pp")}
    made = {path.stem: path.read_bytes() for path in flat.glob("*.pp")}
    return sorted(name for name in built.keys() | made.keys() if built.get(name) != made.get(name))


def side_by_side(
    title: str,
    runs: int,
    flat: Path,
    repository: Path,
    before_make: Callable[[], None],
    before_sepack: Callable[[], None],
    command: Sequence[str] = SEPACK,
) -> str:
    """Alternate the two, so that a machine that slows down slows both; one row of the table."""
    made: list[Cost] = []
    built: list[Cost] = []
    for _ in range(runs):
        before_make()
        made.append(run(MAKE, flat))
        before_sepack()
        built.append(run(command, repository))
    wrong = differing(flat, repository)
    if wrong:
        raise SystemExit(f"{len(wrong)} packages differ: {' '.join(wrong[:10])}")
    make, sepack = middle(made), middle(built)
    return (
        f"| {title} | {make.cpu:.2f} | {sepack.cpu:.2f} | {make.cpu / sepack.cpu:.2f} "
        f"| {make.wall:.2f} | {sepack.wall:.2f} | {sepack.wall / make.wall:.2f} | {sepack.peak:.0f} |"
    )


def nothing() -> None:
    """What has to be done before a run that changes nothing."""


def append(path: Path, text: str) -> Callable[[], None]:
    def change() -> None:
        with path.open("a") as file:
            file.write(text)

    return change


def wipe(flat: Path, repository: Path) -> tuple[Callable[[], None], Callable[[], None]]:
    def make_clean() -> None:
        shutil.rmtree(flat / "tmp", ignore_errors=True)
        for path in flat.glob("*.pp"):
            path.unlink()

    def sepack_clean() -> None:
        shutil.rmtree(repository / "build", ignore_errors=True)

    return make_clean, sepack_clean


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    print(f"{machine()}\n\nmedian of {runs} runs; seconds; memory: the largest process of sepack's, MB\n")
    print("| what | make CPU | sepack CPU | make/sepack | make wall | sepack wall | sepack/make | memory |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="sepack-benchmark-") as home:
        flat, repository = lay_out(Path(home), (".te", ".fc"))
        count = len(list(flat.glob("*.te")))
        print(side_by_side(f"{count} modules, clean", runs, flat, repository, *wipe(flat, repository)), flush=True)
        print(side_by_side("nothing touched", runs * 3, flat, repository, nothing, nothing), flush=True)
        rule = "allow zabbix_t self:process execmem;\n"
        touch_te = append(flat / "zabbix.te", rule), append(repository / "policy/zabbix/zabbix.te", rule)
        print(side_by_side("one .te touched", runs * 3, flat, repository, *touch_te), flush=True)
        title = "one .te touched, by plain `invoke`"
        print(side_by_side(title, runs * 3, flat, repository, *touch_te, INVOKE), flush=True)
    with tempfile.TemporaryDirectory(prefix="sepack-benchmark-") as home:
        flat, repository = lay_out(Path(home), (".te", ".fc", ".if"))
        run(MAKE, flat)
        run(SEPACK, repository)
        interface = "interface(`zabbix_nobody_calls_this',`\n\tgen_require(`\n\t\ttype zabbix_t;\n\t')\n')\n"
        touch_if = append(flat / "zabbix.if", interface), append(repository / "policy/zabbix/zabbix.if", interface)
        print(side_by_side("one .if touched", 1, flat, repository, *touch_if), flush=True)


if __name__ == "__main__":
    main()
