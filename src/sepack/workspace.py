"""Every path that sepack knows: the only place where a directory is named or a path is put together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

POLICY = PurePosixPath("policy")
GUARDRAILS = POLICY / "guardrails.toml"
TEMPLATES = PurePosixPath("templates")
BUILD = PurePosixPath("build")
CACHE = BUILD / ".cache"
DECLARATION = "module.toml"
LEDGER = "ledger.toml"
SETTINGS = PurePosixPath("invoke.yaml")
MANIFEST = "manifest.json"

SHIPPED = Path(__file__).parent / "shipped"


@dataclass(frozen=True, slots=True)
class Workspace:
    """A policy repository on disk. Methods give paths relative to `root`; `/` makes one absolute."""

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Workspace:
        """The repository that `start` (the current directory) lies in: where Invoke finds tasks.py."""
        here = (start or Path.cwd()).resolve()
        return cls(next((place for place in (here, *here.parents) if (place / "tasks.py").is_file()), here))

    def __truediv__(self, path: PurePosixPath | str) -> Path:
        return self.root / path

    def module_directory(self, name: str) -> PurePosixPath:
        return PurePosixPath(f"{POLICY}/{name}")

    def ledger(self, name: str) -> PurePosixPath:
        return PurePosixPath(f"{POLICY}/{name}/{LEDGER}")

    def outputs(self, target: str, module: str) -> PurePosixPath:
        return PurePosixPath(f"{BUILD}/{target}/{module}")

    def output(self, target: str, module: str, name: str) -> PurePosixPath:
        return self.outputs(target, module) / name

    def manifest(self, target: str, module: str) -> str:
        """Absolute, and a string: a build that has nothing to do asks for each module's."""
        return f"{self.root}/{BUILD}/{target}/{module}/{MANIFEST}"

    @property
    def scratch(self) -> PurePosixPath:
        """Holds one private directory a running build; nothing in it is needed once that build has ended."""
        return CACHE / "scratch"

    @property
    def digests(self) -> PurePosixPath:
        return CACHE / "digests.txt"

    def settled(self, target: str) -> PurePosixPath:
        """How the files of each module looked when a build found it up to date."""
        return CACHE / "settled" / f"{target}.txt"

    def headers(self, digest: str) -> PurePosixPath:
        """What was learned from one state of a release's policy headers."""
        return CACHE / "headers" / digest

    @property
    def base_policies(self) -> PurePosixPath:
        """Holds one directory for each state of a base policy, alone or linked with modules, by its digest."""
        return CACHE / "base"

    def interfaces(self, digest: str) -> PurePosixPath:
        """What the interfaces of one state of a release's headers come to."""
        return CACHE / "interfaces" / f"{digest}.json"

    def probe(self, identity: str) -> PurePosixPath:
        """What a toolchain holds, as it was last found."""
        return CACHE / "probe" / f"{identity}.json"

    @property
    def template_directories(self) -> tuple[Path, ...]:
        """Where templates are looked for: the repository's own first, then those that came with sepack."""
        return (self.root / TEMPLATES, shipped("templates"))

    @property
    def dockerfile(self) -> Path:
        own = self.root / "Dockerfile"
        return own if own.is_file() else shipped("Dockerfile")

    @property
    def guardrails(self) -> Path:
        """The repository's own, or, where it has none, those that came with sepack."""
        own = self.root / GUARDRAILS
        return own if own.is_symlink() or own.exists() else shipped(str(GUARDRAILS))


def shipped(name: str) -> Path:
    """`templates/`, the `Dockerfile` or the guardrails that came with sepack: in the wheel, or the checkout's own."""
    inside = SHIPPED / name
    return inside if inside.exists() else Path(__file__).parents[2] / name
