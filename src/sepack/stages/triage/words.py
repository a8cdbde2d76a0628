"""Parts of the sentences that explain a verdict to somebody who knows no SELinux."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sepack.model.denial import Denial

_VERBS = {
    ("file", "read"): "read the file",
    ("file", "open"): "open the file",
    ("file", "getattr"): "look at the file",
    ("file", "write"): "write the file",
    ("file", "append"): "append to the file",
    ("file", "create"): "create the file",
    ("file", "unlink"): "delete the file",
    ("file", "execute"): "run the file",
    ("file", "map"): "map the file into memory",
    ("dir", "search"): "pass through the directory",
    ("dir", "read"): "list the directory",
    ("dir", "getattr"): "look at the directory",
    ("dir", "write"): "change the directory",
    ("dir", "add_name"): "create something in the directory",
    ("dir", "remove_name"): "delete something in the directory",
    ("sock_file", "write"): "connect through the socket",
    ("lnk_file", "read"): "follow the link",
    ("tcp_socket", "name_connect"): "connect to the TCP port",
    ("tcp_socket", "name_bind"): "listen on the TCP port",
    ("udp_socket", "name_bind"): "listen on the UDP port",
    ("process", "execmem"): "have memory that is writable and executable",
}


def who(denials: Sequence[Denial]) -> str:
    """The program as the log names it, and its domain: "apache2 (httpd_t)"."""
    domain = denials[0].access.source_type
    commands = sorted({command for denial in denials for command in denial.evidence.commands.values})
    return f"{commands[0]} ({domain})" if commands else domain


def what(denials: Sequence[Denial]) -> str:
    """What it wanted to do, of what: "read the file /srv/x/app.wsgi"."""
    first = denials[0]
    access = first.access
    verb = _VERBS.get((access.tclass, access.permission), f"{access.permission} ({access.tclass})")
    things = [*first.evidence.paths.values, *(str(port) for port in first.evidence.ports.values)]
    things += first.evidence.names.values
    thing = f" {things[0]}" if things else "" if access.source_type == access.target_type else f" {access.target_type}"
    more = len({denial.access for denial in denials}) - 1
    return f"{verb}{thing}" + (f" and {more} more" if more else "")
