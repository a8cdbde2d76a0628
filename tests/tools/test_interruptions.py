"""Builds that are cut short from outside: by a signal, or by an output that takes no more."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.tools.building import INVOKE, environment, invoke, twelve_modules, write
from tests.tools.test_command_line import start, working_in

FULL = "the output cannot be written: No space left on device\n"


@pytest.mark.parametrize(
    "words",
    [["build", "--force"], ["build", "--output", "json"], ["build", "--target", "el99", "--output", "json"], []],
    ids=" ".join,
)
def test_a_full_device_behind_the_output_ends_with_4_and_says_so(words: list[str], repository: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [INVOKE, *words],
            cwd=repository,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert (done.returncode, done.stderr) == (4, FULL)
    assert list((repository / "build/.cache/scratch").iterdir()) == []


@pytest.mark.parametrize("output", ["text", "json"])
def test_a_wrong_target_is_found_before_another_is_built(output: str, repository: Path) -> None:
    done = invoke(repository, "build", "--force", "-t", "host", "-t", "el99", "--output", output)

    assert done.returncode == 2
    assert "there is no target 'el99'" in done.stderr
    assert "built" not in done.stdout


def test_json_of_a_build_that_is_stopped_holds_what_was_built_and_the_error(repository: Path) -> None:
    """The second target needs an engine that turns out not to answer."""
    words = ["build", "-m", "plain", "--force", "-t", "host", "-t", "el9"]
    unheard = {"DOCKER_HOST": "tcp://127.0.0.1:1"}

    done = invoke(repository, *words, "--output", "json", **unheard)

    document = json.loads(done.stdout)
    assert (done.returncode, document["built"], document["failed"]) == (3, 1, 0)
    assert [event["target"] for event in document["events"] if event["event"] == "built"] == ["host"]
    assert document["error"]["error"] == "EngineError"
    assert document["error"]["brief"] in done.stderr
    text = invoke(repository, *words, **unheard)
    assert (text.returncode, text.stderr) == (3, done.stderr)
    assert "built plain" in text.stdout


@pytest.mark.usefixtures("built_repository")
@pytest.mark.parametrize("times", [1, 2])
def test_sigterm_ends_a_build_with_143_and_all_it_started(times: int, tmp_path: Path) -> None:
    """Also where it comes twice, as `timeout` sends it."""
    root = write(tmp_path / "twelve", twelve_modules("httpd_t"))
    with start(root, "build") as running:
        while not any(root.glob("build/.cache/scratch/*/*")):
            assert running.poll() is None
        for _ in range(times):
            running.send_signal(signal.SIGTERM)
        said = "".join(running.communicate(timeout=60))

    assert running.returncode == 143
    assert "Traceback" not in said
    assert list(working_in(root)) == []
    assert list((root / "build/.cache/scratch").iterdir()) == []
    assert invoke(root, "build").returncode == 0
