"""The words as a person types them: exit codes, JSON, terminals and pipes, interrupts, and what must never be sent."""

from __future__ import annotations

import copy
import inspect
import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sepack.pipeline.clean import clean
from sepack.tasks import ns
from sepack.workspace import Workspace
from tests import chores
from tests.tools.building import INVOKE, PLAIN, environment, invoke, outputs, twelve_modules, write
from tests.tools.terminal import on_a_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from invoke.tasks import Task

ESCAPE = "\x1b"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
TERMINAL = {"TERM": "xterm-256color", "COLUMNS": "120"}
HOSTILE = "\x1b]0;owned\x07\x1b[2J"
NO_ENGINE = {"DOCKER_HOST": "unix:///nonexistent/engine.sock"}
BROKEN = PLAIN.replace("allow httpd_t", "allow nobody_t")


@pytest.fixture
def wrong(repository: Path) -> Path:
    """The small repository with a module that does not compile and whose line would take over a terminal."""
    text = BROKEN.replace("execmem;\n", f"execmem; # {HOSTILE}\n").replace("plain", "wrong")
    return write(repository, {"policy/wrong/wrong.te": text})


@pytest.fixture
def twelve(tmp_path: Path, built_repository: Path) -> Path:  # noqa: ARG001 - it sees to the tools
    """Twelve modules of which nothing is built."""
    return write(tmp_path / "twelve", twelve_modules("httpd_t"))


def test_a_build_ends_with_0_and_says_what_to_type_next(repository: Path) -> None:
    done = invoke(repository, "build", "--force")

    assert (done.returncode, done.stderr) == (0, "")
    *lines, summary, following = done.stdout.splitlines()
    assert lines[0].startswith("host (")
    assert sum(line.startswith("built ") for line in lines) == 4
    assert summary.startswith("4 built, 0 up to date, 0 failed in ")
    assert following.startswith("next: sudo semodule -i build/host/made/made.pp ")


@pytest.mark.parametrize(
    ("words", "variables", "said"),
    [
        (["build", "-m", "plian"], {}, "plain"),
        (["build", "--target", "el99"], {}, "there is no target 'el99'"),
        (["build", "--toolchain", "locla"], {}, "--toolchain: toolchain is 'locla'; it takes auto, local or container"),
        (["build", "--module-format", "3"], {}, "--module-format: module_format is '3'"),
        (["build", "--module-format", "99"], {}, "module format 99 was asked for"),
        (["build", "--output", "jsn"], {}, "--output jsn is not known"),
        (["clean", "-m", "plian"], {}, "plain"),
        (["clean", "--target", "el99"], {}, "there is no target 'el99'"),
        (["status"], {"INVOKE_SEPACK_JOBS": "many"}, "INVOKE_SEPACK_JOBS"),
        (["status"], {"INVOKE_SEPACK_JOBBS": "1"}, "INVOKE_SEPACK_JOBBS"),
    ],
)
def test_what_was_declared_or_typed_wrong_ends_with_2(
    words: list[str], variables: dict[str, str], said: str, repository: Path
) -> None:
    before = outputs(repository)

    done = invoke(repository, *words, *(["--force"] if words[0] == "build" else []), **variables)

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert outputs(repository) == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sepack:\n  jobs: many\n", "invoke.yaml:2:3: jobs is 'many'; it takes a whole number"),
        ("sepack:\n  jbos: 2\n", "invoke.yaml:2:3: there is no setting 'jbos'"),
        ("sepack:\n  - jobs\n", "invoke.yaml"),
        ("sepack: {jobs: 2\n", "this is no YAML"),
        ("\tsepack:\n", "this is no YAML"),
        (f"sepack:\n  toolchain: '{HOSTILE}'\n", "invoke.yaml"),
    ],
)
def test_a_broken_invoke_yaml_ends_with_2_and_no_traceback(text: str, said: str, repository: Path) -> None:
    write(repository, {"invoke.yaml": text})

    done = invoke(repository, "build")

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert ESCAPE not in done.stdout + done.stderr


def test_a_toolchain_that_is_not_to_be_had_ends_with_3(repository: Path) -> None:
    done = invoke(repository, "build", "--toolchain", "container", **NO_ENGINE)

    assert done.returncode == 3
    assert "cannot be built for: container was asked for" in done.stderr
    assert "→ " in done.stderr


@pytest.mark.root
def test_a_missing_tool_ends_with_3_and_the_command_that_brings_it(
    repository: Path, require_tool: Callable[[str], str]
) -> None:
    """In a mount namespace of its own, where something that cannot be run lies over the tool."""
    unshare, tool = require_tool("unshare"), require_tool("checkmodule")
    hide = f'mount --bind /dev/null "{tool}" && exec "$@"'
    under = [unshare, "--mount", "sh", "-c", hide, "sh", INVOKE]

    built = subprocess.run(
        [*under, "build", "--force"], cwd=repository, env=environment(), capture_output=True, text=True, check=False
    )
    doctor = subprocess.run(
        [*under, "doctor"], cwd=repository, env=environment(), capture_output=True, text=True, check=False
    )

    assert (built.returncode, doctor.returncode) == (3, 3), built.stderr
    assert "checkmodule" in built.stderr
    assert "checkpolicy" in built.stderr
    assert "missing  checkmodule" in doctor.stdout
    assert "Traceback" not in built.stderr + doctor.stderr


def test_a_module_that_does_not_compile_ends_with_4_and_the_good_ones_are_built(wrong: Path) -> None:
    done = invoke(wrong, "build", "--force")

    assert done.returncode == 4
    assert "FAILED wrong for host" in done.stdout
    assert "policy/wrong/wrong.te:8" in done.stdout
    assert "4 built, 0 up to date, 1 failed" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_word_that_is_none_ends_with_1(repository: Path) -> None:
    done = invoke(repository, "biuld")

    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_json_holds_what_the_text_says(wrong: Path) -> None:
    text = invoke(wrong, "build", "--force")
    done = invoke(wrong, "build", "--force", "--output", "json")
    document = json.loads(done.stdout)

    assert (done.returncode, document["built"], document["up_to_date"], document["failed"]) == (4, 4, 0, 1)
    events: list[dict[str, Any]] = document["events"]
    for event in (event for event in events if event["event"] == "built"):
        said = f"built {event['module']} {event['version']}, format {event['format']}, {event['path']}"
        assert f"{said}  ({event['reason']})" in text.stdout
    (failed,) = (event for event in events if event["event"] == "failed")
    (error,) = failed["errors"]
    assert f"{error['path']}:{error['line']}" in text.stdout
    assert error["brief"] in text.stdout
    assert ESCAPE not in done.stdout


def test_json_of_an_error_that_stops_everything(repository: Path) -> None:
    done = invoke(repository, "build", "--target", "el99", "--output", "json")

    document = json.loads(done.stdout)
    assert (done.returncode, document["error"]) == (2, "UnknownTargetError")
    assert document["brief"] in done.stderr


def test_a_dry_run_says_what_the_build_then_does(repository: Path) -> None:
    write(repository, {"policy/plain/plain.te": PLAIN + "# more\n"})

    plan = invoke(repository, "build", "--dry-run")
    done = invoke(repository, "build", "--output", "json")

    assert "would build plain  (policy/plain/plain.te changed)\n1 would be built, 3 up to date\n" in plan.stdout
    built = [event for event in json.loads(done.stdout)["events"] if event["event"] == "built"]
    assert [(event["module"], event["reason"]) for event in built] == [("plain", "policy/plain/plain.te changed")]


def test_status_in_text_and_json(wrong: Path) -> None:
    write(wrong, {"policy/plain/plain.te": PLAIN.replace("1.0", "1.1")})

    text, rows = invoke(wrong, "status"), json.loads(invoke(wrong, "status", "--output", "json").stdout)["modules"]

    states = {row["module"]: (row["version"], row["built"], row["stale"]) for row in rows}
    assert states["plain"] == ("1.1", "1.0", "policy/plain/plain.te changed")
    assert states["made"] == ("2.0", "2.0", "")
    assert states["wrong"] == ("1.0", "", "not built yet")
    assert re.search(r"^plain +1\.1 +host +1\.0 +19 +policy/plain/plain\.te changed$", text.stdout, re.MULTILINE)
    assert re.search(r"^made +2\.0 +host +2\.0 +19 +up to date$", text.stdout, re.MULTILINE)


def test_doctor_in_text_and_json(repository: Path) -> None:
    text, done = invoke(repository, "doctor"), invoke(repository, "doctor", "--output", "json")

    document = json.loads(done.stdout)
    assert (text.returncode, done.returncode, document["ready"]) == (0, 0, True)
    checks = {check["name"]: check for check in document["checks"]}
    assert checks["checkmodule"]["found"]
    assert checks["checkmodule"]["version"] in text.stdout
    for name in ("Python", "Invoke", "m4", "checkmodule", "semodule_package", "policy headers"):
        assert re.search(rf"^found +{name} ", text.stdout, re.MULTILINE)
    assert [report["toolchain"] for report in document["targets"]] == ["local"]


def test_invoke_alone_lists_the_words_to_start_with(repository: Path) -> None:
    done = invoke(repository)

    assert done.returncode == 0
    for word in ("build", "status", "doctor", "clean"):
        assert f"  invoke {word} " in done.stdout


def test_words_work_from_a_folder_below(repository: Path) -> None:
    done = invoke(repository / "policy/plain", "build")

    assert done.returncode == 0, done.stderr
    assert "0 built, 4 up to date" in done.stdout


class TestClean:
    def test_all_of_it_with_the_cache_and_nothing_else(self, repository: Path) -> None:
        done = invoke(repository, "clean", "--output", "json")

        assert json.loads(done.stdout) == {"removed": ["build/.cache", "build/host"]}
        assert list((repository / "build").iterdir()) == []
        assert (repository / "policy/plain/plain.te").is_file()
        assert "nothing to remove" in invoke(repository, "clean").stdout

    def test_one_module_or_one_target(self, repository: Path) -> None:
        invoke(repository, "build", "-m", "plain", "--target", "el8", "--target", "el7", "--toolchain", "local")

        assert "removed build/el7/plain\n" in invoke(repository, "clean", "-m", "plain", "--target", "el7").stdout
        assert "removed build/el8/plain\n" in invoke(repository, "clean", "--target", "el8").stdout
        assert "removed build/host/plain\n" in invoke(repository, "clean", "-m", "plain").stdout
        assert {path.name for path in (repository / "build/host").iterdir()} == {"spool", "reader", "made"}

    @pytest.mark.parametrize(
        ("modules", "targets"), [([], []), (["plain"], []), ([], ["host"])], ids=["all", "module", "target"]
    )
    @pytest.mark.parametrize("link", ["build", "build/host", "build/host/plain"])
    def test_links_are_removed_and_not_followed(
        self, link: str, modules: list[str], targets: list[str], repository: Path
    ) -> None:
        elsewhere = repository.parent / "elsewhere"
        (repository / link).rename(elsewhere)
        (repository / link).symlink_to(elsewhere)
        before = sorted(elsewhere.rglob("*"))

        assert clean(Workspace(repository), modules, targets)

        assert not (repository / link).is_symlink()
        assert sorted(elsewhere.rglob("*")) == before


class TestTerminal:
    def test_colour_and_a_progress_bar_on_a_long_build(self, twelve: Path) -> None:
        code, said = on_a_terminal([INVOKE, "build"], twelve, environment(**TERMINAL))

        assert code == 0
        assert COLOUR.search(said)
        assert "12/12" in said
        assert "12 built, 0 up to date, 0 failed" in COLOUR.sub("", said)

    def test_no_bar_on_a_short_one(self, repository: Path) -> None:
        code, said = on_a_terminal([INVOKE, "build", "--force"], repository, environment(**TERMINAL))

        assert code == 0
        assert COLOUR.search(said)
        assert "4/4" not in said

    @pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["NO_COLOR", "dumb"])
    def test_no_colour_where_none_is_wanted(self, variables: dict[str, str], repository: Path) -> None:
        env = environment(**(TERMINAL | variables))

        code, said = on_a_terminal([INVOKE, "build", "--force"], repository, env)

        assert code == 0
        assert ESCAPE not in said

    def test_no_colour_in_the_bar_either(self, twelve: Path) -> None:
        code, said = on_a_terminal([INVOKE, "build"], twelve, environment(**TERMINAL, NO_COLOR="1"))

        assert code == 0
        assert "12/12" in said
        assert not {found for found in COLOUR.findall(said) if re.search(r"[\[;][349]\d", found)}

    def test_what_a_source_holds_does_not_reach_the_terminal(self, wrong: Path) -> None:
        _, said = on_a_terminal([INVOKE, "build", "-m", "wrong"], wrong, environment(**TERMINAL))

        assert r"\x1b]0;owned\x07\x1b[2J" in said
        assert "\x07" not in said
        assert HOSTILE not in said


class TestPipe:
    @pytest.mark.parametrize("words", [["build", "--force"], ["status"], ["doctor"], ["--help", "build"]])
    def test_no_escape_codes(self, words: list[str], wrong: Path) -> None:
        done = invoke(wrong, *words, **TERMINAL)

        assert ESCAPE not in done.stdout + done.stderr

    def test_a_reader_that_leaves_ends_the_build_without_a_word(self, twelve: Path) -> None:
        with start(twelve, "build") as running:
            assert running.stdout
            assert running.stderr
            running.stdout.readline()
            running.stdout.close()
            said = running.stderr.read()

        assert (running.returncode, said) == (141, "")
        assert list((twelve / "build/.cache/scratch").iterdir()) == []

    @pytest.mark.parametrize(
        "words", [["status"], ["build", "--output", "json"], ["doctor"], ["clean"], ["clean", "--output", "json"], []]
    )
    def test_a_reader_that_was_never_there(self, words: list[str], repository: Path) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run(
            [INVOKE, *words], cwd=repository, env=environment(), stdout=writer, stderr=subprocess.PIPE, check=False
        )
        os.close(writer)

        assert (done.returncode, done.stderr) == (141, b"")


def start(root: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [INVOKE, *words],
        cwd=root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def working_in(root: Path) -> Iterator[str]:
    """The numbers of the processes whose current directory is `root`."""
    for place in Path("/proc").iterdir():
        try:
            if place.name.isdigit() and (place / "cwd").readlink() == root:
                yield place.name
        except OSError:
            continue


@pytest.mark.parametrize("output", ["text", "json"])
def test_ctrl_c_ends_a_build_with_130_and_all_it_started(output: str, twelve: Path) -> None:
    with start(twelve, "build", "--output", output) as running:
        while not any(twelve.glob("build/.cache/scratch/*/*")):
            assert running.poll() is None
        os.killpg(running.pid, signal.SIGINT)
        said = "".join(running.communicate(timeout=60))

    assert running.returncode == 130
    assert "Traceback" not in said
    assert list(working_in(twelve)) == []
    assert list((twelve / "build/.cache/scratch").iterdir()) == []
    assert invoke(twelve, "build").returncode == 0


def every_task() -> list[Task[Any]]:
    own = [task for task in ns.tasks.values() if task.name not in ("lint", "test")]
    # Invoke takes a task's help away when it is first asked for its arguments.
    return [copy.deepcopy(task) for task in (*own, chores.lint, chores.test)]


@pytest.mark.parametrize("task", every_task(), ids=lambda task: task.name)
def test_every_task_and_every_parameter_has_help(task: Task[Any]) -> None:
    first = (inspect.getdoc(task) or "").split("\n")[0]
    assert first.endswith(".")
    for argument in task.get_arguments():
        assert argument.help, f"{task.name} {argument.name}"
        assert argument.help.endswith(".")


def test_the_list_of_tasks_says_what_each_does(repository: Path) -> None:
    done = invoke(repository, "--list")

    for task in every_task()[:-2]:
        assert re.search(rf"^ +{task.name} .*[a-z]", done.stdout, re.MULTILINE)
