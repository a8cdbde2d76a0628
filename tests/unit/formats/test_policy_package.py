"""What the bytes of .mod and .pp say."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepack.formats.policy_package import PackageFormatError, read_module_header, read_policy_package


def module_bytes(
    name: bytes = b"wsgi", version: bytes = b"1.0.0", *, policy_format: int = 19, mls: bool = True
) -> bytes:
    text = b"SE Linux Module"
    head = struct.pack("<II", 0xF97CFF8D, len(text)) + text
    head += struct.pack("<IIIII", 2, policy_format, int(mls), 8, 0)
    return head + struct.pack("<I", len(name)) + name + struct.pack("<I", len(version)) + version + b"\0" * 40


def package_bytes(module: bytes, file_contexts: bytes = b"") -> bytes:
    sections = [module]
    if file_contexts:
        sections.append(struct.pack("<I", 0xF97CFF90) + file_contexts)
    start = 12 + 4 * len(sections)
    offsets, here = [], start
    for section in sections:
        offsets.append(here)
        here += len(section)
    return (
        struct.pack("<III", 0xF97CFF8F, 1, len(sections))
        + struct.pack(f"<{len(offsets)}I", *offsets)
        + b"".join(sections)
    )


@given(
    name=st.from_regex(rb"[a-z][a-z0-9_-]{0,30}", fullmatch=True),
    version=st.from_regex(rb"[0-9]{1,3}(\.[0-9]{1,3}){0,2}", fullmatch=True),
    policy_format=st.integers(4, 24),
    mls=st.booleans(),
    file_contexts=st.binary(max_size=200),
)
def test_what_is_written_is_read_back(
    name: bytes, version: bytes, policy_format: int, mls: bool, file_contexts: bytes
) -> None:
    module = module_bytes(name, version, policy_format=policy_format, mls=mls)
    contents = read_policy_package(package_bytes(module, file_contexts))
    header = contents.header
    assert (header.name.encode(), header.version.encode()) == (name, version)
    assert (header.format, header.mls) == (policy_format, mls)
    assert contents.module == module
    assert contents.file_contexts == file_contexts


@given(cut=st.integers(0, 70))
def test_a_package_cut_within_its_header_is_refused(cut: int) -> None:
    with pytest.raises(PackageFormatError, match="not a whole"):
        read_policy_package(package_bytes(module_bytes(), b"/srv(/.*)?\n")[:cut])


@given(data=st.binary(max_size=200))
def test_bytes_that_are_no_package_give_a_clear_error_and_no_other(data: bytes) -> None:
    with pytest.raises(PackageFormatError):
        read_policy_package(data)


def test_a_base_module_is_refused() -> None:
    base = bytearray(module_bytes())
    base[23:27] = struct.pack("<I", 1)
    with pytest.raises(PackageFormatError, match="policy type is 1, not 2"):
        read_module_header(bytes(base))


def test_a_string_longer_than_the_file_is_refused() -> None:
    module = bytearray(module_bytes())
    module[43:47] = struct.pack("<I", 4000)
    with pytest.raises(PackageFormatError, match="a string of 4000 bytes"):
        read_module_header(bytes(module))
