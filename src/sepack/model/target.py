"""One distribution release, as far as building policy for it is concerned."""

from __future__ import annotations

from pathlib import PurePosixPath  # noqa: TC003 - part of the public values

from sepack.frozen import frozen


@frozen
class FormatRange:
    """The module formats ("policydb module versions") a release reads, both ends included."""

    oldest: int
    newest: int

    def __contains__(self, version: int) -> bool:
        return self.oldest <= version <= self.newest

    def __str__(self) -> str:
        return f"{self.oldest}-{self.newest}"


@frozen
class Target:
    """A release to build for.

    `name` is what people type; for `host` it is "host" and `release` the release that this host was recognised as
    (equal to `name` otherwise, "unknown" where nothing matched). `base_image` is empty where no image is to be had;
    `built_with` then names the release whose toolchain serves instead, for plain modules only. `package_manager` is
    "apt" or "dnf".
    """

    name: str
    release: str
    title: str
    formats: FormatRange
    policy_type: str
    mls: bool
    store: PurePosixPath
    runtime_directory: PurePosixPath
    dist_tag: str
    package_manager: str
    base_image: str
    built_with: str
    note: str
