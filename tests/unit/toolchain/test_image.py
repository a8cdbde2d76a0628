"""The image's name and the building of it, against an engine that plays back what real ones say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import pytest
from docker.errors import ImageNotFound

from sepack.toolchain.errors import BaseImageError, DockerfileUnreadableError, ImageBuildError
from sepack.toolchain.image import ImageRecipe, ensure_image, image_name, read_recipe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import APIClient

RECIPE = ImageRecipe(target="el9", base_image="quay.io/centos/centos:stream9", dockerfile="FROM x\n")
FROM = ["Step 1/4 : ARG BASE_IMAGE=x", "\n", "Step 2/4 : FROM ${BASE_IMAGE}", "\n"]
DOCKER = [*FROM, " ---> f690e573295b\n", "Step 3/4 : RUN false", "\n", " ---> Running in 1\n", "E: no route\n"]
PODMAN = ["STEP 1/2: FROM x\n", "STEP 2/2: RUN false\n", "E: no route\n"]


class Engine:
    """Has the images in `images`; building one says `lines`, and then `error` if there is one."""

    def __init__(self, lines: list[str], error: str = "") -> None:
        self.images: set[str] = set()
        self.asked: dict[str, Any] = {}
        self._lines = lines
        self._error = error

    def inspect_image(self, name: str) -> None:
        if name not in self.images:
            raise ImageNotFound(name)

    def build(self, **options: Any) -> Iterator[dict[str, Any]]:
        self.asked = options
        yield from ({"stream": line} for line in self._lines)
        if self._error:
            yield {"errorDetail": {"message": self._error}, "error": self._error}
        else:
            self.images.add(options["tag"])


def ensure(engine: Engine, recipe: ImageRecipe = RECIPE) -> list[str]:
    said: list[str] = []
    ensure_image(cast("APIClient", engine), recipe, said.append)
    return said


def test_the_name_holds_the_target_and_a_digest_of_what_makes_it() -> None:
    assert re.fullmatch(r"sepack-toolchain:el9-[0-9a-f]{12}", RECIPE.name)
    others = {
        image_name("el9", "quay.io/centos/centos:stream9", "FROM y\n"),
        image_name("el9", "quay.io/centos/centos:stream10", "FROM x\n"),
        image_name("el8", "quay.io/centos/centos:stream9", "FROM x\n"),
        RECIPE.name,
    }
    assert len(others) == 4
    assert image_name("el9", "quay.io/centos/centos:stream9", "FROM x\n") == RECIPE.name


def test_the_network_it_is_built_over_is_no_part_of_an_image() -> None:
    other = ImageRecipe(target="el9", base_image=RECIPE.base_image, dockerfile=RECIPE.dockerfile, network="host")
    assert other.name == RECIPE.name


def test_building_says_so_the_first_time_and_nothing_after() -> None:
    engine = Engine(DOCKER)
    first, then = ensure(engine)
    assert first.startswith(f"Building the toolchain image {RECIPE.name} from quay.io/centos/centos:stream9 (first use")
    assert re.fullmatch(rf"Built {RECIPE.name} in \d+ s\.", then)
    assert engine.asked["buildargs"] == {"BASE_IMAGE": "quay.io/centos/centos:stream9"}
    assert engine.asked["fileobj"].read() == b"FROM x\n"
    assert engine.asked["network_mode"] is None
    assert ensure(engine) == []


def test_the_network_for_building_is_passed_on() -> None:
    engine = Engine(DOCKER)
    ensure(engine, ImageRecipe(target="el9", base_image="x", dockerfile="", network="host"))
    assert engine.asked["network_mode"] == "host"


@pytest.mark.parametrize("lines", [DOCKER, PODMAN], ids=["docker", "podman"])
def test_a_failing_step_shows_its_last_lines(lines: list[str]) -> None:
    with pytest.raises(ImageBuildError) as caught:
        ensure(Engine(lines, "The command '/bin/sh -c false' returned a non-zero code: 1"))
    assert caught.value.brief == f"The toolchain image {RECIPE.name} does not build."
    assert caught.value.details[-2:] == (
        "E: no route",
        "The command '/bin/sh -c false' returned a non-zero code: 1",
    )
    assert "sepack.build_network" in caught.value.hint


def test_only_the_last_lines_are_shown_and_none_is_endless() -> None:
    with pytest.raises(ImageBuildError) as caught:
        ensure(Engine([*DOCKER, *(f"line {n}\n" for n in range(100)), "x" * 5000], "no"))
    assert len(caught.value.details) == 21
    assert max(map(len, caught.value.details)) < 220


@pytest.mark.parametrize("lines", [FROM, PODMAN[:1]], ids=["docker", "podman"])
def test_a_base_that_is_not_to_be_had_is_said_to_be_that(lines: list[str]) -> None:
    with pytest.raises(BaseImageError) as caught:
        ensure(Engine(lines, "dial tcp: lookup quay.io: no such host"))
    assert caught.value.brief == "The base image quay.io/centos/centos:stream9 is not to be had."
    assert caught.value.details == ("dial tcp: lookup quay.io: no such host",)


def test_the_dockerfile_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM x\n")
    assert read_recipe("el9", RECIPE.base_image, tmp_path / "Dockerfile") == RECIPE


def test_a_dockerfile_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DockerfileUnreadableError, match="Dockerfile cannot be read: No such file or directory"):
        read_recipe("el9", "x", tmp_path / "Dockerfile")
    (tmp_path / "Dockerfile").write_bytes(b"\xff")
    with pytest.raises(DockerfileUnreadableError, match=r"Dockerfile cannot be read: .*utf-8"):
        read_recipe("el9", "x", tmp_path / "Dockerfile")
