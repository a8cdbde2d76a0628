"""The wheel in an empty environment, and a policy repository that is made of nothing but its own files."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
TASKS = '''"""Tasks of this policy repository."""
from sepack.tasks import ns  # noqa: F401
'''
MODULE = """{% extends "module.te.j2" %}
{% block require %}
	type httpd_t;
	class process execmem;
{% endblock %}
{% block rules %}
allow httpd_t self:process execmem;
{% endblock %}
"""
OWN_TEMPLATE = """module {{ module.name }} {{ module.version }};
# printed by the repository's own template
require {
{% block require required %}{% endblock %}
}
{% block rules required %}{% endblock %}
"""


def run(*argv: str | Path, cwd: Path) -> str:
    """Standard output of a command that has to succeed and sees no environment of this checkout's."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("INVOKE_", "VIRTUAL_ENV"))}
    done = subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{argv} in {cwd}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", directory, cwd=ROOT)
    (wheel,) = directory.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def invoke(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plain `invoke`, in an environment that holds the wheel and what it depends on."""
    venv = tmp_path_factory.mktemp("empty") / "venv"
    run(sys.executable, "-m", "venv", venv, cwd=ROOT)
    run(venv / "bin/python", "-m", "pip", "install", "--quiet", wheel, cwd=ROOT)
    return venv / "bin/invoke"


@pytest.fixture
def repository(tmp_path: Path, require_tool: Callable[[str], str]) -> Path:
    require_tool("checkmodule")
    (tmp_path / "policy/hello").mkdir(parents=True)
    (tmp_path / "policy/hello/module.toml").write_text('name = "hello"\nversion = "2.1"\n')
    (tmp_path / "policy/hello/hello.te.j2").write_text(MODULE)
    (tmp_path / "invoke.yaml").write_text("sepack:\n  targets: [host]\n")
    (tmp_path / "tasks.py").write_text(TASKS)
    return tmp_path


def test_the_wheel_carries_the_templates_the_dockerfile_and_the_guardrails(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

        guardrails = archive.read("sepack/shipped/policy/guardrails.toml")

    assert {"sepack/shipped/Dockerfile", "sepack/shipped/templates/module.te.j2", "sepack/targets.toml"} <= names
    assert guardrails == (ROOT / "policy/guardrails.toml").read_bytes()
    assert not [name for name in names if not name.startswith(("sepack/", "sepack-"))]


def test_a_repository_of_three_files_builds(invoke: Path, repository: Path) -> None:
    run(invoke, "build", cwd=repository)

    built = repository / "build/host/hello"
    assert (built / "hello.pp").read_bytes()[:4] == b"\x8f\xff\x7c\xf9"
    assert "module hello 2.1;" in (built / "hello.te").read_text()
    assert sorted(path.name for path in repository.iterdir() if path.name != "__pycache__") == [
        "build",
        "invoke.yaml",
        "policy",
        "tasks.py",
    ]


def test_the_guardrails_come_along(invoke: Path, repository: Path) -> None:
    script = (
        "from sepack.catalog.guardrails import load_guardrails as load; from sepack.workspace import Workspace\n"
        "print(load(Workspace.find())[0][0].name)"
    )
    assert run(invoke.with_name("python"), "-c", script, cwd=repository) == "password-hashes\n"


def test_its_own_templates_come_before_the_wheel_s(invoke: Path, repository: Path) -> None:
    run(invoke, "build", cwd=repository)
    (repository / "templates").mkdir()
    (repository / "templates/module.te.j2").write_text(OWN_TEMPLATE)

    run(invoke, "build", cwd=repository)

    assert "printed by the repository's own template" in (repository / "build/host/hello/hello.te").read_text()


def test_what_it_tells_to_type_is_plain_invoke(invoke: Path, repository: Path) -> None:
    listed = run(invoke, "--list", cwd=repository)

    assert {"build", "clean", "doctor", "status"} <= set(listed.split())
    assert "invoke build" in run(invoke, cwd=repository)
