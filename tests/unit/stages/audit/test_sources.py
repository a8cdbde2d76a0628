"""Where lines come from, and what is said where they cannot be read."""

from __future__ import annotations

import bz2
import gzip
import lzma
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import zstandard

from sepack.pipeline.denials import read_denials
from sepack.stages.audit.aggregate import merge_all
from sepack.stages.audit.sources import aggregate_part, find_logs
from sepack.workers.local import LocalWorkers

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Unprivileged

LOG = Path(__file__).parents[3] / "data/audit/enforcing-vm.log"
COMPRESSORS = [gzip.compress, bz2.compress, lzma.compress, zstandard.ZstdCompressor().compress]


def test_the_real_log() -> None:
    account = read_denials([str(LOG)], LocalWorkers(1)).account
    assert (account.denials, account.granted, account.other, account.lines_not_understood) == (47, 0, 162, 0)


@pytest.mark.parametrize("compress", COMPRESSORS)
def test_compressed_by_content(compress: Callable[[bytes], bytes], tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(compress(LOG.read_bytes()))
    assert read_denials([str(tmp_path)], LocalWorkers(1)).account.denials == 47


@pytest.mark.parametrize("compress", COMPRESSORS)
def test_cut_in_half(compress: Callable[[bytes], bytes], tmp_path: Path) -> None:
    data = compress(LOG.read_bytes() * 20)
    (tmp_path / "a.log").write_bytes(data[: len(data) // 2])
    assert "broken" in read_denials([str(tmp_path)], LocalWorkers(1)).faults[str(tmp_path / "a.log")]


@pytest.mark.parametrize("size", [1000, 4096, 20000])
def test_parts_of_a_file(size: int) -> None:
    whole = read_denials([str(LOG)], LocalWorkers(1))
    parts = find_logs([str(LOG)], 1000, size).parts
    assert len(parts) > 1
    assert merge_all(aggregate_part(part) for part in reversed(parts)) == whole


@pytest.mark.parametrize(
    "data", [b"", b"\x00\xff\x80" * 1000, b"x" * 10_000_000, b"\xe9t\xe9\n", LOG.read_bytes()[:7003]]
)
def test_bad_input_is_counted(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(data)
    read = read_denials([str(tmp_path / "a.log")], LocalWorkers(1))
    assert read.account.lines == len(data.split(b"\n")) - (not data or data.endswith(b"\n"))


def test_a_directory_without_logs_and_a_missing_file_are_said(tmp_path: Path) -> None:
    assert len(read_denials([str(tmp_path), str(tmp_path / "x")], LocalWorkers(1)).faults) == 2


def test_a_log_that_may_not_be_read_is_said(unprivileged: Unprivileged) -> None:
    log = unprivileged.directory / "a.log"
    log.write_bytes(LOG.read_bytes())
    log.chmod(0)
    read = unprivileged(lambda: read_denials([str(log)], LocalWorkers(1)))
    assert read.faults == {str(log): "Permission denied"}
