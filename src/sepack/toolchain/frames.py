"""The engine's multiplexed stream: a container's standard output and error, in frames over one connection."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

STDOUT = 1
STDERR = 2
HEADER = struct.Struct(">BxxxL")


class Frames:
    """Takes what comes, in pieces of any size, and gives the parts of each stream in order.

    A frame is eight bytes (the stream's number, three zeros, the length as a big-endian 32-bit number) and its
    payload: https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
    """

    def __init__(self) -> None:
        self._header = b""
        self._stream = 0
        self._missing = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield (stream, part) for all of `data`; a payload comes in as many parts as it arrived in."""
        at = 0
        while at < len(data):
            if self._missing:
                part = data[at : at + self._missing]
                self._missing -= len(part)
                at += len(part)
                yield self._stream, part
                continue
            wanted = HEADER.size - len(self._header)
            self._header += data[at : at + wanted]
            at += wanted
            if len(self._header) == HEADER.size:
                self._stream, self._missing = HEADER.unpack(self._header)
                self._header = b""
