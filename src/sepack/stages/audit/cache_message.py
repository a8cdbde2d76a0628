"""What the vector cache says: `avc:  denied { … } for … scontext=… tcontext=… tclass=…`, checked word by word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sepack.model.audit_log import Signature
from sepack.model.denial import SecurityContext

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_DETAIL = 16384

_MESSAGE = re.compile(rb"avc:\s+(denied|granted)\s+\{([^{}]*)\}\s+for\b")
_CONTEXTS = re.compile(rb"scontext=([^\s\"']+?)[\"',]*\s+tcontext=([^\s\"']+?)[\"',]*\s+tclass=\"?(\S*)")
_CLASS = re.compile(rb"[a-z][a-z0-9_]{0,254}(?![A-Za-z0-9_.-])")
_PERMISSION = re.compile(rb"[a-z][a-z0-9_]{0,254}")
_PERMISSIVE = re.compile(rb"\spermissive=([01])\b")
_RAW_CONTEXT = re.compile(rb"\s([st]rawcon=\S+)")
_ERROR = re.compile(rb"op=\"?([a-z][a-z0-9_]{0,80})\b")
_ERROR_FIELD = re.compile(rb"(?:^|\s)(scontext|tcontext|tclass|oldcontext|newcontext)=\"?([^\s\"]+)")


class NotUnderstoodError(ValueError):
    """Why a line is not understood; its text is the reason that is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheMessage:
    """One message. `permissive` is None where it does not say; `detail` are its other fields."""

    signature: Signature
    contexts: tuple[SecurityContext, SecurityContext]
    permissive: bool | None = None
    detail: bytes = b""


def read_message(text: bytes) -> CacheMessage:
    """Read from `avc:` to the end of the record.

    The contexts are the last ones in it: what the kernel writes comes after what the audited program has named. Raises
    NotUnderstoodError.
    """
    said = _MESSAGE.match(text)
    if not said:
        raise NotUnderstoodError("an AVC record without permissions: cut off, or wrapped")
    at = text.rfind(b"scontext=")
    if at < said.end() or text[at - 1 : at] not in {b" ", b"\t"}:
        raise NotUnderstoodError("no source context: cut off, or wrapped")
    words = _CONTEXTS.match(text, at)
    if not words:
        raise NotUnderstoodError("no target context or class: cut off, or wrapped")
    rest = text[words.end() :]
    permissive = _PERMISSIVE.match(rest)
    raw_contexts = b" ".join(_RAW_CONTEXT.findall(rest)[:2])
    signature, contexts = sign(said[1] == b"granted", words[1], words[2], words[3], said[2])
    return CacheMessage(
        signature=signature,
        contexts=contexts,
        permissive=permissive[1] == b"1" if permissive else None,
        detail=(text[said.end() : at].strip()[:LONGEST_DETAIL] + b" " + raw_contexts).rstrip(),
    )


def sign(
    granted: bool, source: bytes, target: bytes, tclass: bytes, permissions: bytes
) -> tuple[Signature, tuple[SecurityContext, SecurityContext]]:
    """Words of a log → checked identifiers. Raises NotUnderstoodError for whatever is none."""
    contexts = _context(source), _context(target)
    kind = _CLASS.match(tclass)
    if not kind:
        raise NotUnderstoodError("a class that is no name")
    names = permissions.split()
    if not names or names == [b"null"]:
        raise NotUnderstoodError("no permission")
    if not all(map(_PERMISSION.fullmatch, names)):
        raise NotUnderstoodError("a permission that is no name")
    signature = Signature(
        granted, contexts[0].type, contexts[1].type, kind[0].decode(), tuple(sorted({name.decode() for name in names}))
    )
    return signature, contexts


def read_split(keys: Mapping[str, str]) -> CacheMessage:
    """An access that a shipper has split into keys. Raises NotUnderstoodError."""
    if keys["result"] not in {"denied", "granted"}:
        raise NotUnderstoodError("split into keys, and whether it was denied is not among them")
    words = [keys[name].encode("utf-8", "backslashreplace") for name in ("source", "target", "tclass", "permissions")]
    signature, contexts = sign(keys["result"] == "granted", *words)
    fields = [f'{name}="{value}"' for name, value in keys.items() if name in {"comm", "exe", "path", "name"}]
    fields += [f"{name}={value}" for name, value in keys.items() if name in {"pid", "ino", "ioctlcmd", "src", "dest"}]
    return CacheMessage(
        signature=signature,
        contexts=contexts,
        permissive={"1": True, "0": False}.get(keys["permissive"]),
        detail=" ".join(fields).encode("utf-8", "backslashreplace")[:LONGEST_DETAIL],
    )


def read_error(text: bytes) -> tuple[CacheMessage, ...]:
    """A SELINUX_ERR record that names two contexts, its operation in the permission's place; else nothing."""
    operation = _ERROR.search(text)
    fields: dict[bytes, bytes] = dict(_ERROR_FIELD.findall(text))
    source = fields.get(b"scontext") or fields.get(b"oldcontext")
    target = fields.get(b"tcontext") or fields.get(b"newcontext")
    if not (operation and source and target):
        return ()
    signature, contexts = sign(False, source, target, fields.get(b"tclass", b"process"), operation[1])
    return (CacheMessage(signature=signature, contexts=contexts),)


def _context(word: bytes) -> SecurityContext:
    context = SecurityContext.read(word.decode("ascii", "backslashreplace"))
    if context is None:
        raise NotUnderstoodError("a context that is none")
    return context
