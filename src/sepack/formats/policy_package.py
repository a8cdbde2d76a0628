"""Reads `.mod` and `.pp` files: what their own bytes say of name, version and format."""

from __future__ import annotations

import struct

from sepack.errors import SepackError
from sepack.frozen import frozen

PACKAGE_MAGIC = 0xF97CFF8F
MODULE_MAGIC = 0xF97CFF8D
FILE_CONTEXTS_MAGIC = 0xF97CFF90
POLICYDB_STRING = b"SE Linux Module"
LOADABLE = 2
CONFIG_MLS = 1
LONGEST_STRING = 4096


class PackageFormatError(SepackError):
    """The bytes are not what they should be."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(
            f"this is not a whole {what}: {why}",
            hint="build it again; if it stays so, look whether the disk is full or the tools are damaged",
        )


@frozen
class ModuleHeader:
    """The start of a `.mod`: the module's name and version as the policy language has them, and its format."""

    name: str
    version: str
    format: int
    mls: bool


@frozen
class PackageContents:
    """A `.pp` taken apart: the header of its module, the module's bytes, and the file contexts text (may be empty)."""

    header: ModuleHeader
    module: bytes
    file_contexts: bytes


class _Cursor:
    """Reads little-endian words and length-prefixed strings, and says where the bytes ran out."""

    def __init__(self, data: bytes, what: str) -> None:
        self.data = data
        self.what = what
        self.offset = 0

    def word(self) -> int:
        end = self.offset + 4
        if end > len(self.data):
            raise PackageFormatError(self.what, f"it ends at byte {len(self.data)}, within its header")
        (value,) = struct.unpack_from("<I", self.data, self.offset)
        self.offset = end
        return int(value)

    def text(self) -> bytes:
        length = self.word()
        end = self.offset + length
        if length > LONGEST_STRING or end > len(self.data):
            raise PackageFormatError(self.what, f"a string of {length} bytes at byte {self.offset} cannot be")
        value = self.data[self.offset : end]
        self.offset = end
        return value


def read_module_header(data: bytes) -> ModuleHeader:
    """The header of a `.mod`. Raises PackageFormatError."""
    cursor = _Cursor(data, "module (.mod)")
    magic = cursor.word()
    if magic != MODULE_MAGIC:
        raise PackageFormatError(cursor.what, f"it starts with {magic:#x}, not {MODULE_MAGIC:#x}")
    if cursor.text() != POLICYDB_STRING:
        raise PackageFormatError(cursor.what, f"its header does not say {POLICYDB_STRING.decode()!r}")
    kind, version, config = cursor.word(), cursor.word(), cursor.word()
    if kind != LOADABLE:
        raise PackageFormatError(cursor.what, f"its policy type is {kind}, not {LOADABLE} (loadable module)")
    cursor.word(), cursor.word()
    name, own_version = cursor.text(), cursor.text()
    return ModuleHeader(
        name=name.decode("utf-8", "replace"),
        version=own_version.decode("utf-8", "replace"),
        format=version,
        mls=bool(config & CONFIG_MLS),
    )


def read_policy_package(data: bytes) -> PackageContents:
    """A `.pp` as semodule_package writes it. Raises PackageFormatError, for a cut file too."""
    sections = _sections(data)
    module = sections.pop(0)
    file_contexts = b""
    for section in sections:
        if section[:4] == struct.pack("<I", FILE_CONTEXTS_MAGIC):
            file_contexts = section[4:]
    return PackageContents(header=read_module_header(module), module=module, file_contexts=file_contexts)


def _sections(data: bytes) -> list[bytes]:
    cursor = _Cursor(data, "policy package (.pp)")
    magic = cursor.word()
    if magic != PACKAGE_MAGIC:
        raise PackageFormatError(cursor.what, f"it starts with {magic:#x}, not {PACKAGE_MAGIC:#x}")
    version, count = cursor.word(), cursor.word()
    if version != 1 or not 1 <= count <= 5:
        raise PackageFormatError(cursor.what, f"package version {version} with {count} sections is unknown")
    offsets = [cursor.word() for _ in range(count)]
    ends = [*offsets[1:], len(data)]
    if offsets[0] != cursor.offset or any(start + 4 > end for start, end in zip(offsets, ends, strict=True)):
        raise PackageFormatError(cursor.what, f"its sections lie at {offsets}, the file has {len(data)} bytes")
    return [data[start:end] for start, end in zip(offsets, ends, strict=True)]
