"""Runs the two programs where the policy is: an index is dumped, questions are answered, by files in and out."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from sepack.basepolicy.errors import PROBLEMS, BasePolicyError
from sepack.model.base_policy import AccessQuestion, Answers, BooleanState, LabelQuestion, Why, WhyKind
from sepack.model.command import Command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sepack.model.base_policy import Question
    from sepack.model.command import Outcome
    from sepack.model.toolchain import Toolchain
    from sepack.workspace import Workspace

NOT_FOUND = 127
LAST_LINES = 10


class Programs:
    """Over an entered toolchain; what they read and write lies in `scratch`, a private directory of the workspace."""

    def __init__(self, toolchain: Toolchain, workspace: Workspace, scratch: PurePosixPath) -> None:
        self._toolchain = toolchain
        self._workspace = workspace
        self._scratch = scratch
        self._asked = 0

    def dump(self, directory: str, out: PurePosixPath) -> None:
        """Index the policy in `directory`, which is laid out as /etc/selinux/<type> is. Raises BasePolicyError."""
        (self._workspace / out).unlink(missing_ok=True)
        self.run("dump_program.py", directory, str(out))

    def ask(self, policy: str, contexts: str, questions: Iterable[Question]) -> Answers:
        """Answers to all of them, from a policy file and a file_contexts file. Raises BasePolicyError."""
        asked = tuple(questions)
        access = [question for question in asked if isinstance(question, AccessQuestion)]
        labels = [question for question in asked if isinstance(question, LabelQuestion)]
        if not asked:
            return Answers(access={}, labels={})
        self._asked += 1
        into, out = (self._scratch / f"{word}-{self._asked}.json" for word in ("questions", "answers"))
        text = {
            "access": [[each.source, each.target, each.tclass, each.permission] for each in access],
            "labels": [[each.path, each.kind] for each in labels],
        }
        (self._workspace / into).write_text(json.dumps(text), encoding="utf-8")
        self.run("ask_program.py", policy, contexts, str(into), str(out))
        said = json.loads((self._workspace / out).read_bytes())
        for path in (into, out):
            (self._workspace / path).unlink()
        return Answers(
            access=dict(zip(access, map(as_why, said["access"]), strict=True)),
            labels=dict(zip(labels, said["labels"], strict=True)),
        )

    def run(self, name: str, *words: str) -> None:
        """Run a program that lies beside this file. Raises BasePolicyError."""
        program = self._scratch / name
        if not (self._workspace / program).exists():
            (self._workspace / program).write_bytes(Path(__file__).with_name(name).read_bytes())
        (done,) = self._toolchain.run([[Command(argv=("python3", "-I", str(program), *words))]])
        if not done.ok:
            raise stopped(done.last)


class Asker:
    """Answers about one policy; `run` answers what was not asked before."""

    def __init__(self, run: Callable[[list[Question]], Answers]) -> None:
        self._run = run
        self._access: dict[AccessQuestion, Why] = {}
        self._labels: dict[LabelQuestion, str | None] = {}

    def __call__(self, questions: Iterable[Question]) -> Answers:
        """Raises what `run` raises, BasePolicyError for one."""
        asked = dict.fromkeys(questions)
        new = [question for question in asked if question not in self._access and question not in self._labels]
        if new:
            answers = self._run(new)
            self._access.update(answers.access)
            self._labels.update(answers.labels)
        return Answers(
            access={each: self._access[each] for each in asked if isinstance(each, AccessQuestion)},
            labels={each: self._labels[each] for each in asked if isinstance(each, LabelQuestion)},
        )


def as_why(answer: list[Any]) -> Why:
    kind, booleans, text = answer
    return Why(kind=WhyKind(kind), booleans=tuple(BooleanState(*each) for each in booleans), text=text)


def stopped(outcome: Outcome) -> BasePolicyError:
    """What a program that failed had to say for itself."""
    if outcome.exit_code == NOT_FOUND:
        return BasePolicyError("no python3", [])
    try:
        said = json.loads(outcome.stdout)
        if said["problem"] in PROBLEMS:
            return BasePolicyError(said["problem"], [said["said"]])
    except (ValueError, KeyError, TypeError):
        pass
    lines = (outcome.stdout + outcome.stderr).decode("utf-8", "replace").splitlines()
    return BasePolicyError("failed", [f"exit code {outcome.exit_code}: {outcome.command}", *lines[-LAST_LINES:]])
