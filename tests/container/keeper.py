"""Keeps a container engine in a directory for as long as anybody holds its lifeline, then leaves nothing of it behind.

Run as a program of its own session, so that neither Ctrl-C nor the death of a test process reaches it. The lifeline is
a FIFO: the kernel tells when the last of those that hold it open for writing has gone, in whatever way. The engine has
its own process and mount namespaces, which take everything in them along.
"""

from __future__ import annotations

import fcntl
import os
import select
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

LIFELINE = "lifeline"
LOCK = "lock"
SOCKET = "docker.sock"
LOG = "engine.log"
HIDDEN = "hidden"  # a directory that the engine sees another one in place of

# The shell is the namespace's first process: it reaps what the engine leaves, and passes on the end.
START = """
mount -t tmpfs tmpfs "$1/hidden"
mkdir -p /run/containerd && mount -t tmpfs tmpfs /run/containerd
trap 'kill $engine' TERM
dockerd --iptables=false --ip6tables=false --bridge=none --ip-forward=false --shutdown-timeout=1 \\
    --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent="$2" \\
    --data-root="$1/data" --exec-root="$1/exec" --pidfile="$1/pid" --host="unix://$1/docker.sock" &
engine=$!
wait $engine
wait $engine
"""


def main(directory: Path) -> None:
    lifeline = os.open(directory / LIFELINE, os.O_RDONLY | os.O_NONBLOCK)
    poll = select.poll()
    poll.register(lifeline, 0)  # only its end
    group = f"sepack-tests-{os.getpid()}"
    with start(directory, group) as engine:
        while engine.poll() is None:
            if poll.poll(1000) and nobody_holds(directory, poll):
                engine.kill()  # has the shell inside told to end
                break
        assert engine.stdout
        engine.stdout.read()  # ends when the last process inside has
    shutil.rmtree(directory, ignore_errors=True)
    remove_group(group)


def start(directory: Path, group: str) -> subprocess.Popen[bytes]:
    (directory / HIDDEN).mkdir()
    own = "setpriv --pdeathsig KILL unshare --mount --propagation slave --pid --mount-proc --kill-child=TERM sh -c"
    with (directory / LOG).open("wb") as log:
        return subprocess.Popen(
            [*own.split(), START, "sh", directory, group],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
        )


def nobody_holds(directory: Path, poll: select.poll) -> bool:
    """Under the lock, so that nobody takes hold of what is about to end."""
    with (directory / LOCK).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        gone = bool(poll.poll(0))
        if gone:
            (directory / LIFELINE).unlink()
        return gone


def remove_group(name: str) -> None:
    """The engine leaves its control groups, empty."""
    for top in Path("/sys/fs/cgroup").glob(f"**/{name}"):
        for directory, _, _ in os.walk(top, topdown=False):
            with suppress(OSError):
                Path(directory).rmdir()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
