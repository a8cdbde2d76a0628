"""What a person may write in Invoke's file and in the environment, and each sentence about what is wrong there."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from invoke.config import Config

from sepack.errors import ExitCode
from sepack.settings import DEFAULTS, SettingError, Settings, check_settings_file, read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TARGETS = ("host", "el8", "el9", "el10")
ALL = "The settings are targets, toolchain, install, jobs, module_format, build_network, expiry, ledger_hosts."


def check(root: Path, text: str = "", name: str = "invoke.yaml", **environ: str) -> None:
    if text:
        (root / name).write_text(text)
    check_settings_file(root, environ, lambda: TARGETS)


def refusal(root: Path, text: str = "", name: str = "invoke.yaml", **environ: str) -> SettingError:
    with pytest.raises(SettingError) as caught:
        check(root, text, name, **environ)
    assert caught.value.exit_code is ExitCode.DECLARATION
    return caught.value


def test_the_defaults_are_those_that_invoke_is_given(tmp_path: Path) -> None:
    assert read_settings(DEFAULTS, tmp_path, {}) == Settings()


@pytest.mark.parametrize(
    ("values", "settings"),
    [
        ({"targets": ["el9", "el10", "el9"]}, Settings(targets=("el9", "el10"))),
        ({"targets": " el9, el10 host "}, Settings(targets=("el9", "el10", "host"))),
        ({"toolchain": "container", "install": "never"}, Settings(toolchain="container", install="never")),
        ({"jobs": 4, "module_format": "20"}, Settings(jobs=4, module_format=20)),
        ({"build_network": "host"}, Settings(build_network="host")),
    ],
)
def test_settings_are_read(tmp_path: Path, values: Mapping[str, object], settings: Settings) -> None:
    assert read_settings(dict(DEFAULTS) | dict(values), tmp_path, {}) == settings


@pytest.mark.parametrize(
    "text",
    ["", "# nothing\n", "run:\n  echo: true\n", "sepack: {}\n", "sepack:\n  targets: [el9]\n  jobs: 2\n", "mine: 3\n"],
)
def test_a_file_that_invoke_can_load_passes(tmp_path: Path, text: str) -> None:
    check(tmp_path, text, PATH="/bin", INVOKE_RUN_ECHO="1")


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        ("sepack:\n  target: el9\n", "invoke.yaml:2:3: there is no setting 'target'", f"Did you mean targets? {ALL}"),
        ("sepack:\n  3: el9\n", "invoke.yaml:2:3: there is no setting '3'", ALL),
        (
            "sepack:\n  jobs: 1\n  targets: [el9, el11]\n",
            "invoke.yaml:3:3: there is no target 'el11'",
            "Did you mean el10? The targets are host, el8, el9, el10.",
        ),
        (
            "sepack:\n  targets: 9\n",
            "invoke.yaml:2:3: targets is 9; it takes names of targets, as a list or in one string",
            "",
        ),
        (
            "sepack:\n  toolchain: docker\n",
            "invoke.yaml:2:3: toolchain is 'docker'; it takes auto, local or container",
            "",
        ),
        (
            "sepack:\n  install: no\n",
            "invoke.yaml:2:3: install is False; it takes auto or never",
            "In YAML a bare yes, no, on or off is true or false.",
        ),
        (
            "sepack:\n  jobs: -1\n",
            "invoke.yaml:2:3: jobs is -1; it takes a whole number, 0 for what keeps it busy",
            "",
        ),
        (
            "sepack:\n  module_format: 3\n",
            "invoke.yaml:2:3: module_format is 3; it takes a whole number from 4 up, or nothing",
            "",
        ),
        (
            "sepack:\n  build_network: none\n",
            "invoke.yaml:2:3: build_network is 'none'; it takes default or host",
            "",
        ),
        ("sepack:\n  jobs: 1\n  jobs: 2\n", "invoke.yaml:3:3: jobs is given twice, first in line 2", ""),
        ("sepack:\n", "invoke.yaml:1:1: sepack holds nothing where keys and values belong", ""),
        ("run: [3]\n", "invoke.yaml:1:1: run holds a list where keys and values belong", ""),
        ("- el9\n", "invoke.yaml: the file holds a list where keys and values belong", ""),
        (
            "sepak:\n  jobs: 1\n",
            "invoke.yaml:1:1: there is no section 'sepak'",
            "The settings of sepack are written below the key sepack.",
        ),
        (
            "sepack_jobs: 1\n",
            "invoke.yaml:1:1: there is no section 'sepack_jobs'",
            "The settings of sepack are written below the key sepack.",
        ),
        (
            "sepack:\n  jobs: 1\n targets: host\n",
            "invoke.yaml:3:2: this is no YAML: expected <block end>, but found '<block mapping start>'",
            "",
        ),
        ("a: \x01\n", "invoke.yaml:1:4: this is no YAML: special characters are not allowed", ""),
        ("a: 2026-99-99\n", "invoke.yaml: this is no YAML: month must be in 1..12", ""),
    ],
)
def test_what_is_wrong_in_the_file_is_said_with_its_place(tmp_path: Path, text: str, sentence: str, hint: str) -> None:
    error = refusal(tmp_path, text)
    assert (str(error), error.hint) == (sentence, hint)


def test_the_line_itself_is_shown(tmp_path: Path) -> None:
    error = refusal(tmp_path, "sepack:\n  jobs: many\n")
    assert error.where is not None
    assert error.where.text == "  jobs: many"


@pytest.mark.parametrize(
    ("environ", "sentence", "hint"),
    [
        (
            {"INVOKE_SEPACK_TOOLCHIAN": "local"},
            "INVOKE_SEPACK_TOOLCHIAN: there is no such setting",
            f"Did you mean toolchain? {ALL}",
        ),
        ({"INVOKE_SEPACK_Jobs": "1"}, "INVOKE_SEPACK_Jobs: there is no such setting", f"Did you mean jobs? {ALL}"),
        (
            {"INVOKE_SEPACK_JOBS": "many"},
            "INVOKE_SEPACK_JOBS: jobs is 'many'; it takes a whole number, 0 for what keeps it busy",
            "",
        ),
        (
            {"INVOKE_SEPACK_TARGETS": "el9 el11"},
            "INVOKE_SEPACK_TARGETS: there is no target 'el11'",
            "Did you mean el10? The targets are host, el8, el9, el10.",
        ),
    ],
)
def test_what_is_wrong_in_the_environment_is_said_with_its_variable(
    tmp_path: Path, environ: dict[str, str], sentence: str, hint: str
) -> None:
    error = refusal(tmp_path, **environ)
    assert (str(error), error.hint) == (sentence, hint)


def test_a_list_that_invoke_could_not_replace_is_refused_before_it_tries(tmp_path: Path) -> None:
    error = refusal(tmp_path, "sepack:\n  targets: [el9, el10]\n", INVOKE_SEPACK_TARGETS="host")
    assert str(error) == (
        "INVOKE_SEPACK_TARGETS: Invoke cannot put a string in the place of the list that invoke.yaml:2:3 gives"
    )
    assert error.hint == 'Write the list as one string there: targets: "el9 el10".'


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("invoke.yml", "sepack:\n  job: 1\n", "invoke.yml:2:3: there is no setting 'job'"),
        ("invoke.json", '{"sepack": {\n  "job": 1}}\n', "invoke.json:2:4: there is no setting 'job'"),
        ("invoke.json", '{"sepack": \n', "invoke.json:2:1: this is no JSON: Expecting value"),
        ("invoke.json", "[]\n", "invoke.json: the file holds a list where keys and values belong"),
        ("invoke.py", "sepack = {\n  'job': 1}\n", "invoke.py:2:4: there is no setting 'job'"),
        ("invoke.py", "sepack = {\n", "invoke.py:1:10: this is no Python: '{' was never closed"),
        ("invoke.py", "x = 1\ny = 1 / 0\n", "invoke.py:2:1: the file fails: ZeroDivisionError: division by zero"),
    ],
)
def test_invoke_s_other_formats_are_checked_too(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    assert str(refusal(tmp_path, text, name)) == sentence


def test_the_file_that_invoke_would_load_first_is_the_one_that_counts(tmp_path: Path) -> None:
    (tmp_path / "invoke.json").write_text("no JSON at all")
    check(tmp_path, "sepack:\n  jobs: 1\n")


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "invoke.yaml").write_bytes(b"a: \xff\n")
    assert str(refusal(tmp_path)) == "invoke.yaml: the file is not UTF-8: byte 4 is 0xff"


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "invoke.yaml").mkdir()
    assert str(refusal(tmp_path)) == "invoke.yaml: the file cannot be read: Is a directory"


@pytest.mark.parametrize(
    ("text", "environ", "sentence"),
    [
        (
            "sepack:\n  jobs: x\n",
            {},
            "invoke.yaml:2:3: jobs is 'x'; it takes a whole number, 0 for what keeps it busy",
        ),
        (
            "sepack:\n  jobs: x\n",
            {"INVOKE_SEPACK_JOBS": "x"},
            "INVOKE_SEPACK_JOBS: jobs is 'x'; it takes a whole number, 0 for what keeps it busy",
        ),
        (
            "run: {}\n",
            {},
            "the configuration of Invoke: jobs is 'x'; it takes a whole number, 0 for what keeps it busy",
        ),
    ],
)
def test_a_merged_value_is_traced_back(tmp_path: Path, text: str, environ: dict[str, str], sentence: str) -> None:
    (tmp_path / "invoke.yaml").write_text(text)
    with pytest.raises(SettingError) as caught:
        read_settings({"jobs": "x"}, tmp_path, environ)
    assert str(caught.value) == sentence


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 30) | st.sampled_from(["host", "el9", "auto", "never", "x", ""]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(list(DEFAULTS)), inner, max_size=2),
    max_leaves=3,
)


@given(
    section=st.dictionaries(st.sampled_from([*DEFAULTS, "other"]), json_values, max_size=3),
    environ=st.dictionaries(
        st.sampled_from([f"INVOKE_SEPACK_{key.upper()}" for key in DEFAULTS]),
        st.sampled_from(["", "0", "4", "x", "auto", "never", "host", "el9,el10", "-1"]),
        max_size=2,
    ),
)
def test_what_passes_the_check_invoke_can_load_and_sepack_can_read(
    tmp_path_factory: pytest.TempPathFactory, section: dict[str, Any], environ: dict[str, str]
) -> None:
    root = tmp_path_factory.mktemp("workspace")
    (root / "invoke.json").write_text(json.dumps({"sepack": section}))
    try:
        check_settings_file(root, environ)
    except SettingError:
        return
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        config = Config(project_location=root)
        config.load_project()
        config.load_collection({"sepack": dict(DEFAULTS)})
        config.load_shell_env()
    read = read_settings(config["sepack"], root, environ)
    assert isinstance(read, Settings)


TASKS = """
from pathlib import Path
from invoke import Collection, Exit, task
from sepack.errors import SepackError
from sepack.settings import DEFAULTS, check_settings_file, read_settings
try:
    check_settings_file(Path(__file__).parent)
except SepackError as error:
    raise Exit(str(error), code=error.exit_code)

@task
def show(context):
    print(read_settings(context.config["sepack"], Path(__file__).parent).targets)

ns = Collection(show)
ns.configure({"sepack": DEFAULTS})
"""


@pytest.mark.parametrize(
    ("text", "environ", "code", "said"),
    [
        ("sepack:\n  targets: [el9]\n", {}, 0, "('el9',)"),
        ("sepack:\n  targets: el9\n", {"INVOKE_SEPACK_TARGETS": "el8"}, 0, "('el8',)"),
        ("sepack: [\n", {}, 2, "invoke.yaml:2:1: this is no YAML: "),
    ],
)
def test_invoke_itself_ends_with_a_sentence_and_no_traceback(
    tmp_path: Path, text: str, environ: dict[str, str], code: int, said: str
) -> None:
    (tmp_path / "tasks.py").write_text(TASKS)
    (tmp_path / "invoke.yaml").write_text(text)
    command = [sys.executable, "-m", "invoke", "show"]
    run = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert run.returncode == code
    assert said in run.stdout + run.stderr
    assert "Traceback" not in run.stderr
