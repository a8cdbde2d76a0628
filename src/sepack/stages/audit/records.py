"""The records in one line of any shape, or the reason why the line is not understood."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sepack.stages.audit.cache_message import CacheMessage, NotUnderstoodError, read_error, read_message, read_split
from sepack.stages.audit.envelope import RAW_STAMP, Envelope, open_line
from sepack.stages.audit.shippers import BrokenJsonError

if TYPE_CHECKING:
    from collections.abc import Sequence

_NUMBERS = {
    b"1107": b"USER_AVC",
    b"1300": b"SYSCALL",
    b"1302": b"PATH",
    b"1307": b"CWD",
    b"1400": b"AVC",
    b"1401": b"SELINUX_ERR",
}
_CACHE_TYPES = {b"AVC", b"USER_AVC"}
_JOINED_TYPES = {b"SYSCALL", b"PATH", b"CWD"}

_HEADER = re.compile(
    rb"(?:(?:node|host)=(?P<node>\S{1,255})\s+)?(?:type=(?P<type>[A-Z0-9_]+)\s+)?(?:msg=)?"
    rb"audit\((?P<stamp>[^()]{1,80})\)(?P<gap>\s?): ?"
)
_TYPE_ALONE = re.compile(rb"(?:(?:node|host)=\S{1,255}\s+)?type=([A-Z0-9_]+)\b")
_ACCESS = re.compile(rb"avc:\s+(denied|granted)\b")
_LEAD = re.compile(rb"(?:^|\)\s?:|msg='|\bAVC|:|[>*\"'`])\s*$")
_GLUED = re.compile(rb"(?:(?:node|host)=\S{1,255}\s+)?type=AVC\s+msg=audit\([^()]{1,80}\): ")
_NO_ACCESS = re.compile(
    rb"avc:\s+(?:received|op=|could|can't|netlink|unexpected|selinux|loaded|allocat|stats|\d+ )", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One record.

    `joined` is the type and text of a SYSCALL, PATH or CWD record. `key` joins records of one event, b"" where it has
    none. `time` is in milliseconds since 1970. `errors` are what a SELINUX_ERR record says.
    """

    messages: tuple[CacheMessage, ...] = ()
    errors: tuple[CacheMessage, ...] = ()
    joined: bytes = b""
    key: bytes = b""
    time: int | None = None
    host: str = ""
    interpreted: bool = False


def read_line(line: bytes) -> tuple[Reading, ...]:
    """The records of one line, without its end; none where it is blank. Raises NotUnderstoodError."""
    try:
        envelope = open_line(line)
    except BrokenJsonError as error:
        raise NotUnderstoodError("broken JSON") from error
    if envelope is None:
        return ()
    if envelope.keys:
        messages = tuple(read_split(keys) for keys in envelope.keys)
        return (Reading(messages=messages, key=envelope.stamp, time=_time(envelope, b""), host=envelope.host),)
    texts = [piece for text in envelope.texts for piece in _unglued(text)]
    return tuple(_read_text(envelope, text) for text in texts)


def _unglued(text: bytes) -> Sequence[bytes]:
    """The records on one line, where a line's end was lost between two of the kernel's.

    Its quoted values hold no spaces, so a header inside of quotes is somebody's forgery and no cut.
    """
    if text.count(b"avc:") < 2 or not _GLUED.match(text):
        return (text,)
    starts = [found.start() for found in _GLUED.finditer(text) if text.count(b'"', 0, found.start()) % 2 == 0]
    return [text[begin:end] for begin, end in zip(starts, [*starts[1:], len(text)], strict=True)]


def _read_text(envelope: Envelope, text: bytes) -> Reading:
    header = _HEADER.search(text)
    kind = _type_of(envelope, text, header)
    accesses = [found.start() for found in _ACCESS.finditer(text)]
    if accesses and (kind in _CACHE_TYPES or not kind):
        return _from_message(envelope, text, header, accesses)
    if accesses:
        raise NotUnderstoodError("an access in the text of another record")
    if kind in _CACHE_TYPES and not _NO_ACCESS.search(text) and b"apparmor=" not in text:
        raise NotUnderstoodError("an AVC record without an access: cut off, or wrapped")
    if header is None and not envelope.known:
        _refuse_unknown(text)
    key = _key(envelope, header)
    if kind in _JOINED_TYPES and header and key:
        return Reading(joined=b"type=" + kind + b" " + text[header.end() :], key=key)
    errors = read_error(text[header.end() :]) if kind == b"SELINUX_ERR" and header else ()
    return Reading(errors=errors, time=_time(envelope, _stamp(header)), host=_host(envelope, header))


def _refuse_unknown(text: bytes) -> None:
    if b"avc:" in text and not _NO_ACCESS.search(text):
        raise NotUnderstoodError("an AVC record without an access: cut off, or wrapped")
    if b"tclass=" in text or b"tcontext=" in text or b"scontext=" in text:
        raise NotUnderstoodError("the rest of a wrapped record")
    if not _NO_ACCESS.search(text):
        raise NotUnderstoodError("no record of a known shape")


def _from_message(envelope: Envelope, text: bytes, header: re.Match[bytes] | None, accesses: Sequence[int]) -> Reading:
    if len(accesses) > 1:
        raise NotUnderstoodError("several accesses in one record")
    if not _LEAD.search(text, max(0, accesses[0] - 40), accesses[0]):
        raise NotUnderstoodError("an access in the middle of other text")
    stamp = _stamp(header)
    return Reading(
        messages=(read_message(text[accesses[0] :]),),
        key=_key(envelope, header),
        time=_time(envelope, stamp),
        host=_host(envelope, header),
        interpreted=bool(header and (header["gap"] or not RAW_STAMP.fullmatch(stamp))),
    )


def _type_of(envelope: Envelope, text: bytes, header: re.Match[bytes] | None) -> bytes:
    """The type of the first record in the text: what comes after it may be somebody's choice of words."""
    alone = _TYPE_ALONE.match(text)
    kind = alone[1] if alone else (header["type"] if header else None) or envelope.kind
    return _NUMBERS.get(kind, kind)


def _stamp(header: re.Match[bytes] | None) -> bytes:
    return bytes(header["stamp"]) if header else b""


def _host(envelope: Envelope, header: re.Match[bytes] | None) -> str:
    node = header["node"] if header else None
    return node.decode("utf-8", "backslashreplace") if node else envelope.host


def _key(envelope: Envelope, header: re.Match[bytes] | None) -> bytes:
    stamp = _stamp(header) or envelope.stamp
    if not stamp.rpartition(b":")[2].isdigit() or stamp.startswith(b"0."):
        return b""
    host = _host(envelope, header)
    return host.encode("utf-8", "backslashreplace") + b" " + stamp if host else stamp


def _time(envelope: Envelope, stamp: bytes) -> int | None:
    raw = RAW_STAMP.fullmatch(stamp or envelope.stamp)
    if raw and int(raw[1]):
        return int(raw[1]) * 1000 + int(raw[2])
    return envelope.time
