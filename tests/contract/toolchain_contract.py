"""What every toolchain does alike. Subclasses give the fixture `toolchain`, entered, over the fixture `root`."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest

from sepack.model.command import Command

if TYPE_CHECKING:
    from collections.abc import Callable

    from sepack.model.command import ChainOutcome, Outcome
    from sepack.model.toolchain import Toolchain


def command(*argv: str, stdout: str | None = None, **env: str) -> Command:
    return Command(argv=argv, env=env, stdout=None if stdout is None else PurePosixPath(stdout))


def only(toolchain: Toolchain, *chain: Command) -> ChainOutcome:
    (outcome,) = toolchain.run([chain])
    return outcome


class ToolchainContract:
    """Needs no more of a toolchain than true, false, cat, cp, printf and env."""

    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        return tmp_path

    def test_has_a_name_and_an_identity(self, toolchain: Toolchain) -> None:
        assert toolchain.name
        assert toolchain.identity

    def test_no_chains_no_outcomes(self, toolchain: Toolchain) -> None:
        assert list(toolchain.run([])) == []

    def test_a_command_comes_back_with_what_it_did(self, toolchain: Toolchain) -> None:
        asked = command("printf", "hello")
        done = only(toolchain, asked).last
        assert done.command == asked
        assert (done.exit_code, done.stdout, done.stderr) == (0, b"hello", b"")
        assert done.seconds > 0

    def test_each_chain_comes_back_once(self, toolchain: Toolchain) -> None:
        chains = [[command("printf", f"{n}"), command("printf", f"{n}!")] for n in range(50)]
        outcomes = sorted(toolchain.run(chains), key=lambda outcome: outcome.index)
        assert [outcome.index for outcome in outcomes] == list(range(50))
        assert [[done.stdout for done in outcome.outcomes] for outcome in outcomes] == [
            [b"%d" % n, b"%d!" % n] for n in range(50)
        ]

    def test_commands_of_a_chain_run_in_order(self, toolchain: Toolchain, root: Path) -> None:
        (root / "a").write_bytes(b"text")
        chain = [command("cp", "a", "b"), command("cp", "b", "c"), command("cat", "c")]
        assert only(toolchain, *chain).last.stdout == b"text"

    def test_a_failure_ends_its_own_chain_only(self, toolchain: Toolchain) -> None:
        failing = [command("true"), command("false"), command("true")]
        outcomes = {outcome.index: outcome for outcome in toolchain.run([failing, [command("true")]])}
        assert [done.exit_code for done in outcomes[0].outcomes] == [0, 1]
        assert not outcomes[0].ok
        assert outcomes[1].ok

    def test_output_goes_to_a_file_of_the_workspace(self, toolchain: Toolchain, root: Path) -> None:
        (root / "out").write_bytes(b"something longer from before")
        done = only(toolchain, command("printf", "new", stdout="out")).last
        assert (done.exit_code, done.stdout) == (0, b"")
        assert (root / "out").read_bytes() == b"new"

    def test_what_a_command_makes_is_an_ordinary_file_of_the_callers(self, toolchain: Toolchain, root: Path) -> None:
        (root / "in").write_bytes(b"x")
        assert only(toolchain, command("cp", "in", "made"), command("true", stdout="out")).ok
        for name in ("made", "out"):
            status = (root / name).stat()
            assert (status.st_uid, status.st_gid) == (root.stat().st_uid, root.stat().st_gid)
            assert stat.S_IMODE(status.st_mode) == 0o644

    def test_output_that_cannot_be_written_to_is_a_failure_and_says_where(
        self, toolchain: Toolchain, root: Path
    ) -> None:
        done = only(toolchain, command("true", stdout="no/such/directory"), command("cp", "a", "b")).last
        assert done.exit_code == 1
        assert b"no/such/directory: No such file or directory" in done.stderr
        assert list(root.iterdir()) == []

    def test_a_missing_program_is_127_and_named(self, toolchain: Toolchain) -> None:
        done = only(toolchain, command("no-such-program", "--version")).last
        assert done.exit_code == 127
        assert b"no-such-program" in done.stderr

    def test_a_program_that_may_not_be_run_is_126_and_named(self, toolchain: Toolchain, root: Path) -> None:
        (root / "locked").write_bytes(b"#!/bin/true\n")
        done = only(toolchain, command("./locked")).last
        assert done.exit_code == 126
        assert b"./locked" in done.stderr

    def test_the_environment_is_small_and_the_same_everywhere(
        self, toolchain: Toolchain, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SECRET_TOKEN", "hunter2")
        done = only(toolchain, command("env", GREETING="good day")).last
        assert dict(line.split("=", 1) for line in done.stdout.decode().splitlines()) == {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C",
            "HOME": "/nonexistent",
            "GREETING": "good day",
        }

    def test_output_of_any_bytes_comes_back_as_it_is(self, toolchain: Toolchain, root: Path) -> None:
        everything = bytes(range(256)) * 3
        (root / "bytes").write_bytes(everything)
        assert only(toolchain, command("cat", "bytes")).last.stdout == everything

    def test_words_of_any_script_and_of_none_reach_the_program(self, toolchain: Toolchain, root: Path) -> None:
        odd = b"caf\xc3\xa9 \xff".decode("utf-8", "surrogateescape")
        assert only(toolchain, command("printf", odd, stdout="ausgabe-ß")).ok
        assert (root / "ausgabe-ß").read_bytes() == b"caf\xc3\xa9 \xff"

    def test_an_abandoned_batch_leaves_the_next_one_alone(self, toolchain: Toolchain) -> None:
        for _ in toolchain.run([[command("printf", "old")]] * 30):
            break
        outcomes = list(toolchain.run([[command("printf", "new")]] * 5))
        assert [outcome.last.stdout for outcome in outcomes] == [b"new"] * 5

    def test_batch_follows_batch(self, toolchain: Toolchain) -> None:
        for n in range(5):
            assert only(toolchain, command("printf", f"{n}")).last.stdout == b"%d" % n


class RealToolchainContract(ToolchainContract):
    """What a fake cannot show: processes, signals, much output."""

    def run_shell(self, toolchain: Toolchain, script: str) -> Outcome:
        return only(toolchain, command("sh", "-c", script)).last

    def test_both_streams_may_be_long(self, toolchain: Toolchain) -> None:
        done = self.run_shell(toolchain, "head -c 3000000 /dev/zero | tee /dev/fd/2")
        assert (done.exit_code, len(done.stdout), len(done.stderr)) == (0, 3_000_000, 3_000_000)

    def test_sixty_megabytes_of_output_come_back(self, toolchain: Toolchain) -> None:
        done = self.run_shell(toolchain, "yes 'a line of an expanded policy' | head -c 60000000")
        assert len(done.stdout) == 60_000_000
        assert done.stdout.startswith(b"a line of an expanded policy\na line")

    def test_a_signal_is_128_and_its_number(self, toolchain: Toolchain) -> None:
        assert self.run_shell(toolchain, "kill -ABRT $$").exit_code == 128 + 6

    def test_there_is_nothing_to_read(self, toolchain: Toolchain) -> None:
        assert self.run_shell(toolchain, "cat; test ! -t 0").exit_code == 0

    def test_commands_start_in_the_workspace(self, toolchain: Toolchain, root: Path) -> None:
        (root / "here").touch()
        assert self.run_shell(toolchain, "pwd; ls").stdout.endswith(b"\nhere\n")

    def test_a_full_disk_is_the_commands_failure(self, toolchain: Toolchain, root: Path) -> None:
        (root / "out").symlink_to("/dev/full")
        done = only(toolchain, command("head", "-c", "10", "/dev/zero", stdout="out")).last
        assert done.exit_code == 1
        assert b"No space left on device" in done.stderr

    def test_what_a_command_leaves_running_ends_with_it(self, toolchain: Toolchain, root: Path) -> None:
        done = self.run_shell(toolchain, "(sleep 1; touch late) & echo left")
        assert done.stdout == b"left\n"
        assert done.seconds < 1
        assert self.run_shell(toolchain, "sleep 1.5; ls").stdout == b""
        assert not (root / "late").exists()

    def test_chains_run_side_by_side(self, toolchain: Toolchain, root: Path) -> None:
        os.mkfifo(root / "pipe")
        reader, writer = command("timeout", "20", "cat", "pipe"), command("timeout", "20", "cp", "/dev/null", "pipe")
        assert all(outcome.ok for outcome in toolchain.run([[reader], [writer]]))

    def test_a_batch_is_heard_of_as_it_goes(self, toolchain: Toolchain) -> None:
        batch = toolchain.run([[command("sleep", "2")], [command("true")]])
        assert next(batch).index == 1
        assert next(batch).index == 0

    def test_abandoning_a_batch_ends_what_runs(
        self, toolchain: Toolchain, root: Path, ended: Callable[[str], bool]
    ) -> None:
        # Of this process alone: another one may try another toolchain at this very moment.
        words = f"sleep 313.{os.getpid()}"
        batch = toolchain.run([[command("sh", "-c", f"{words} & {words}; touch late")], [command("true")]])
        assert next(batch).index == 1
        batch.close()  # type: ignore[attr-defined]
        assert ended(words)
        assert not (root / "late").exists()

    @pytest.fixture
    def ended(self) -> Callable[[str], bool]:
        """Tells whether no process of these words is left on this machine, in containers or out of them.

        One that was killed is there until the kernel has come to it, which is not at once.
        """

        def is_gone(words: str) -> bool:
            sought = words.encode().replace(b" ", b"\0")
            return not any(sought in line for line in map(read_command_line, Path("/proc").glob("[0-9]*")))

        def has_ended(words: str) -> bool:
            for _ in range(100):
                if is_gone(words):
                    return True
                time.sleep(0.1)
            return False

        return has_ended


def read_command_line(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""
