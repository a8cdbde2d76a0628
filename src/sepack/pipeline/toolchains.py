"""Which toolchain builds for a target and why, opening it, and seeing to it that it holds what is needed."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from sepack.errors import ExitCode, SepackError, ToolMissingError
from sepack.frozen import frozen
from sepack.targets import HOST, POLICY_HEADERS, UNKNOWN, load_targets
from sepack.toolchain.local import LocalToolchain
from sepack.toolchain.probe import LOCAL, probe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sepack.model.target import Target
    from sepack.model.toolchain import Toolchain
    from sepack.model.tools import Tools
    from sepack.settings import Settings
    from sepack.targets import HostFacts
    from sepack.toolchain.install import Execute
    from sepack.workspace import Workspace

    Engine = Callable[[], tuple[bool, str]]
    Say = Callable[[str], None]

PLAIN_TOOLS: Final = ("checkmodule", "semodule_package")
REFPOLICY_TOOLS: Final = ("m4", *PLAIN_TOOLS, POLICY_HEADERS)
# A build does without, but finds some mistakes later: installed along with others, never for its own sake.
CHECKING_TOOLS: Final = ("sefcontext_compile",)

START_ENGINE: Final = "Start a container engine (Docker, or Podman's socket), or build on a host of that release."
NO_IMAGE: Final = "Build on a host of that release."
WAY_OUT: Final = "Build on a host of that release, or write the module in the plain dialect."


class Kind(enum.StrEnum):
    LOCAL = "local"
    CONTAINER = "container"


@frozen
class Choice:
    """A toolchain that builds for a target, and why it is this one.

    `image_release` and `base_image` say of which release's image a container is made; both are empty for local.
    `foreign_headers` says why a refpolicy module cannot be built with it, and is empty where one can: only a release's
    own headers expand to what that release understands.
    """

    kind: Kind
    reason: str
    image_release: str = ""
    base_image: str = ""
    foreign_headers: str = ""


class NoToolchainError(SepackError):
    """The toolchain that was asked for, or the only sound one, is not to be had for this target."""

    exit_code = ExitCode.TOOL_MISSING

    def __init__(self, target: Target, why: str, hint: str) -> None:
        super().__init__(f"{target.name} ({target.title}) cannot be built for: {why}", hint=hint)
        self.why = why


class ImageLacksToolsError(ToolMissingError):
    def __init__(self, tools: Sequence[str], identity: str) -> None:
        super().__init__(
            f"{', '.join(tools)} {'is' if len(tools) == 1 else 'are'} missing in {identity}",
            hint="The Dockerfile's package step says what is in there: add what brings them.",
        )


def choose(target: Target, host_release: str, requested: str, engine: Engine, *, needs_headers: bool = False) -> Choice:
    """The toolchain for a target. `requested` is "auto", "local" or "container".

    `engine` says whether there is a container engine, and where or why not; it is asked only where that matters. A
    choice that serves plain modules only is an error where `needs_headers`. Raises NoToolchainError.
    """
    if requested == Kind.CONTAINER:
        choice = asked_for_container(target, engine)
    elif requested == Kind.LOCAL:
        asked = "local was asked for"
        own = target.release == host_release
        choice = local(target, host_release, asked if own else f"{asked}, and {naming(host_release)}")
    elif target.release == host_release:
        reason = "this host's own tools" if target.name == HOST else f"this host is {target.title}"
        choice = local(target, host_release, reason)
    else:
        choice = for_another_release(target, host_release, engine)
    if needs_headers and choice.foreign_headers:
        hint = START_ENGINE if target.base_image and choice.kind is Kind.LOCAL else WAY_OUT
        raise NoToolchainError(target, f"refpolicy modules need its own headers, and {choice.foreign_headers}", hint)
    return choice


def for_another_release(target: Target, host_release: str, engine: Engine) -> Choice:
    there, said = engine()
    if there:
        return container(target, naming(host_release))
    return local(target, host_release, f"{naming(host_release)}, and {clause(said)}")


def naming(host_release: str) -> str:
    return f"this host is {'another release' if host_release == UNKNOWN else host_release}"


def clause(said: str) -> str:
    """The first of some sentences, to stand within another one."""
    first = said.partition(". ")[0].rstrip(".")
    return f"{first[:1].lower()}{first[1:]}"


def asked_for_container(target: Target, engine: Engine) -> Choice:
    if not target.base_image and not target.built_with:
        raise NoToolchainError(target, "container was asked for, and sepack knows no image of it", NO_IMAGE)
    there, said = engine()
    if not there:
        raise NoToolchainError(target, f"container was asked for, and {clause(said)}", START_ENGINE)
    return container(target, "container was asked for")


def local(target: Target, host_release: str, reason: str) -> Choice:
    """Sound for plain modules of any target: what checkmodule makes of them depends on nothing of the release."""
    return Choice(kind=Kind.LOCAL, reason=reason, foreign_headers="" if target.release == host_release else reason)


def container(target: Target, reason: str) -> Choice:
    if target.base_image:
        return Choice(kind=Kind.CONTAINER, reason=reason, image_release=target.release, base_image=target.base_image)
    other = load_targets()[target.built_with]
    return Choice(
        kind=Kind.CONTAINER,
        reason=f"{reason}, and the image of {other.title} serves for {target.title}",
        image_release=other.name,
        base_image=other.base_image,
        foreign_headers=f"there is no image of {target.title}",
    )


def open_toolchain(choice: Choice, workspace: Workspace, settings: Settings, say: Say) -> Toolchain:
    """The chosen toolchain, to be entered with `with`; `say` gets a line when an image is built first.

    Nothing is contacted before it is entered. Raises DockerfileUnreadableError.
    """
    if choice.kind is Kind.LOCAL:
        return LocalToolchain(workspace.root, settings.jobs)
    from sepack.toolchain.container import ContainerToolchain

    return ContainerToolchain(
        workspace.root,
        target=choice.image_release,
        base_image=choice.base_image,
        dockerfile=workspace.dockerfile,
        jobs=settings.jobs,
        build_network=settings.build_network,
        say=say,
    )


def equip(
    toolchain: Toolchain,
    workspace: Workspace,
    host: HostFacts,
    needed: tuple[str, ...],
    *,
    allowed: bool,
    say: Say,
    execute: Execute | None = None,
) -> Tools:
    """The toolchain's tools, all of `needed` among them; on this host they are installed where that is `allowed`.

    `execute` stands in for running the package manager.
    Raises MissingToolsError, InstallError, ImageLacksToolsError, ToolchainError.
    """
    tools = probe(toolchain, workspace)
    lacking = tools.lacking(needed)
    if not lacking:
        return tools
    if toolchain.identity != LOCAL:
        raise ImageLacksToolsError(lacking, toolchain.identity)
    from sepack.toolchain.install import MissingToolsError, install

    wanted = tuple(dict.fromkeys((*lacking, *tools.lacking(CHECKING_TOOLS))))
    install(wanted, host.package_manager, allowed=allowed, say=say, execute=execute)
    tools = probe(toolchain, workspace, again=True)
    if tools.lacking(needed):
        raise MissingToolsError(tools.lacking(needed), host.package_manager, "installing their packages did not help")
    return tools
