"""`docker`: a folder that builds a container of `moaql serve`, with the program as it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import moaql
from moaql.exporting.base import Loss, once_each
from moaql.exporting.code.models import models_in, reached
from moaql.exporting.docker_image.sources import PROGRAM, sources_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.program import Program
    from moaql.graph.nodes import Graph

PORT = 8000
_USER = 10001
"""A number, so that what runs the container sees that it is not root."""
_HEALTH = f"import urllib.request; urllib.request.urlopen('http://127.0.0.1:{PORT}/health', timeout=4)"
_DOCKERFILE = """\
# The topology `{name}` behind the chat API of OpenAI, written by `moaql export`.
#
#   docker build -t {image} .
#   docker run -p {port}:{port} -v {image}-bank:/data -e MOAQL_SERVE_KEY{keys} {image}
#
# Options of `moaql serve`, such as `--budget 5`, may follow.
FROM python:3.12-slim-bookworm

ENV PYTHONUNBUFFERED=1

WORKDIR /app

COPY requirements.txt ./
COPY wheels ./wheels
RUN pip install --no-cache-dir --find-links wheels -r requirements.txt

RUN useradd --no-create-home --uid {user} moaql && mkdir /data && chown {user} /data

{copies}

ENV MOAQL_BANK=/data/bank.db
VOLUME ["/data"]
USER {user}
EXPOSE {port}

HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["python", "-c", {health}]

ENTRYPOINT ["moaql", "serve", {target}, "--host", "0.0.0.0", "--port", "{port}", "--no-reload"]
"""
_COMPOSE = """\
services:
  {image}:
    build: .
    restart: unless-stopped
    security_opt: ["no-new-privileges:true"]
    ports: ["127.0.0.1:{port}:{port}"]
    volumes: ["bank:/data"]
    environment:
      # What clients send as `Authorization: Bearer …`.
      MOAQL_SERVE_KEY: ${{MOAQL_SERVE_KEY:?set it to a random text}}
{keys}
volumes:
  bank:
"""
_WHEELS = """\
Wheels in this folder are installed before those of the package index, such as moaql's own where it is not published:

    python -m build --wheel --outdir wheels PATH_OF_MOAQL
"""


@dataclass(frozen=True)
class Docker:
    """A container."""

    name: str = "docker"

    def files(self, graph: Graph, program: Program) -> dict[str, str]:
        """The Dockerfile, what it copies, and `compose.yaml`.

        Raises:
            UsageError: if a file that the program needs cannot be carried over.
        """
        path, sources = sources_of(graph, program)
        folders = sorted({each.partition("/")[0] for each in sources})
        copies = [f"COPY {each} ./{'' if '.' in each else each}" for each in folders]
        image = _image(graph.name)
        keys = sorted({key for model in models_in(graph) for key in reached(model).keys[:1]})
        dockerfile = _DOCKERFILE.format(
            name=graph.name,
            image=image,
            port=PORT,
            keys="".join(f" -e {key}" for key in keys),
            user=_USER,
            copies="\n".join(copies),
            health=json.dumps(_HEALTH),
            target=json.dumps(f"{path}::{graph.name}"),
        )
        named = "".join(f"      {key}: ${{{key}:?}}\n" for key in keys)
        return {
            "Dockerfile": dockerfile,
            ".dockerignore": "*\n!requirements.txt\n!wheels\n" + "".join(f"!{each}\n" for each in folders),
            "compose.yaml": _COMPOSE.format(image=image, port=PORT, keys=named),
            "requirements.txt": f"moaql[serve]=={moaql.__version__}\n",
            "wheels/README": _WHEELS,
            **sources,
        }

    def losses(self, graph: Graph, program: Program) -> list[Loss]:
        """Addresses that mean another machine in a container."""
        del program
        return once_each(_losses(graph))


def _losses(graph: Graph) -> Iterator[Loss]:
    for call in graph.calls:
        for model in (call.model, *call.model.alternatives):
            url = reached(model).url
            host = urlsplit(url).hostname or ""
            if host in ("localhost", "::1") or host.startswith("127."):
                where = f"`{urlsplit(url).netloc}`, which is the container itself: give it a `base_url` that leads out"
                yield Loss(
                    call.id, f"`{model.name}` is asked at {where}, such as `http://host.docker.internal:PORT/v1`"
                )


def _image(name: str) -> str:
    """A name that an image may have."""
    kept = "".join(each if each.isascii() and each.isalnum() else "-" for each in name.lower()).strip("-")
    return f"moaql-{kept or PROGRAM}"


TARGET = Docker()
