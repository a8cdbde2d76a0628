"""The toolchain image of a release: its name, and building it when it is first wanted."""

from __future__ import annotations

import io
import re
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sepack.fingerprints import digest_of
from sepack.toolchain.engine import engine_errors
from sepack.toolchain.errors import BaseImageError, DockerfileUnreadableError, ImageBuildError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from docker import APIClient

REPOSITORY = "sepack-toolchain"
LAST_LINES = 20
COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # Docker's, for what a step says on standard error
# "Step 3/4 : RUN …" says Docker, "STEP 2/3: RUN …" says Podman: the base image is there.
PAST_THE_BASE = re.compile(r"step \d+/\d+ ?: (?!FROM|ARG)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRecipe:
    """What makes a toolchain image. `network` is the engine's network while it builds: "default" or "host"."""

    target: str
    base_image: str
    dockerfile: str
    network: str = "default"

    @property
    def name(self) -> str:
        return image_name(self.target, self.base_image, self.dockerfile)


def read_recipe(target: str, base_image: str, dockerfile: Path, network: str = "default") -> ImageRecipe:
    """Raises DockerfileUnreadableError."""
    try:
        text = dockerfile.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DockerfileUnreadableError(dockerfile.name, getattr(error, "strerror", None) or str(error)) from error
    return ImageRecipe(target=target, base_image=base_image, dockerfile=text, network=network)


def image_name(target: str, base_image: str, dockerfile: str) -> str:
    """The image's name, which holds a digest of what makes it: another base or Dockerfile text is another image."""
    return f"{REPOSITORY}:{target}-{digest_of(base_image, dockerfile)[:12]}"


def ensure_image(client: APIClient, recipe: ImageRecipe, say: Callable[[str], None]) -> None:
    """Build the image unless the engine has it; `say` gets a line before and one after.

    Raises BaseImageError, ImageBuildError or EngineError.
    """
    if has_image(client, recipe.name):
        return
    say(f"Building the toolchain image {recipe.name} from {recipe.base_image} (first use; this takes a while).")
    begin = time.monotonic()
    build_image(client, recipe)
    say(f"Built {recipe.name} in {time.monotonic() - begin:.0f} s.")


def has_image(client: APIClient, name: str) -> bool:
    from docker.errors import ImageNotFound

    with engine_errors("to look for an image"):
        try:
            client.inspect_image(name)
        except ImageNotFound:
            return False
        return True


def build_image(client: APIClient, recipe: ImageRecipe) -> None:
    output: deque[str] = deque(maxlen=LAST_LINES)
    fetched = False
    with engine_errors("to build an image"):
        for event in build_events(client, recipe):
            if problem := event.get("error"):
                if not fetched:
                    raise BaseImageError(recipe.base_image, str(problem))
                raise ImageBuildError(recipe.name, output, str(problem), recipe.network)
            text = COLOUR.sub("", str(event.get("stream", ""))).rstrip()
            fetched = fetched or PAST_THE_BASE.match(text) is not None
            output.extend(text.splitlines())


def build_events(client: APIClient, recipe: ImageRecipe) -> Iterator[dict[str, Any]]:
    events: Iterator[dict[str, Any]] = client.build(
        fileobj=io.BytesIO(recipe.dockerfile.encode()),
        tag=recipe.name,
        buildargs={"BASE_IMAGE": recipe.base_image},
        labels={"sepack": "toolchain", "sepack.target": recipe.target, "sepack.base": recipe.base_image},
        rm=True,
        forcerm=True,
        decode=True,
        network_mode=None if recipe.network == "default" else recipe.network,
    )
    return events
