"""What all tiers share: the tier a test is in, what it needs of the machine, and a way to give up root."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import tempfile
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

IN_CI = bool(os.environ.get("CI"))
MARKED_TIERS = frozenset({"tools", "container", "e2e"})
NOBODY = 65534
NO_ANSWER = pickle.dumps((None, "the process ended without an answer"))

Result = TypeVar("Result")

# A time limit for one example measures the machine, and what CI finds shall be found again on a laptop.
settings.register_profile("sepack", deadline=None, derandomize=IN_CI)
settings.load_profile("sepack")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its tier."""
    for item in items:
        tier = tier_of(item.nodeid)
        if tier in MARKED_TIERS:
            item.add_marker(tier)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Spread tests over the workers by `kept_together`."""
    from xdist.scheduler import LoadScopeScheduling

    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = kept_together
    return scheduler


def kept_together(nodeid: str) -> str:
    """Unit tests go one by one; a file stays together where fixtures cost much, and so does all that uses an engine."""
    tier = tier_of(nodeid)
    if tier == "unit":
        return nodeid
    return tier if tier == "container" else file_of(nodeid)


def tier_of(nodeid: str) -> str:
    """`tests/tools/test_m4.py::test_x` → tools."""
    parts = file_of(nodeid).split("/")
    return parts[1] if parts[0] == "tests" and len(parts) > 2 else ""


def file_of(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("root") and os.geteuid() != 0:
        pytest.skip("needs root")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if not hasattr(report, "wasxfail"):
        refuse_skip_in_ci(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    refuse_skip_in_ci(report)
    return report


def refuse_skip_in_ci(report: pytest.TestReport | pytest.CollectReport) -> None:
    """On a laptop a missing tool is a skip; CI has all of them, so there a skip is a hole in what was proved."""
    if IN_CI and report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"in CI nothing is skipped, and this was: {reason}"


@pytest.fixture(scope="session")
def require_tool() -> Callable[[str], str]:
    """A function from a program's name to its path; where there is none the test is skipped, in CI it fails."""

    def path_of(name: str) -> str:
        path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
        if path is None:
            pytest.skip(f"there is no {name} here")
        return path

    return path_of


class Unprivileged:
    """Does things as nobody, or as the caller where that is not root, for what permissions stop root does not meet.

    `directory` and all that lies in it belong to nobody each time. What `__call__` runs has to be imported already,
    for nobody may not read an interpreter that is in root's home.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.changes_user = os.geteuid() == 0

    def __call__(self, function: Callable[[], Result]) -> Result:
        """The function's result, from a process of its own; the test fails with its traceback when it raises."""
        self.hand_over()
        reader, writer = os.pipe()
        with warnings.catch_warnings():
            # The child only computes and exits; no lock of the test runner's other threads is taken there.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            self._answer(function, writer)
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            answer = pipe.read() or NO_ANSWER
        os.waitpid(child, 0)
        result: Result
        result, failure = pickle.loads(answer)
        if failure:
            pytest.fail(f"as an unprivileged user:\n{failure}")
        return result

    def _answer(self, function: Callable[[], object], writer: int) -> None:
        try:
            if self.changes_user:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            answer = pickle.dumps((function(), ""))
        except BaseException:
            answer = pickle.dumps(("", traceback.format_exc()))
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(answer)
        os._exit(0)

    def run(self, *argv: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """A command in `directory`; its exit code is the caller's to look at."""
        self.hand_over()
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if self.changes_user else {}
        return subprocess.run(argv, cwd=self.directory, env=env, capture_output=True, text=True, check=False, **user)  # type: ignore[call-overload,no-any-return]

    def hand_over(self) -> None:
        if self.changes_user:
            for path in (self.directory, *self.directory.rglob("*")):
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


@pytest.fixture
def unprivileged() -> Iterator[Unprivileged]:
    directory = Path(tempfile.mkdtemp(prefix="sepack-nobody-"))
    yield Unprivileged(directory)
    for path in directory.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
    shutil.rmtree(directory)
