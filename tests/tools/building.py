"""A small policy repository of both dialects, builds of it in this process, and `invoke` in one of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sepack.model.build import Built, Failed, Fresh, Planned
from sepack.pipeline.build import BuildRequest, build
from sepack.settings import Settings
from sepack.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sepack.errors import SepackError

INVOKE = str(Path(sys.executable).with_name("invoke"))
TOOLS = ("m4", "checkmodule", "semodule_package", "sefcontext_compile")
LOCAL = Settings(targets=("host",), toolchain="local", install="never")

PLAIN = """\
module plain 1.0;

require {
	type httpd_t;
	class process execmem;
}

allow httpd_t self:process execmem;
"""
READER = """\
policy_module(reader, 1.0)

type reader_t;
files_type(reader_t)
spool_read(reader_t)
"""
CALLER = """\
policy_module({name}, 1.0)

gen_require(`
	type {domain};
')

type {name}_t;
files_type({name}_t)
{following}_read({domain})
"""
INTERFACE = """\
interface(`{name}',`
	gen_require(`
		type spool_t;
	')

	{call}($1, spool_t, spool_t)
')
"""
# plain: as it stands; spool: refpolicy with .fc and .if; reader: calls one interface of spool; made: by a template.
FILES: dict[str, str] = {
    "tasks.py": "from sepack.tasks import ns\n",
    "policy/plain/plain.te": PLAIN,
    "policy/spool/spool.te": "policy_module(spool, 1.0)\n\ntype spool_t;\nfiles_type(spool_t)\n",
    "policy/spool/spool.fc": "/var/spool/ours(/.*)?\tgen_context(system_u:object_r:spool_t,s0)\n",
    "policy/spool/spool.if": INTERFACE.format(name="spool_read", call="read_files_pattern"),
    "policy/reader/reader.te": READER,
    "policy/made/module.toml": 'version = "2.0"\n\n[parameters]\ndomain = "httpd_t"\n',
    "policy/made/made.te.j2": '{% extends "frame.te.j2" %}\n{% block permission %}execmem{% endblock %}\n',
    "templates/frame.te.j2": """\
module {{ module.name }} {{ module.version }};

require {
	type {{ module.parameters.domain }};
	class process { execmem execstack };
}

allow {{ module.parameters.domain }} self:process {% block permission %}{% endblock %};
""",
}


def twelve_modules(domain: str) -> dict[str, str]:
    """plain0 … plain5 and caller0 … caller5, each of which calls the next one's interface; about `domain`."""
    files = {"tasks.py": FILES["tasks.py"]}
    for number in range(6):
        name, following = f"caller{number}", f"caller{(number + 1) % 6}"
        plain = PLAIN.replace("plain", f"plain{number}").replace("httpd_t", domain)
        files[f"policy/plain{number}/plain{number}.te"] = plain
        files[f"policy/{name}/{name}.te"] = CALLER.format(name=name, following=following, domain=domain)
        files[f"policy/{name}/{name}.fc"] = f"/srv/{name}(/.*)?\tgen_context(system_u:object_r:{name}_t,s0)\n"
        interface = INTERFACE.format(name=f"{name}_read", call="read_files_pattern")
        files[f"policy/{name}/{name}.if"] = interface.replace("spool_t", f"{name}_t")
    return files


def write(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def require_all(require_tool: Callable[[str], str]) -> None:
    for tool in TOOLS:
        require_tool(tool)


@dataclass
class Done:
    """What one build did: its reasons by module, its plan's reasons by module, its failures by module."""

    built: dict[str, str] = field(default_factory=dict)
    planned: dict[str, str] = field(default_factory=dict)
    fresh: set[str] = field(default_factory=set)
    failed: dict[str, tuple[SepackError, ...]] = field(default_factory=dict)


def run_build(
    root: Path, settings: Settings = LOCAL, *, modules: Iterable[str] = (), force: bool = False, dry_run: bool = False
) -> Done:
    request = BuildRequest(modules=tuple(modules), force=force, dry_run=dry_run)
    done = Done()
    for event in build(Workspace(root), settings, request, lambda _: None):
        match event:
            case Planned():
                for decision in event.decisions:
                    if isinstance(decision, Fresh):
                        done.fresh.add(decision.module)
                    else:
                        done.planned[decision.module] = decision.reason
            case Built():
                done.built[event.module] = event.reason
            case Failed():
                done.failed[event.module] = event.errors
    return done


def copy(root: Path, place: Path) -> Path:
    """A copy with its build/, so that the headers need not be prepared again."""
    return shutil.copytree(root, place, symlinks=True)


def outputs(root: Path, target: str = "host") -> dict[str, bytes]:
    """Every file below build/<target>/ by its path there."""
    place = root / "build" / target
    return {str(path.relative_to(place)): path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file()}


def packages(root: Path, target: str = "host") -> dict[str, bytes]:
    return {path.removesuffix(".pp"): data for path, data in outputs(root, target).items() if path.endswith(".pp")}


def environment(**extra: str) -> dict[str, str]:
    """This process's own, without what would colour or configure."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("INVOKE_", "NO_COLOR", "FORCE_"))}
    return {**kept, "INVOKE_SEPACK_INSTALL": "never", **extra}


def invoke(root: Path, *words: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """`invoke` in `root`, with pipes; its exit code is the caller's to look at."""
    return subprocess.run(
        [INVOKE, *words], cwd=root, env=environment(**extra), capture_output=True, text=True, check=False
    )
