"""Which format is written, and when none can be."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from sepack.model.target import FormatRange, Target
from sepack.stages.compile.formats import FormatNotReadError, FormatNotWrittenError, choose_format


def target(oldest: int, newest: int) -> Target:
    return Target(
        name="el8",
        release="el8",
        title="Enterprise Linux 8",
        formats=FormatRange(oldest=oldest, newest=newest),
        policy_type="targeted",
        mls=True,
        store=PurePosixPath("/var/lib/selinux/targeted"),
        runtime_directory=PurePosixPath("/var/run"),
        dist_tag=".el8",
        package_manager="dnf",
        base_image="",
        built_with="",
        note="",
    )


WIDE = FormatRange(oldest=4, newest=24)


def test_nineteen_is_tried_first_and_what_the_target_reads_last() -> None:
    choice = choose_format(target(4, 22), WIDE, option=True, asked=None)
    assert (choice.first, choice.highest) == (19, 22)
    assert choice.why == "Enterprise Linux 8 reads 4-22 only"


def test_an_older_compiler_is_the_limit() -> None:
    choice = choose_format(target(4, 24), FormatRange(oldest=4, newest=21), option=True, asked=None)
    assert (choice.highest, choice.why) == (21, "the checkmodule here writes 4-21 only")


def test_what_was_asked_for_is_first_and_last() -> None:
    choice = choose_format(target(4, 22), WIDE, option=True, asked=17)
    assert (choice.first, choice.highest, choice.why) == (17, 17, "format 17 was asked for")


def test_a_compiler_without_the_option_writes_its_newest_and_nothing_else() -> None:
    old = FormatRange(oldest=4, newest=19)
    assert choose_format(target(4, 19), old, option=False, asked=None).option is False
    with pytest.raises(FormatNotWrittenError, match="module format 17 cannot be written here"):
        choose_format(target(4, 19), old, option=False, asked=17)


def test_what_the_target_does_not_read_is_refused() -> None:
    with pytest.raises(FormatNotReadError, match=r"21 was asked for, and Enterprise Linux 8 reads 4-19"):
        choose_format(target(4, 19), WIDE, option=True, asked=21)


def test_what_the_compiler_does_not_write_is_refused() -> None:
    with pytest.raises(FormatNotWrittenError, match="this checkmodule writes 4-18"):
        choose_format(target(4, 19), FormatRange(oldest=4, newest=18), option=True, asked=None)
