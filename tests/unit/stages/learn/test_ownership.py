"""Denials find their module by what modules declare."""

from __future__ import annotations

from sepack.model.denial import Access, Denial, Evidence, Smallest
from sepack.stages.learn.ownership import Claim, by_owner, owners

WEB = Claim(module="web", types=frozenset({"httpd_t"}))
SHOP = Claim(module="shop", types=frozenset({"httpd_t"}), paths=("/srv/shop",))
JOBS = Claim(module="jobs", executables=frozenset({"/usr/bin/jobs"}), declared=frozenset({"jobs_t", "jobs_spool_t"}))


def denial(source: str, *paths: str, exe: str = "", target: str = "var_t") -> Denial:
    evidence = Evidence(paths=Smallest.of(set(paths)), executables=Smallest.of({exe} if exe else set()))
    return Denial(access=Access(source, target, "file", "read"), evidence=evidence)


def test_a_domain_finds_its_module() -> None:
    assert owners(denial("httpd_t"), [WEB, JOBS]) == ("web",)


def test_a_path_is_narrower_than_a_domain() -> None:
    assert owners(denial("httpd_t", "/srv/shop/a", "/srv/shop"), [WEB, SHOP]) == ("shop",)


def test_a_path_that_only_begins_the_same_is_another_one() -> None:
    assert owners(denial("httpd_t", "/srv/shopping/a"), [WEB, SHOP]) == ("shop", "web")


def test_a_path_of_another_domain_is_not_claimed() -> None:
    assert owners(denial("sshd_t", "/srv/shop/a"), [SHOP]) == ()


def test_a_program_finds_its_module_in_whatever_domain_it_ran() -> None:
    assert owners(denial("unconfined_service_t", exe="/usr/bin/jobs"), [WEB, JOBS]) == ("jobs",)


def test_a_type_that_a_module_brings_is_its_own() -> None:
    assert owners(denial("jobs_t"), [WEB, JOBS]) == ("jobs",)
    assert owners(denial("cron_t", target="jobs_spool_t"), [WEB, JOBS]) == ("jobs",)


def test_what_nobody_or_several_claim_is_listed() -> None:
    owned, unowned = by_owner([denial("sshd_t"), denial("httpd_t"), denial("jobs_t")], [WEB, SHOP, JOBS])
    assert set(owned) == {"jobs"}
    assert [claimed for _, claimed in unowned] == [(), ("shop", "web")]
