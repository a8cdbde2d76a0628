"""m4's parameters, read from the headers' own Makefile."""

from __future__ import annotations

from sepack.stages.compile.headers import m4_parameters, read_list

DEBIAN_CONF = """\
TYPE ?= mcs
NAME ?= default
DISTRO ?= debian
DIRECT_INITRC ?= y
SYSTEMD ?= y
CUSTOM_BUILDOPT ?=
override UBAC := y
override MLS_SENS := 16
override MLS_CATS := 1024
override MCS_CATS := 1024
"""
FEDORA_CONF = """\
TYPE ?= mcs
NAME ?= targeted
DISTRO ?= redhat
MONOLITHIC ?= n
DIRECT_INITRC ?= n
override UBAC := n
override MLS_SENS := 16
override MLS_CATS := 1024
override MCS_CATS := 1024
"""
COMMON = """\
M4 ?= m4
# set default build options if missing
TYPE ?= standard
UBAC ?= n
ifeq "$(TYPE)" "mls"
\tM4PARAM += -D enable_mls
\tCHECKMODULE += -M
endif
ifeq "$(TYPE)" "mcs"
\tM4PARAM += -D enable_mcs
endif
ifneq ($(DISTRO),)
\tM4PARAM += -D distro_$(DISTRO)
endif
ifeq ($(DIRECT_INITRC),y)
\tM4PARAM += -D direct_sysadm_daemon
endif
ifeq "$(UBAC)" "y"
\tM4PARAM += -D enable_ubac
endif
"""
DEBIAN_MAKE = COMMON + (
    'ifeq "$(SYSTEMD)" "y"\n\tM4PARAM += -D init_systemd\nendif\n'
    'ifneq "$(CUSTOM_BUILDOPT)" ""\n\tM4PARAM += $(foreach opt,$(CUSTOM_BUILDOPT),-D $(opt))\nendif\n'
    "M4PARAM += -D mls_num_sens=$(MLS_SENS) -D mls_num_cats=$(MLS_CATS) -D mcs_num_cats=$(MCS_CATS)\n"
)
FEDORA_MAKE = COMMON + (
    "M4PARAM += -D hide_broken_symptoms -D mls_num_sens=$(MLS_SENS) -D mls_num_cats=$(MLS_CATS) "
    "-D mcs_num_cats=$(MCS_CATS)\n"
)
NUMBERS = ("-Dmls_num_sens=16", "-Dmls_num_cats=1024", "-Dmcs_num_cats=1024")


def test_debians_parameters() -> None:
    assert m4_parameters(DEBIAN_CONF, DEBIAN_MAKE, policy_type="default", mls=True) == (
        "-Denable_mcs",
        "-Ddistro_debian",
        "-Ddirect_sysadm_daemon",
        "-Denable_ubac",
        "-Dinit_systemd",
        *NUMBERS,
    )


def test_fedoras_parameters_are_its_own() -> None:
    assert m4_parameters(FEDORA_CONF, FEDORA_MAKE, policy_type="targeted", mls=True) == (
        "-Denable_mcs",
        "-Ddistro_redhat",
        "-Dhide_broken_symptoms",
        *NUMBERS,
    )


def test_the_policy_type_decides_over_the_headers_own_choice() -> None:
    assert "-Denable_mls" in m4_parameters(FEDORA_CONF, FEDORA_MAKE, policy_type="mls", mls=True)
    without = m4_parameters(FEDORA_CONF, FEDORA_MAKE, policy_type="targeted", mls=False)
    assert not {"-Denable_mcs", "-Denable_mls"} & set(without)


def test_custom_options_are_defined_each() -> None:
    conf = DEBIAN_CONF.replace("CUSTOM_BUILDOPT ?=", "CUSTOM_BUILDOPT ?= one two")
    assert m4_parameters(conf, DEBIAN_MAKE, policy_type="default", mls=True)[-2:] == ("-Done", "-Dtwo")


def test_headers_are_listed_in_the_makefiles_order() -> None:
    include = "/usr/share/selinux/devel/include"
    found = read_list(
        f"{include}/system/b.if\n{include}/support/z.spt\n{include}/admin/c.if\n{include}/support/a.spt\n"
        f"{include}/support/odd.if\n"
    )
    assert found.support == (f"{include}/support/a.spt", f"{include}/support/z.spt")
    assert found.interfaces == (f"{include}/admin/c.if", f"{include}/system/b.if")
