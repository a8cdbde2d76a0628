from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sepack.toolchain.frames import HEADER, STDERR, STDOUT, Frames


def whole(frames: list[tuple[int, bytes]]) -> bytes:
    return b"".join(HEADER.pack(stream, len(payload)) + payload for stream, payload in frames)


def streams(parts: list[tuple[int, bytes]]) -> dict[int, bytes]:
    return {number: b"".join(part for stream, part in parts if stream == number) for number in (STDOUT, STDERR)}


def test_two_frames_in_one_piece() -> None:
    data = b"\x01\0\0\0\0\0\0\x03abc" + b"\x02\0\0\0\0\0\0\x01!"
    assert list(Frames().feed(data)) == [(STDOUT, b"abc"), (STDERR, b"!")]


def test_a_payload_is_given_as_it_arrives() -> None:
    frames = Frames()
    assert list(frames.feed(b"\x01\0\0\0\0\0\0\x06abc")) == [(STDOUT, b"abc")]
    assert list(frames.feed(b"def\x01\0")) == [(STDOUT, b"def")]


@given(
    st.lists(st.tuples(st.sampled_from([STDOUT, STDERR]), st.binary(max_size=300))),
    st.lists(st.integers(min_value=1, max_value=40), min_size=1),
)
def test_frames_may_be_split_anywhere(sent: list[tuple[int, bytes]], sizes: list[int]) -> None:
    data = whole(sent)
    frames = Frames()
    received: list[tuple[int, bytes]] = []
    at = turn = 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        received += frames.feed(data[at : at + size])
        at, turn = at + size, turn + 1
    assert streams(received) == streams(sent)
    assert all(part for _, part in received)
