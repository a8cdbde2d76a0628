"""policy/guardrails.toml is read, and each guardrail that sepack brings holds what it says and no more."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepack.catalog.guardrails import guardrails_from_text, load_guardrails
from sepack.model.fix import Allow, FileContext, FileKind
from sepack.model.rule import Rule
from sepack.model.verdict import Verdict, VerdictKind
from sepack.stages.triage.guardrail import guard
from sepack.workspace import GUARDRAILS, Workspace
from tests.fakes.base_policy import FakeBasePolicy
from tests.unit.repositories import repository
from tests.unit.stages.triage.denied import denied

if TYPE_CHECKING:
    from sepack.model.fix import Fix
    from tests.conftest import Unprivileged

ROOT = Path(__file__).parents[2]
SHIPPED, _ = load_guardrails(Workspace(ROOT))
FILES = (
    "shadow_t passwd_file_t sshd_key_t cert_t selinux_config_t memory_device_t random_device_t fixed_disk_device_t "
    "removable_device_t lib_t etc_t etc_runtime_t boot_t var_t cron_spool_t auditd_log_t var_log_t httpd_sys_content_t "
    "httpd_sys_rw_content_t"
).split()
POLICY = FakeBasePolicy(
    types={
        "httpd_t": "domain daemon",
        "mysqld_t": "domain daemon",
        "init_t": "domain",
        "initrc_t": "domain unconfined_domain_type",
        "unconfined_t": "domain unconfined_domain_type userdomain",
        "sysadm_t": "domain userdomain",
        "kernel_t": "domain",
        "bin_t": "file_type exec_type",
        "shell_exec_t": "file_type exec_type",
        "httpd_exec_t": "file_type exec_type entry_type",
        "initrc_exec_t": "file_type exec_type init_script_file_type",
        "httpd_unit_t": "file_type systemdunit",
        "user_devpts_t": "ptynode",
        "devpts_t": "",
        "tty_device_t": "ttynode",
        "security_t": "",
        "proc_kcore_t": "",
        "proc_t": "",
        **dict.fromkeys(FILES, "file_type"),
    },
)
# What trips a guardrail, and what is near and does not.
HELD = {
    "password-hashes": ("httpd_t shadow_t:file read", "httpd_t shadow_t:file getattr"),
    "accounts": ("httpd_t passwd_file_t:file write", "httpd_t passwd_file_t:file read"),
    "private-keys": ("httpd_t sshd_key_t:file read", "httpd_t cert_t:file read"),
    "enforcement": ("httpd_t security_t:security setenforce", "httpd_t security_t:security compute_av"),
    "policy-files": ("httpd_t selinux_config_t:file write", "httpd_t selinux_config_t:file read"),
    "kernel-modules": ("httpd_t httpd_t:system module_load", "httpd_t kernel_t:system module_request"),
    "kernel-module-capability": ("httpd_t httpd_t:capability sys_module", "httpd_t httpd_t:capability sys_nice"),
    "kernel-programs": ("httpd_t httpd_t:bpf prog_load", "httpd_t httpd_t:bpf map_read"),
    "raw-memory": ("httpd_t memory_device_t:chr_file read", "httpd_t random_device_t:chr_file read"),
    "kernel-memory": ("httpd_t proc_kcore_t:file read", "httpd_t proc_kcore_t:file getattr"),
    "raw-io": ("httpd_t httpd_t:cap_userns sys_rawio", "httpd_t httpd_t:capability net_raw"),
    "raw-disks": ("httpd_t fixed_disk_device_t:blk_file write", "httpd_t fixed_disk_device_t:blk_file getattr"),
    "relabelling": ("httpd_t httpd_sys_content_t:file relabelfrom", "httpd_t httpd_sys_content_t:file relabelto"),
    "relabelling-to-programs": ("httpd_t bin_t:file relabelto", "httpd_t var_t:file relabelto"),
    "relabelling-to-secrets": ("httpd_t sshd_key_t:file relabelto", "httpd_t cert_t:file relabelto"),
    "entry-from-data": ("httpd_t httpd_sys_content_t:file entrypoint", "httpd_t httpd_exec_t:file entrypoint"),
    "entry-from-all-programs": ("httpd_t bin_t:file entrypoint", "httpd_t bin_t:file execute"),
    "debugging": ("httpd_t mysqld_t:process ptrace", "httpd_t mysqld_t:process signal"),
    "debugging-capability": ("httpd_t httpd_t:capability sys_ptrace", "httpd_t httpd_t:capability kill"),
    "becoming-unconfined": ("httpd_t initrc_t:process transition", "httpd_t mysqld_t:process transition"),
    "changing-domain-at-will": ("httpd_t mysqld_t:process dyntransition", "httpd_t httpd_t:process setcurrent"),
    "programs": ("httpd_t lib_t:file write", "httpd_t lib_t:file execute"),
    "program-directories": ("httpd_t bin_t:dir add_name", "httpd_t bin_t:dir search"),
    "system-configuration": ("httpd_t etc_t:file write", "httpd_t etc_runtime_t:file write"),
    "system-configuration-directories": ("httpd_t etc_t:dir add_name", "httpd_t etc_t:dir read"),
    "started-by-the-system": ("httpd_t httpd_unit_t:file write", "httpd_t httpd_unit_t:file read"),
    "changed-code": ("httpd_t lib_t:file execmod", "httpd_t lib_t:file map"),
    "code-on-the-heap": ("httpd_t httpd_t:process execheap", "httpd_t httpd_t:process execmem"),
    "file-permissions": ("httpd_t httpd_t:capability dac_override", "httpd_t httpd_t:capability chown"),
    "nearly-root": ("httpd_t httpd_t:capability sys_admin", "httpd_t httpd_t:capability sys_resource"),
    "mandatory-access": ("httpd_t httpd_t:capability2 mac_admin", "httpd_t httpd_t:capability2 block_suspend"),
    "audit-trail": ("httpd_t auditd_log_t:file read", "httpd_t var_log_t:file read"),
    "audit-control": ("httpd_t httpd_t:capability audit_control", "httpd_t httpd_t:capability audit_write"),
    "terminals": ("httpd_t user_devpts_t:chr_file write", "httpd_t devpts_t:chr_file write"),
    "keys-of-others": ("httpd_t unconfined_t:key read", "httpd_t httpd_t:key read"),
}


def held_by(text: str, fix: Fix | None = None) -> str:
    """The first shipped guardrail that a rule for this denial, or another fix of it, meets."""
    denial = denied(text)
    access = denial.access
    rule = Allow(rule=Rule.of(access.source_type, access.target_type, access.tclass, [access.permission]))
    verdict = Verdict(denials=(denial,), kind=VerdictKind.RULE, reason="", fix=fix or rule)
    found = guard(verdict, POLICY, SHIPPED)
    assert not found.unchecked
    return found.guarded.guardrail if found.guarded else ""


def test_every_guardrail_that_is_shipped_has_its_pair() -> None:
    assert list(HELD) == [each.name for each in SHIPPED]


@pytest.mark.parametrize("name", HELD)
def test_a_shipped_guardrail_holds_what_it_says_and_nothing_beside(name: str) -> None:
    trips, near = HELD[name]
    guardrail = next(each for each in SHIPPED if each.name == name)
    assert (held_by(trips), held_by(near)) == (name, "")
    assert guardrail.reason.endswith(".")
    assert guardrail.reason.count(". ") == 0, "one sentence"


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("shadow_t", "password-hashes"),
        ("httpd_exec_t", "relabelling-to-programs"),
        ("sshd_key_t", "private-keys"),
        ("httpd_sys_content_t", ""),
        ("httpd_sys_rw_content_t", ""),
    ],
)
def test_no_file_becomes_a_secret_or_a_program_by_accident(label: str, name: str) -> None:
    fix = FileContext(pattern="/srv/x", kind=FileKind.FILE, type=label)
    assert held_by("httpd_t var_t:file read", fix) == name


def test_what_this_repository_has_is_what_another_gets(tmp_path: Path) -> None:
    assert load_guardrails(Workspace(tmp_path)) == (SHIPPED, [])
    assert len(SHIPPED) == len(tomllib.loads((ROOT / GUARDRAILS).read_text())["guardrail"])


OWN = """\
[[guardrail]]
name = "own"
reason = "  It is
  ours. "
neverallow = '''
neverallow { domain -our_t }
	our_data_t:file { read };
'''
""".replace('"  It is\n  ours. "', '"""  It is\n  ours. """')


def test_a_repository_s_own_stand_in_for_them(tmp_path: Path) -> None:
    (found,), errors = load_guardrails(repository(tmp_path, {"policy/guardrails.toml": OWN}))
    assert errors == []
    assert (found.name, found.reason) == ("own", "It is ours.")
    assert found.neverallow.statement() == "neverallow { domain -our_t } our_data_t:file read;"


def test_a_file_with_none_asks_for_none(tmp_path: Path) -> None:
    assert load_guardrails(repository(tmp_path, {"policy/guardrails.toml": "# none\n"})) == ((), [])


@pytest.mark.parametrize("odd", ["folder", "dangling", "outside", "not text"])
def test_a_file_that_is_none_of_ours_is_never_taken_for_no_guardrails(tmp_path: Path, odd: str) -> None:
    root = tmp_path / "repository"
    (root / "policy").mkdir(parents=True)
    place = root / GUARDRAILS
    match odd:
        case "folder":
            place.mkdir()
        case "dangling":
            place.symlink_to("gone.toml")
        case "outside":
            (tmp_path / "other.toml").write_text(OWN)
            place.symlink_to(tmp_path / "other.toml")
        case _:
            place.write_bytes(b"\xff\xfe")
    found, errors = load_guardrails(Workspace(root))
    assert found == ()
    assert [error.where and error.where.path for error in errors] == [GUARDRAILS]


def test_a_file_that_may_not_be_read_is_said(unprivileged: Unprivileged) -> None:
    workspace = repository(unprivileged.directory, {"policy/guardrails.toml": OWN})
    (workspace / GUARDRAILS).chmod(0)
    assert unprivileged(lambda: [str(error) for error in load_guardrails(workspace)[1]]) == [
        "policy/guardrails.toml: this cannot be read: permission denied"
    ]


@given(st.text(alphabet="[]guardil\n=\"'{}.# nmeovw", max_size=80))
def test_any_text_is_guardrails_or_errors_in_that_file(text: str) -> None:
    _, errors = guardrails_from_text(f"[[guardrail]]\n{text}", GUARDRAILS)
    assert all(error.where and error.where.path == GUARDRAILS for error in errors)
