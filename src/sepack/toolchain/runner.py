"""Runs chains of commands side by side; the same file serves this host (imported) and a container (its main program).

Standard library only and Python 3.6 or newer, because it also runs on the toolchain image's own python3. As a program
it first says what it finds, then reads one JSON object a line ({"chains": [...], "jobs": N}) and answers with a line
for the chains that have ended. It ends itself, and all it started, when its standard input does: a caller that dies
takes it along.
"""

import base64
import collections
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from typing import Any

    Request = Mapping[str, Any]
    Result = dict[str, Any]

# What a shell answers when it cannot open the output file, may not run the program, or does not find it.
CANNOT_WRITE = 1
CANNOT_RUN = 126
NOT_FOUND = 127

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
CHUNK = 1 << 16
LOOK_AROUND = 0.5
# A line to the caller passes through the engine's processes, which costs as much as a small command does.
LINGER = 0.02


class CallerGoneError(Exception):
    """The lifeline ended, or said something out of turn, while a batch was running."""


class NotStartedError(Exception):
    def __init__(self, exit_code: int, name: str, error: OSError) -> None:
        super().__init__(name)
        self.exit_code = exit_code
        self.complaint = encoded(f"{name}: {os.strerror(error.errno or 0)}\n")


class Process:
    """One command: its standard output goes to a file, its standard error comes through a pipe.

    The file is a nameless one where the caller wants the output back: a second pipe would cost as much again, and two
    could block each other.
    """

    def __init__(self, command: "Request", root: str, env: "Mapping[str, str]") -> None:
        """Raises NotStartedError."""
        self._begin = time.monotonic()
        self._said: "list[bytes]" = []
        target = command["stdout"]
        self._captured = target is None
        try:
            self._stdout = os.open(encoded(f"{root}/{target}"), WRITE, 0o666) if target else scratch_file()
        except OSError as error:
            raise NotStartedError(CANNOT_WRITE, target or "output", error) from error
        self.pipe, writer = os.pipe()
        try:
            self._child = subprocess.Popen(
                [encoded(word) for word in command["argv"]],
                cwd=root,
                env=dict(env, **{name: encoded(value) for name, value in command["env"].items()}),
                stdin=subprocess.DEVNULL,
                stdout=self._stdout,
                stderr=writer,
                start_new_session=True,
            )
        except OSError as error:
            self._close()
            missing = isinstance(error, FileNotFoundError) and error.filename != root
            raise NotStartedError(NOT_FOUND if missing else CANNOT_RUN, command["argv"][0], error) from error
        finally:
            os.close(writer)

    def hear(self) -> bool:
        """Take what it says on standard error; False at the end of that, which is the end of the process."""
        data = os.read(self.pipe, CHUNK)
        self._said.append(data)
        return bool(data)

    def has_ended(self, options: int = os.WNOHANG) -> bool:
        """Leaves it a zombie, so that its number cannot be another's before its group has been ended."""
        return os.waitid(os.P_PID, self._child.pid, os.WEXITED | os.WNOWAIT | options) is not None

    def conclude(self) -> "Result":
        """Wait for it, and end what it left running."""
        self.has_ended(options=0)
        self._end_group()
        seconds = time.monotonic() - self._begin
        code = self._child.wait()
        stdout = contents(self._stdout) if self._captured else b""
        self._close()
        return result(code if code >= 0 else 128 - code, stdout, b"".join(self._said), seconds)

    def kill(self) -> None:
        self._end_group()
        self._child.wait()
        self._close()

    def _end_group(self) -> None:
        with contextlib.suppress(OSError):
            os.killpg(self._child.pid, signal.SIGKILL)

    def _close(self) -> None:
        os.close(self._stdout)
        os.close(self.pipe)


class Chain:
    """Commands that run one after the other, and what came of them so far."""

    def __init__(self, index: int, commands: "Sequence[Request]") -> None:
        self.index = index
        self.results: "list[Result]" = []
        self._waiting = iter(commands)

    def start_next(self, root: str, env: "Mapping[str, str]") -> "Process | None":
        """None when the chain has finished: nothing is left, or a command failed or does not start."""
        failed = self.results and self.results[-1]["exit_code"] != 0
        command = None if failed else next(self._waiting, None)
        if command is None:
            return None
        try:
            return Process(command, root, env)
        except NotStartedError as error:
            self.results.append(result(error.exit_code, b"", error.complaint, 0.0))
            return None


class Runner:
    """Runs chains in `root`, one batch at a time.

    One thread waits for all processes: more would spend their time handing the interpreter's lock to each other. With
    a `lifeline`, a batch ends when anything happens on that file descriptor.
    """

    def __init__(self, root: str, env: "Mapping[str, str]", lifeline: "int | None" = None) -> None:
        self._root = root
        self._env = env
        self._lifeline = lifeline
        self._live: "dict[int, tuple[Chain, Process]]" = {}
        self._finished: "list[Chain]" = []
        self._poll = select.poll()
        if lifeline is not None:
            self._poll.register(lifeline, select.POLLIN)

    def run(
        self, chains: "Sequence[Sequence[Request]]", jobs: int, linger: float = 0.0
    ) -> "Generator[list[tuple[int, list[Result]]], None, None]":
        """Run at most `jobs` chains at a time, 0 for as many as keep the machine busy.

        Yields lists of (index, results): the chains that have ended, at the latest `linger` seconds after they did.
        """
        waiting = collections.deque(Chain(index, commands) for index, commands in enumerate(chains))
        jobs = jobs or busy_jobs()
        try:
            begin = time.monotonic()
            while waiting or self._live or self._finished:
                while waiting and len(self._live) < jobs:
                    self._proceed(waiting.popleft())
                left = begin + linger - time.monotonic()
                if self._live and (left > 0 or not self._finished):
                    self._listen(left if self._finished else LOOK_AROUND)
                else:
                    ended, self._finished = self._finished, []
                    yield [(chain.index, chain.results) for chain in ended]
                    begin = time.monotonic()
        finally:
            self._stop()

    def _proceed(self, chain: Chain) -> None:
        process = chain.start_next(self._root, self._env)
        if process is None:
            self._finished.append(chain)
        else:
            self._live[process.pipe] = chain, process
            self._poll.register(process.pipe, select.POLLIN)

    def _listen(self, seconds: float) -> None:
        """Wait until a process says something or ends, and go on with the chain of each that has ended."""
        events = self._poll.poll(1000 * seconds)
        for pipe, _ in events:
            if pipe == self._lifeline:
                raise CallerGoneError
            if not self._live[pipe][1].hear():
                self._conclude(pipe)
        if not events:
            # A process that has ended may have left another one that holds its standard error open.
            for pipe in [pipe for pipe, (_, process) in self._live.items() if process.has_ended()]:
                self._conclude(pipe)

    def _conclude(self, pipe: int) -> None:
        chain, process = self._live.pop(pipe)
        self._poll.unregister(pipe)
        chain.results.append(process.conclude())
        self._proceed(chain)

    def _stop(self) -> None:
        for pipe, (_, process) in self._live.items():
            self._poll.unregister(pipe)
            process.kill()
        self._live.clear()
        self._finished.clear()


def busy_jobs() -> int:
    """Two for each processor: starting a program holds up the others for a moment, and a second one fills the gap."""
    return 2 * len(os.sched_getaffinity(0))


def result(exit_code: int, stdout: bytes, stderr: bytes, seconds: float) -> "Result":
    return {"exit_code": exit_code, "stdout": stdout, "stderr": stderr, "seconds": seconds}


def scratch_file() -> int:
    """A nameless file, in memory."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("output")
    return os.open("/tmp", os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)  # noqa: S108 - nameless, for Python < 3.8


def contents(file: int) -> bytes:
    with open(file, "rb", buffering=0, closefd=False) as stream:
        stream.seek(0)
        return stream.readall()


def encoded(text: str) -> bytes:
    """Bytes for the system, also where the locale knows nothing but ASCII (Python 3.6 in a bare container)."""
    return text.encode("utf-8", "surrogateescape")


def small_environment() -> "dict[str, str]":
    """What commands see: no locale, no user settings, no secrets of the caller's."""
    return {"PATH": PATH, "LC_ALL": "C", "HOME": "/nonexistent"}


def serve(root: str) -> None:
    """Answer requests until standard input ends."""
    answer(names=count_names(root), writable=os.access(root, os.W_OK))
    runner = Runner(root, small_environment(), lifeline=sys.stdin.fileno())
    for line in sys.stdin.buffer:
        request = json.loads(line.decode("ascii"))
        for ended in runner.run(request["chains"], request["jobs"], LINGER):
            answer(ended=[(index, [as_text(outcome) for outcome in results]) for index, results in ended])


def count_names(root: str) -> "int | None":
    try:
        return len(os.listdir(root))
    except OSError:
        return None


def as_text(outcome: "Result") -> "Result":
    """A result as JSON can carry it; `as_bytes` undoes it."""
    streams = {name: base64.b64encode(outcome[name]).decode("ascii") for name in ("stdout", "stderr")}
    return dict(outcome, **streams)


def as_bytes(outcome: "Result") -> "Result":
    return dict(outcome, **{name: base64.b64decode(outcome[name]) for name in ("stdout", "stderr")})


def answer(**fields: object) -> None:
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    with contextlib.suppress(CallerGoneError, BrokenPipeError):
        serve(sys.argv[1])
