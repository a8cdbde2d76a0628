"""The fields of a record: where each ends, what quotes and hexadecimal stand for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

HEX = re.compile(rb"(?:[0-9A-Fa-f]{2})+")
_KEYS = (
    rb"pid|ppid|tid|comm|exe|path|name|dev|ino|inode|ioctlcmd|capability|src|dest|saddr|daddr|laddr|faddr|lport|fport|netif|"
    rb"sauid|hostname|addr|terminal|cwd|nametype|item|success|exit|key|subj|scontext|tcontext|tclass|permissive|"
    rb"srawcon|trawcon|spid|tpid|dest_pid|sport|dport|interface|member|msgtype|opcode|ctx|resid|restype|peer_pid|app|cap_fp|"
    rb"mode|ouid|ogid|rdev|obj|arch|syscall|items|auid|uid|gid|euid|suid|fsuid|egid|sgid|fsgid|tty|ses|proctitle|argc"
)
_FIELD = re.compile(
    rb"(?:^|(?<=[ \t]))(" + _KEYS + rb')=(?:"([^"]*)"(?=[\s,\x1d\'A-Z<]|$)'
    rb"|(.*?)(?=\x1d|\xe2\x90\x9d|[ \t]+(?:" + _KEYS + rb")=|\s*$))",
    re.DOTALL,
)
_DELETED = " (deleted)"


def read_fields(text: bytes) -> dict[bytes, tuple[bytes, bool]]:
    """Known fields as name → (value, was it quoted), the first of each.

    A value may hold spaces, as `ausearch -i` prints them.
    """
    found: dict[bytes, tuple[bytes, bool]] = {}
    for name, quoted, bare in _FIELD.findall(text):
        if name not in found:
            found[name] = (bare, False) if bare else (quoted, True)
    return found


def plain(value: bytes) -> str:
    """Text of any bytes: what is not UTF-8 is shown as an escape."""
    return value.decode("utf-8", "backslashreplace")


def untrusted(value: bytes, quoted: bool, *, interpreted: bool) -> str:
    """A value that the audited program chose: quoted, hexadecimal, or (where the log is interpreted) as it is.

    A leading NUL, which marks an abstract socket, becomes `@`.
    """
    if value in {b"(null)", b"?"} and not quoted:
        return ""
    if not quoted and not interpreted and HEX.fullmatch(value):
        value = bytes.fromhex(value.decode("ascii"))
    if value.startswith(b"\0"):
        value = b"@" + value[1:]
    return plain(value.rstrip(b"\0"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """What stands between an access and its contexts: who did it, and to what."""

    command: str = ""
    executable: str = ""
    path: str = ""
    name: str = ""
    device: str = ""
    inode: bytes = b""
    ports: tuple[int, ...] = ()
    ioctl: int | None = None
    raw_contexts: tuple[str, ...] = field(default=())


def read_detail(text: bytes, *, interpreted: bool = False) -> Detail:
    """The fields of a vector cache message after `for`. What is absent is empty; nothing here is an error."""
    fields = read_fields(text)

    def get(name: bytes) -> str:
        value, quoted = fields.get(name, (b"", True))
        return untrusted(value, quoted, interpreted=interpreted)

    path, name = get(b"path").removesuffix(_DELETED), get(b"name")
    if path and not path.startswith(("/", "@")):
        path, name = "", path
    return Detail(
        command=get(b"comm"),
        executable=get(b"exe"),
        path=path,
        name=name,
        device=plain(fields.get(b"dev", (b"", True))[0]),
        inode=fields.get(b"ino", (b"", False))[0],
        ports=tuple(
            _number(fields[key][0], 10) for key in (b"src", b"dest") if key in fields and fields[key][0].isdigit()
        ),
        ioctl=_ioctl(fields.get(b"ioctlcmd", (b"", False))[0]),
        raw_contexts=tuple(plain(fields[key][0])[:512] for key in (b"srawcon", b"trawcon") if key in fields),
    )


def _number(digits: bytes, base: int) -> int:
    return int(digits[:20], base)


def _ioctl(value: bytes) -> int | None:
    """Hexadecimal with or without 0x, as kernels of different age print it."""
    digits = value.removeprefix(b"0x")
    if not digits or len(digits) > 8 or digits.strip(b"0123456789abcdefABCDEF"):
        return None
    return int(digits, 16)
