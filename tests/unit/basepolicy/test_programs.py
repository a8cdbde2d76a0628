"""The programs as text, and what becomes of what they say; what they do is shown in tests/tools/test_base_policy.py."""

from __future__ import annotations

import ast
import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest

from sepack.basepolicy import ask_program, dump_program, headers_program, interfaces_program
from sepack.basepolicy.errors import PROBLEMS, BasePolicyError
from sepack.basepolicy.programs import Programs
from sepack.errors import ExitCode
from sepack.model.base_policy import AccessQuestion, WhyKind
from sepack.workspace import Workspace
from tests.fakes.toolchain import FakeToolchain, Said

if TYPE_CHECKING:
    from types import ModuleType

    from sepack.model.command import Command

OF_THE_DISTRIBUTION = {"sepolgen", "setools", "selinux"}
QUESTION = AccessQuestion("u:r:a_t:s0", "u:r:a_t:s0", "file", "read")


@pytest.mark.parametrize("program", [ask_program, dump_program, headers_program, interfaces_program])
def test_a_program_is_plain_python_3_6_and_imports_the_standard_library_and_the_distributions(
    program: ModuleType,
) -> None:
    tree = ast.parse(Path(str(program.__file__)).read_text(encoding="ascii"), feature_version=(3, 6))
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names | OF_THE_DISTRIBUTION


def test_every_kind_of_answer_has_its_word() -> None:
    assert set(ask_program.KINDS.values()) == {kind.value for kind in WhyKind}


@pytest.mark.parametrize(
    ("said", "problem", "details"),
    [
        (Said(exit_code=127), "no python3", []),
        (Said(b'{"problem": "no setools", "said": "No module"}\n', exit_code=3), "no setools", ["No module"]),
        (
            Said(b'{"problem": "other", "said": "x"}\n', exit_code=3),
            "failed",
            ["exit code 3", '{"problem": "other", "said": "x"}'],
        ),
        (Said(b"[]\n", exit_code=3), "failed", ["exit code 3", "[]"]),
        (Said(b"", b"Traceback\nKeyError: 1\n", exit_code=1), "failed", ["exit code 1", "Traceback", "KeyError: 1"]),
    ],
)
def test_a_program_that_fails_is_an_error_with_its_words(
    tmp_path: Path, said: Said, problem: str, details: list[str]
) -> None:
    def python3(_command: Command, _root: Path) -> Said:
        return said

    programs = Programs(FakeToolchain(tmp_path, {"python3": python3}), Workspace(tmp_path), PurePosixPath())
    with pytest.raises(BasePolicyError) as caught:
        programs.dump("/etc/selinux/targeted", PurePosixPath("index"))
    assert caught.value.problem == problem
    assert caught.value.exit_code is ExitCode.TOOL_MISSING
    shown = [line.partition(":")[0] if line.startswith("exit code") else line for line in caught.value.details]
    assert shown == details


def test_nothing_is_run_for_no_question(tmp_path: Path) -> None:
    toolchain = FakeToolchain(tmp_path)
    answers = Programs(toolchain, Workspace(tmp_path), PurePosixPath()).ask("policy.33", "file_contexts", [])
    assert (answers.access, answers.labels, toolchain.ran) == ({}, {}, [])


def test_questions_leave_no_file_behind(tmp_path: Path) -> None:
    def python3(command: Command, root: Path) -> Said:
        (root / command.argv[-1]).write_text('{"access": [["constraint", [["b", true]], "why"]], "labels": []}')
        return Said()

    programs = Programs(FakeToolchain(tmp_path, {"python3": python3}), Workspace(tmp_path), PurePosixPath())
    (why,) = programs.ask("policy.33", "file_contexts", [QUESTION]).access.values()
    assert (why.kind, why.booleans[0].name, why.text) == (WhyKind.CONSTRAINT, "b", "why")
    assert [path.name for path in tmp_path.iterdir()] == ["ask_program.py"]


def test_each_problem_is_a_sentence() -> None:
    for problem, (_, sentence) in PROBLEMS.items():
        error = BasePolicyError(problem, ["its words"])
        assert (error.brief, error.details) == (sentence, ("its words",))
