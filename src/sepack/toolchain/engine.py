"""Finds a container engine and opens its API: Docker's, or Podman's, which speaks the same protocol."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sepack.toolchain.errors import EngineDeniedError, EngineError, NoEngineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from docker import APIClient

UNIX = "unix://"
KNOCK_SECONDS = 5
REQUEST_SECONDS = 120


def engine_urls(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Where an engine may listen, in the order they are tried. DOCKER_HOST, when set, is the only one."""
    if host := environ.get("DOCKER_HOST"):
        return (host,)
    sockets = ["/var/run/docker.sock"]
    if runtime := environ.get("XDG_RUNTIME_DIR"):
        sockets += [f"{runtime}/docker.sock", f"{runtime}/podman/podman.sock"]
    sockets += ["/run/podman/podman.sock"]
    return tuple(UNIX + path for path in sockets)


def engine_available(environ: Mapping[str, str] | None = None) -> tuple[bool, str]:
    """Whether an engine is there, and where, or why not. Opens a socket at most; loads no library."""
    try:
        return True, find_engine(os.environ if environ is None else environ)
    except (NoEngineError, EngineDeniedError) as error:
        return False, "; ".join((error.brief.rstrip("."), *error.details))


def find_engine(environ: Mapping[str, str]) -> str:
    """Raises NoEngineError or EngineDeniedError."""
    return first_open(engine_urls(environ))


def first_open(urls: Sequence[str]) -> str:
    """The first URL where something listens. Raises NoEngineError, or EngineDeniedError where that is why."""
    denied = []
    for url in urls:
        try:
            knock(url)
        except PermissionError:
            denied.append(url)
        except OSError:
            continue
        else:
            return url
    if denied:
        raise EngineDeniedError(denied[0].removeprefix(UNIX))
    raise NoEngineError([url.removeprefix(UNIX) for url in urls])


def knock(url: str) -> None:
    """Raise the OSError that connecting would raise. What is no local socket is taken to be there."""
    if not url.startswith(UNIX):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.settimeout(KNOCK_SECONDS)
        door.connect(url.removeprefix(UNIX))


def connect(environ: Mapping[str, str]) -> APIClient:
    """The engine's API. Raises NoEngineError, EngineDeniedError or EngineError."""
    url = find_engine(environ)
    with engine_errors("to answer"):
        from docker import APIClient
        from docker.utils import kwargs_from_env

        tls = False if url.startswith(UNIX) else kwargs_from_env(environment=dict(environ)).get("tls", False)
        return APIClient(url, version="auto", timeout=REQUEST_SECONDS, tls=tls)


@contextmanager
def engine_errors(doing: str) -> Iterator[None]:
    """Whatever the library raises while `doing` ("to answer") becomes an EngineError."""
    from docker.errors import DockerException

    try:
        yield
    except (DockerException, OSError) as error:
        raise EngineError(doing, explain(error)) from error


def explain(error: Exception) -> str:
    """The engine's own words, without the library's HTTP wrapping."""
    return str(getattr(error, "explanation", None) or error)


def engine_info(client: APIClient) -> Mapping[str, Any]:
    with engine_errors("to say how it works"):
        return client.info()


def user_options(info: Mapping[str, Any], uid: int, gid: int) -> dict[str, str]:
    """What to ask of the engine that says `info`, so that the files a container makes belong to `uid`:`gid` here.

    An engine that runs as an ordinary user maps that user to the container's root, and everybody else to numbers
    that own nothing; one that remaps users has to be told to leave them alone.
    """
    options = info.get("SecurityOptions") or []
    names = {option.removeprefix("name=").partition(",")[0] for option in options}
    if "rootless" in names or info.get("Rootless"):  # Docker says it the first way, Podman the second or both
        return {"user": "0:0"}
    if "userns" in names:
        return {"user": f"{uid}:{gid}", "userns_mode": "host"}
    return {"user": f"{uid}:{gid}"}
