"""A made-up audit log as auditd writes it (enriched): whole events, many hosts' worth of denials, other records."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SOURCES = (
    "httpd_t sshd_t named_t postfix_master_t postfix_smtpd_t ntpd_t chronyd_t dovecot_t mysqld_t postgresql_t cupsd_t "
    "crond_t syslogd_t init_t systemd_logind_t NetworkManager_t dhcpc_t smbd_t nmbd_t squid_t ftpd_t fail2ban_t "
    "logrotate_t rsync_t snmpd_t sssd_t winbind_t zabbix_agent_t nagios_t mongod_t redis_t memcached_t openvpn_t "
    "dnsmasq_t puppet_t munin_t spamd_t clamd_t tor_t udev_t slapd_t nfsd_t rpcd_t"
).split()
_TARGETS = (
    "var_t user_home_t etc_t tmp_t var_lib_t default_t usr_t var_log_t user_home_dir_t home_root_t proc_t sysfs_t "
    "sysctl_kernel_t var_run_t var_spool_t httpd_sys_content_t cert_t bin_t mnt_t nfs_t cifs_t public_content_t root_t "
    "boot_t unlabeled_t ssh_home_t systemd_unit_t net_conf_t krb5_conf_t mail_spool_t user_tmp_t mysqld_db_t"
).split()
_PORTS = (("http_port_t", 80), ("mysqld_port_t", 3306), ("postgresql_port_t", 5432), ("redis_port_t", 6379),
          ("unreserved_port_t", 18765), ("smtp_port_t", 25), ("http_cache_port_t", 8080))  # fmt: skip
_OPENED = ("read", "write", "getattr", "map", "ioctl", "append", "lock", "read write", "execute")
_NAMED = (("file", "open"), ("file", "read"), ("dir", "search"), ("dir", "read"), ("lnk_file", "read"),
          ("dir", "add_name"), ("file", "create"), ("sock_file", "write"), ("dir", "getattr"))  # fmt: skip
_CAPABILITIES = (("dac_override", 1), ("dac_read_search", 2), ("net_admin", 12), ("sys_admin", 21))
_FOLDERS = ("/srv/app{}/data", "/home/user{}/public_html", "/var/lib/service{}", "/opt/vendor{}/conf")
_IDS = "uid=33 gid=33 euid=33 suid=33 fsuid=33 egid=33 sgid=33 fsgid=33"
_NAMES = " ".join(f'{key}="www-data"' for key in "UID GID EUID SUID FSUID EGID SGID".split())
_OTHERS = (
    ("USER_START", "op=PAM:session_open grantors=pam_unix,pam_limits acct=\"root\" exe=\"/usr/sbin/cron\" hostname=?"),
    ("CRED_REFR", 'op=PAM:setcred grantors=pam_permit acct="root" exe="/usr/sbin/cron" hostname=?'),
    ("SERVICE_START", 'unit=fwupd-refresh comm="systemd" exe="/usr/lib/systemd/systemd" hostname=?'),
    ("CRYPTO_KEY_USER", 'op=destroy kind=server fp=SHA256:af:12:90:7e direction=? exe="/usr/sbin/sshd" hostname=?'),
)  # fmt: skip


class _Log:
    """Events one after the other, now and then two of them with their records mixed, as busy processors write them."""

    def __init__(self, dice: random.Random, *, levels: bool) -> None:
        self._dice = dice
        self._levels = levels
        self._serial, self._time = 1000, 1_795_416_000_000
        self._stamp = self._pid = ""
        count = range(1500)
        self._files = [(f"{dice.choice(_FOLDERS).format(n % 23)}/entry-{n:04}.dat", 130_000 + 7 * n) for n in count]
        # What is denied is denied again and again: a domain meets few types, and does few things to each.
        self._met = {
            source: [(target, dice.choice(_OPENED), *dice.choice(_NAMED)) for target in dice.sample(_TARGETS, 9)]
            for source in _SOURCES
        }

    def lines(self) -> Iterator[str]:
        while True:
            event = self._event()
            if self._dice.random() < 0.02:
                other = self._event()
                longer, shorter = (event, other) if len(event) > len(other) else (other, event)
                event = [line for pair in zip(longer, shorter, strict=False) for line in pair] + longer[len(shorter) :]
            yield from event

    def _event(self) -> list[str]:
        dice = self._dice
        self._serial, self._time = self._serial + 1, self._time + dice.randrange(60)
        self._stamp = f"msg=audit({self._time // 1000}.{self._time % 1000:03}:{self._serial}):"
        self._pid = str(dice.randrange(300, 400_000))
        kind = dice.random()
        if kind < 0.21:
            return [self._other()]
        source = dice.choice(_SOURCES[:6]) if dice.random() < 0.4 else dice.choice(_SOURCES)
        target, permission, tclass, other = self._met[source][min(dice.randrange(9), dice.randrange(9))]
        path, inode = dice.choice(self._files)
        name = path.rpartition("/")[2]
        if kind < 0.60:
            what = f' path="{path}" dev="vda1" ino={inode}' + " ioctlcmd=0x5401" * (permission == "ioctl")
            return [self._avc(source, permission, what, target, "file"), *self._call(source)]
        if kind < 0.85:
            what = f' name="{name}" dev="vda1" ino={inode}'
            first = [self._avc(source, "search", what, target, "dir")] * (dice.random() < 0.1)
            return [*first, self._avc(source, other, what, target, tclass), *self._call(source, [(path, inode)])]
        if kind < 0.92:
            port, number = dice.choice(_PORTS)
            what = f" dest={number}" if dice.random() < 0.7 else f" src={number}"
            permission = "name_connect" if "dest" in what else "name_bind"
            avc = self._avc(source, permission, what, port, "tcp_socket")
            return [avc, *self._call(source, address=True)]
        if kind < 0.97:
            capability, number = dice.choice(_CAPABILITIES)
            avc = self._avc(source, capability, f" capability={number} ", source, "capability")
        else:
            avc = self._avc(source, "execmem", "", source, "process")
        return [avc, *self._call(source)]

    def _avc(self, source: str, permissions: str, what: str, target: str, tclass: str) -> str:
        low, high = (self._pair(), self._pair()) if self._levels else ("s0", "s0")
        role = "system_r" if source == target else "object_r"
        return (
            f"type=AVC {self._stamp} avc:  denied  {{ {permissions} }} for  pid={self._pid}"
            f' comm="{self._command(source)}"{what} scontext=system_u:system_r:{source}:{low}'
            f" tcontext=system_u:{role}:{target}:{high} tclass={tclass} permissive=0"
        )

    def _call(self, source: str, paths: list[tuple[str, int]] | None = None, *, address: bool = False) -> list[str]:
        dice, paths = self._dice, paths or []
        number, name = dice.choice(((257, "openat"), (262, "newfstatat"), (0, "read"), (42, "connect"), (16, "ioctl")))
        call = (
            f"type=SYSCALL {self._stamp} arch=c000003e syscall={number} success=no exit=-13 a0=ffffff9c"
            f" a1=7ffd{dice.getrandbits(32):08x} a2=80000 a3=0 items={len(paths)} ppid=1 pid={self._pid}"
            f' auid=4294967295 {_IDS} tty=(none) ses=4294967295 comm="{self._command(source)}"'
            f' exe="/usr/sbin/{source[:-2]}" subj=system_u:system_r:{source}:s0 key=(null)'
            f'\x1dARCH=x86_64 SYSCALL={name} AUID="unset" {_NAMES}'
        )
        more = [f"type=SOCKADDR {self._stamp} saddr=02001F90{dice.getrandbits(32):08X}0000000000000000"] * address
        if paths:
            more.append(f'type=CWD {self._stamp} cwd="/"')
        more += [
            f'type=PATH {self._stamp} item={item} name="{path}" inode={inode} dev=fe:01 mode=0100644 ouid=0 ogid=0'
            f" rdev=00:00 obj=system_u:object_r:var_t:s0 nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0"
            for item, (path, inode) in enumerate(paths)
        ]
        title = f"type=PROCTITLE {self._stamp} proctitle=2F7573722F7362696E2F{source.encode().hex().upper()}002D6B00"
        return [call, *more, f"{title}{dice.getrandbits(32):08X}"]

    def _command(self, source: str) -> str:
        name = source.removesuffix("_t")[:12]
        return name if int(self._pid) % 4 else f"{name}-w{int(self._pid) % 3}"

    def _other(self) -> str:
        kind, text = self._dice.choice(_OTHERS)
        return (
            f"type={kind} {self._stamp} pid={self._pid} uid=0 auid=0 ses=2 subj=system_u:system_r:crond_t:s0"
            f" msg='{text}"
            f' addr=? terminal=cron res=success\'\x1dUID="root" AUID="root"'
        )

    def _pair(self) -> str:
        return "s0:c{},c{}".format(*sorted(self._dice.sample(range(1024), 2)))


def made_lines(seed: int, *, levels: bool = False) -> Iterator[str]:
    """Lines without end; with `levels`, each denial has another pair of MCS levels."""
    return _Log(random.Random(seed), levels=levels).lines()


def write_log(path: Path, lines: int, *, levels: bool = False) -> None:
    """A log of so many lines, the same each time."""
    made = made_lines(7, levels=levels)
    with path.open("w", encoding="ascii") as file:
        for _ in range(lines):
            file.write(next(made) + "\n")
