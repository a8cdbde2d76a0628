"""Runs chains of commands side by side; the same file serves this host (imported) and a container (its main program).

Standard library only and Python 3.6 or newer, because it also runs on the toolchain image's own python3. As a program
it reads one JSON object a line ({"chains": [...], "jobs": N}), answers each finished chain with a line, then a line
{"done": true}; it ends when its standard input does, so a caller that dies takes it along.
"""

import base64
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time

NOT_FOUND = 127
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


class Runner:
    """Runs chains; `stop` ends everything that runs and lets no more start."""

    def __init__(self, root, env):
        self.root = root
        self.env = env
        self.live = set()
        self.lock = threading.Lock()
        self.stopped = False

    def stop(self):
        with self.lock:
            self.stopped = True
            live = list(self.live)
        for process in live:
            process.kill()

    def run_one(self, command):
        """One command: {"argv", "env", "stdout"} -> {"exit_code", "stdout", "stderr", "seconds"}."""
        env = dict(self.env, **command.get("env", {}))
        target = command.get("stdout")
        begin = time.monotonic()
        sink = None
        try:
            sink = open(os.path.join(self.root, target), "wb") if target else subprocess.PIPE
            exit_code, stdout, stderr = self._wait(command["argv"], env, sink)
        except OSError as error:
            exit_code, stdout = (NOT_FOUND if isinstance(error, FileNotFoundError) else 126), b""
            stderr = "{}: {}\n".format(error.filename or command["argv"][0], error.strerror).encode()
        finally:
            if target and sink is not None:
                sink.close()
        if exit_code < 0:
            exit_code = 128 - exit_code
        seconds = time.monotonic() - begin
        return {"exit_code": exit_code, "stdout": stdout or b"", "stderr": stderr, "seconds": seconds}

    def _wait(self, argv, env, sink):
        with self.lock:
            if self.stopped:
                return 128 + signal.SIGKILL, b"", b"stopped\n"
            process = subprocess.Popen(
                argv, cwd=self.root, env=env, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.PIPE
            )
            self.live.add(process)
        try:
            stdout, stderr = process.communicate()
        finally:
            with self.lock:
                self.live.discard(process)
        return process.returncode, stdout, stderr

    def run_chain(self, chain):
        outcomes = []
        for command in chain:
            outcomes.append(self.run_one(command))
            if outcomes[-1]["exit_code"] != 0:
                break
        return outcomes

    def run(self, chains, jobs):
        """Yield (index, outcomes) for each chain as it ends, at most `jobs` of them at a time."""
        waiting = queue.Queue()
        for item in enumerate(chains):
            waiting.put(item)
        finished = queue.Queue()

        def work():
            while True:
                try:
                    index, chain = waiting.get_nowait()
                except queue.Empty:
                    return
                try:
                    finished.put((index, self.run_chain(chain), None))
                except BaseException as error:  # handed to the thread that waits, which raises it
                    finished.put((index, None, error))

        workers = [threading.Thread(target=work, daemon=True) for _ in range(max(1, min(jobs, len(chains))))]
        for worker in workers:
            worker.start()
        try:
            for _ in chains:
                index, outcomes, error = finished.get()
                if error is not None:
                    raise error
                yield index, outcomes
        except BaseException:
            self.stop()
            raise
        finally:
            with waiting.mutex:
                waiting.queue.clear()
            for worker in workers:
                worker.join()


def small_environment():
    """What commands see: no locale, no user settings, no secrets of the caller's."""
    return {"PATH": PATH, "LC_ALL": "C", "HOME": "/nonexistent"}


def encode(outcome):
    """An outcome as JSON can carry it."""
    return dict(
        outcome,
        stdout=base64.b64encode(outcome["stdout"]).decode("ascii"),
        stderr=base64.b64encode(outcome["stderr"]).decode("ascii"),
    )


def serve(root):
    for line in sys.stdin:
        request = json.loads(line)
        for index, outcomes in Runner(root, small_environment()).run(request["chains"], request["jobs"]):
            answer(index=index, outcomes=[encode(outcome) for outcome in outcomes])
        answer(done=True)


def answer(**fields):
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve(sys.argv[1])
