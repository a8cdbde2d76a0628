"""checkmodule and semodule_package: their command lines, and what their output proves."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sepack.formats.policy_package import PackageFormatError, read_module_header, read_policy_package
from sepack.frozen import frozen
from sepack.model.command import Command
from sepack.model.package import PolicyPackage
from sepack.stages.compile.errors import ProofError

if TYPE_CHECKING:
    from pathlib import Path, PurePosixPath


@frozen
class Parts:
    """Files of one module in its scratch directory: what is compiled and what comes of it.

    checkmodule refuses an output whose base name is not the module's, so each module has a directory of its own.
    """

    directory: PurePosixPath
    name: str

    def path(self, suffix: str) -> PurePosixPath:
        return self.directory / f"{self.name}.{suffix}"

    @property
    def expanded(self) -> PurePosixPath:
        return self.path("tmp")

    @property
    def expanded_fc(self) -> PurePosixPath:
        return self.path("mod.fc")

    @property
    def module(self) -> PurePosixPath:
        return self.path("mod")

    @property
    def package(self) -> PurePosixPath:
        return self.path("pp")


@frozen
class Options:
    """How to compile: with -M or not, and the format; None leaves it to a checkmodule that has no -c."""

    mls: bool
    format: int | None


def check(text: PurePosixPath, parts: Parts, options: Options) -> Command:
    argv = ["checkmodule", "-m", *(["-M"] if options.mls else [])]
    if options.format is not None:
        argv += ["-c", str(options.format)]
    return Command(argv=(*argv, "-o", str(parts.module), str(text)))


def package(parts: Parts, file_contexts: PurePosixPath | None) -> Command:
    argv = ["semodule_package", "-o", str(parts.package), "-m", str(parts.module)]
    if file_contexts is not None:
        argv += ["-f", str(file_contexts)]
    return Command(argv=tuple(argv))


def prove(root: Path, parts: Parts, version: str, options: Options, file_contexts: bytes) -> tuple[PolicyPackage, str]:
    """Read the .pp back and hold it against what was asked for; with it, the SHA-256 of the .mod. Raises ProofError.

    A tool that could not write all of its output (a full disk) may still exit with 0; the bytes cannot lie.
    """
    try:
        data = _read(f"{root}/{parts.package}")
        contents = read_policy_package(data)
        header = contents.header
        module = _read(f"{root}/{parts.module}")
        unpackaged = read_module_header(module)
    except PackageFormatError as error:
        raise ProofError(parts.name, error.brief) from error
    except FileNotFoundError as error:
        raise ProofError(parts.name, f"{error.filename} was not written") from error
    if unpackaged != header:
        raise ProofError(parts.name, f"the .mod's header says {unpackaged}, the .pp's {header}")
    # As long, not equal: semodule_package writes what it has read, and some lists in another order.
    if len(contents.module) < len(module):
        raise ProofError(parts.name, f"it holds {len(contents.module)} of its module's {len(module)} bytes")
    if contents.file_contexts != file_contexts:
        raise ProofError(parts.name, "the .pp does not hold the file contexts that were given")
    if options.format is not None and header.format != options.format:
        raise ProofError(parts.name, f"its format is {header.format}, asked for was {options.format}")
    if (header.name, header.version, header.mls) != (parts.name, version, options.mls):
        raise ProofError(
            parts.name, f"it calls itself {header.name} {header.version} ({'MLS' if header.mls else 'no MLS'})"
        )
    proved = PolicyPackage(
        name=header.name,
        version=header.version,
        format=header.format,
        mls=header.mls,
        path=parts.package,
        digest=hashlib.sha256(data).hexdigest(),
        size=len(data),
    )
    return proved, hashlib.sha256(module).hexdigest()


def _read(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123 - twice a module
        return file.read()
