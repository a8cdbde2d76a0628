"""The runner as a program, as a container runs it: what it reads, what it answers, when it ends."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sepack.toolchain import runner

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = Path(runner.__file__).read_text(encoding="ascii")


@contextmanager
def started(*argv: str, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, env=env) as process:
        yield process
        process.kill()


@pytest.fixture
def program(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    with started(sys.executable, "-I", "-S", "-c", TEXT, str(tmp_path)) as process:
        yield process


def say(program: subprocess.Popen[bytes], request: dict[str, Any]) -> None:
    assert program.stdin
    program.stdin.write(json.dumps(request).encode() + b"\n")
    program.stdin.flush()


def hear(program: subprocess.Popen[bytes]) -> Any:
    assert program.stdout
    return json.loads(program.stdout.readline())


def request(*argv: str) -> dict[str, Any]:
    return {"argv": argv, "env": {}, "stdout": None}


def test_it_is_plain_python_3_6_and_imports_the_standard_library_only() -> None:
    tree = ast.parse(TEXT, feature_version=(3, 6))
    imported = {
        name.name if isinstance(node, ast.Import) else node.module or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names


def test_it_knows_every_script_where_the_locale_knows_ascii_only(tmp_path: Path) -> None:
    """As Python 3.6 in a bare container does, where no mode or coercion helps."""
    asked = {"argv": ["printf", "%s", "caf\u00e9"], "env": {"NAME": "\u00df"}, "stdout": "\u00df"}
    bare = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    with started(sys.executable, "-X", "utf8=0", "-c", TEXT, str(tmp_path), env=bare) as program:
        hear(program)
        say(program, {"chains": [[asked]], "jobs": 1})
        ((_, (outcome,)),) = hear(program)["ended"]
    assert outcome["exit_code"] == 0
    assert (tmp_path / "\u00df").read_bytes() == "caf\u00e9".encode()


def test_it_first_says_what_it_finds(program: subprocess.Popen[bytes]) -> None:
    assert hear(program) == {"names": 0, "writable": True}


def test_it_answers_batches_until_its_input_ends(program: subprocess.Popen[bytes]) -> None:
    hear(program)
    for _ in range(2):
        say(program, {"chains": [[request("true"), request("printf", "x")], [request("false")]], "jobs": 0})
        answers: dict[int, list[dict[str, Any]]] = {}
        while len(answers) < 2:
            answers |= dict(hear(program)["ended"])
        assert [runner.as_bytes(outcome)["stdout"] for outcome in answers[0]] == [b"", b"x"]
        assert [outcome["exit_code"] for outcome in answers[1]] == [1]
    stdout, stderr = program.communicate()
    assert (program.returncode, stdout, stderr) == (0, b"", b"")


def test_it_ends_with_its_caller_in_the_middle_of_a_batch(program: subprocess.Popen[bytes]) -> None:
    hear(program)
    say(program, {"chains": [[request("sleep", "300")], [request("true")]], "jobs": 2})
    hear(program)
    stdout, stderr = program.communicate(timeout=5)
    assert (program.returncode, stdout, stderr) == (0, b"", b"")


def test_a_fault_of_its_own_is_said_on_standard_error(program: subprocess.Popen[bytes]) -> None:
    hear(program)
    say(program, {"wrong": 1})
    _, stderr = program.communicate(timeout=5)
    assert program.returncode == 1
    assert b"KeyError" in stderr
