"""Bytes of a source in blocks, decompressed by what they begin with; and lines of blocks."""

from __future__ import annotations

import sys
import zlib
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STANDARD_INPUT = "-"
_BLOCK = 1024 * 1024
_ZSTD_BLOCK = 1024  # a kilobyte of zstd may stand for 32 MB
_ZSTD_WINDOW = 128 * 1024 * 1024
_KEPT_OF_LINE = 2 * 1024 * 1024
_MAGIC = {b"\x1f\x8b": "gzip", b"\xfd7zXZ\0": "xz", b"BZh": "bzip2", b"\x28\xb5\x2f\xfd": "zstd"}


def compression(beginning: bytes) -> str:
    """Which compression a file's first bytes are of, "" for none."""
    return next((name for magic, name in _MAGIC.items() if beginning.startswith(magic)), "")


def blocks_of(path: str, start: int, fault: list[str]) -> Iterator[bytes]:
    """Blocks of the file (`-`: standard input), from one byte before `start` on where that is not 0.

    What ends the reading early goes to `fault`, as a phrase; what was read before has been yielded by then.
    """
    try:
        if path == STANDARD_INPUT:
            yield from _decompressed(sys.stdin.buffer)
            return
        with open(path, "rb") as file:  # noqa: PTH123 - a path as it was typed
            if start:
                file.seek(start - 1)
                yield from iter(lambda: file.read(_BLOCK), b"")
            else:
                yield from _decompressed(file)
    except OSError as error:
        fault.append(error.strerror or f"broken: {error}")
    except Exception as error:
        if isinstance(error, EOFError | ValueError | zlib.error) or type(error).__name__ == "LZMAError":
            fault.append(f"broken: {error}")
        else:
            raise


def lines_of(blocks: Iterable[bytes], start: int = 0, end: int | None = None) -> Iterator[tuple[int, bytes, int]]:
    """Blocks cut anywhere → (offset, whole lines without the last one's end, offset after them).

    Only the lines that begin from `start` on and before `end`; where `start` is not 0 the blocks begin one byte before
    it. Of a line beyond 2 MiB the beginning is kept, and the rest only counted.
    """
    skipping = start > 0
    for offset, data, after in _whole_lines(blocks, max(0, start - 1)):
        if skipping:
            skipping = False
            first, newline, data = data.partition(b"\n")  # noqa: PLW2901 - without what began before
            if not newline:
                continue
            offset += len(first) + 1  # noqa: PLW2901
        if end is None or after <= end:
            yield offset, data, after
            continue
        if offset < end:
            cut = data.find(b"\n", end - 1 - offset)
            yield (offset, data, after) if cut < 0 else (offset, data[:cut], offset + cut + 1)
        return


def _whole_lines(blocks: Iterable[bytes], offset: int) -> Iterator[tuple[int, bytes, int]]:
    rest, dropped = b"", 0
    for block in blocks:
        begin = 0
        if dropped:
            begin = block.find(b"\n") + 1
            if not begin:
                dropped += len(block)
                continue
            end = offset + len(rest) + dropped + begin
            yield offset, rest, end
            rest, dropped, offset = b"", 0, end
        cut = block.rfind(b"\n", begin)
        if cut >= 0:
            end = offset + len(rest) + cut + 1 - begin
            yield offset, rest + block[begin:cut], end
            rest, offset, begin = b"", end, cut + 1
        rest += block[begin:]
        if len(rest) > _KEPT_OF_LINE:
            rest, dropped = rest[:_KEPT_OF_LINE], len(rest) - _KEPT_OF_LINE
    if rest:
        yield offset, rest, offset + len(rest) + dropped


def _decompressed(file: IO[bytes]) -> Iterator[bytes]:
    peek = getattr(file, "peek", None)
    kind = compression(peek(6)[:6]) if peek else ""
    if kind == "zstd":
        yield from _zstd_blocks(file)
        return
    stream = _open(kind, file)
    yield from iter(lambda: stream.read1(_BLOCK), b"")


def _open(kind: str, file: IO[bytes]) -> Any:
    """A stream whose `read1` raises only after it has given all that can be read."""
    if kind == "gzip":
        import gzip

        return gzip.GzipFile(fileobj=file)
    if kind == "xz":
        import lzma

        return lzma.LZMAFile(file)
    if kind == "bzip2":
        import bz2

        return bz2.BZ2File(file)
    return file


def _zstd_blocks(file: IO[bytes]) -> Iterator[bytes]:
    """Frame by frame. Raises EOFError where the last one is cut off, ValueError where one is broken."""
    import zstandard

    frame = None
    rest = b""
    try:
        while data := rest or file.read(_ZSTD_BLOCK):
            frame = frame or zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
            if block := frame.decompress(data):
                yield block
            rest = frame.unused_data if frame.eof else b""
            frame = None if frame.eof else frame
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from error
    if frame is not None:
        raise EOFError("the file ends before its last frame does")
