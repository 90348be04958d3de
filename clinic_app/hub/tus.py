"""What of tus 1.0.0 is about the protocol itself: its version, what this hub can, what a client's headers say.

A workstation from before the hub spoke tus sends no ``Tus-Resumable``; it is served as it always was. Whoever sends it
gets the protocol to the letter.
Source: tus 1.0.0, "Core Protocol", "Creation", "Checksum", "Expiration".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clinic_app.foundation.texts import Text
from clinic_app.hub.gate import caller_of
from clinic_app.hub.refusals import HttpRefusalError, refusal
from clinic_app.storage.feed.content import MAX_CONTENT_BYTES

VERSION: Final = "1.0.0"
PIECE_TYPE: Final = "application/offset+octet-stream"
PLACE: Final = "/blob"
_ALGORITHMS: Final = ("sha256", "sha1")
_TOLD: Final = {
    "Tus-Version": VERSION,
    "Tus-Extension": "creation,checksum,expiration",
    "Tus-Max-Size": str(MAX_CONTENT_BYTES),
    "Tus-Checksum-Algorithm": ",".join(_ALGORITHMS),
}
_MOST_METADATA: Final = 4096
_OVERRIDDEN: Final = frozenset({"PATCH", "HEAD", "OPTIONS"})


class Tus:
    """Stands before the application: says the version in every answer about uploads, and refuses another one.

    Args:
        app: the application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not (scope["path"] == PLACE or scope["path"].startswith(f"{PLACE}/")):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        method = headers.get("x-http-method-override", "").strip().upper()
        if scope["method"] == "POST" and method in _OVERRIDDEN:
            scope = {**scope, "method": method}

        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(raw=message["headers"])["Tus-Resumable"] = VERSION
            await send(message)

        if scope["method"] not in {"OPTIONS", "GET"} and headers.get("tus-resumable", VERSION) != VERSION:
            words = Text("The hub speaks version {version} of tus.", version=VERSION)
            answer = refusal(HttpRefusalError(412, "not-supported", words))
            answer.headers["Tus-Version"] = VERSION
            await answer(scope, receive, say)
            return
        await self._app(scope, receive, say)


async def options(request: Request) -> Response:
    """OPTIONS /blob: which versions and extensions of tus there are, and how large a content may be."""
    await caller_of(request)
    return Response(status_code=204, headers=_TOLD)


def check_type(request: Request) -> None:
    """Return if a client that speaks tus sends a piece as one.

    Raises:
        HttpRefusalError: 415.
    """
    if "tus-resumable" in request.headers and request.headers.get("content-type", "").strip().lower() != PIECE_TYPE:
        raise HttpRefusalError(415, "not-supported", Text("A piece of content has the type {type}.", type=PIECE_TYPE))


def digest_in(request: Request) -> str:
    """Return the content's address that the metadata of a creation name; whoever creates knows what he sends.

    Raises:
        HttpRefusalError: 400, no such metadata.
    """
    pairs = request.headers.get("upload-metadata", "")[:_MOST_METADATA].split(",")
    named = dict(pair.strip().partition(" ")[::2] for pair in pairs)
    digest = _decoded(named.get("sha256", ""))
    if digest is None:
        raise _no_digest()
    try:
        return digest.decode("ascii")
    except UnicodeDecodeError as error:
        raise _no_digest() from error


def check_sum(request: Request, piece: bytes) -> None:
    """Return if a piece is what its Upload-Checksum says, or has none.

    Raises:
        HttpRefusalError: 400, an algorithm nobody here knows; 460, another sum: nothing was taken, to be sent again.
    """
    said = request.headers.get("upload-checksum")
    if said is None:
        return
    algorithm, _, encoded = said.strip().partition(" ")
    if algorithm not in _ALGORITHMS or (wanted := _decoded(encoded)) is None:
        raise HttpRefusalError(400, "not-supported", Text("The hub does not know this checksum."))
    if hashlib.new(algorithm, piece, usedforsecurity=False).digest() != wanted:
        raise HttpRefusalError(460, "transient", Text("The request was changed on its way; it is to be sent again."))


def _decoded(encoded: str) -> bytes | None:
    try:
        return base64.b64decode(encoded.strip(), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _no_digest() -> HttpRefusalError:
    words = Text("The metadata of an upload name its content: sha256 and the digest in hex, in base64.")
    return HttpRefusalError(400, "required", words)
