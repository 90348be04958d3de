"""How every message of the hub goes over the wire: packed as the caller can unpack it, and with the digest of that.

Only FHIR messages are packed. They are small enough to be held whole; contents are streams, and packed already for the
most part. Each answer says what the hub itself can unpack (RFC 7694), so that nobody has to try, and from which life of
the hub it comes.
"""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clinic_app.hub.gate import Hub
from clinic_app.sync.compression import LEAST_BYTES, OFFERED, Coding, accepted, digest_header, pack
from clinic_app.sync.wire import EPOCH_HEADER, MEDIA_TYPE

_START: Final = "http.response.start"


class Packing:
    """Stands before the application.

    Args:
        app: the application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        hub: Hub = scope["app"].state.hub
        coding = accepted(Headers(scope=scope).get("accept-encoding"))[0]
        await self._app(scope, receive, _Answer(send, coding, hub.feed.epoch).send)


class _Answer:
    """Holds the head of an answer back until its body is there."""

    def __init__(self, send: Send, coding: Coding, epoch: str) -> None:
        self._send = send
        self._epoch = epoch
        self._coding = coding
        self._head: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == _START:
            headers = MutableHeaders(raw=message["headers"])
            headers["Accept-Encoding"] = OFFERED
            headers[EPOCH_HEADER] = self._epoch
            if headers.get("content-type", "").startswith(MEDIA_TYPE):
                self._head = message
                return
        elif self._head is not None:
            head, self._head = self._head, None
            if not message.get("more_body", False):
                message = {**message, "body": self._packed(head, message.get("body", b""))}
            await self._send(head)
        await self._send(message)

    def _packed(self, head: Message, body: bytes) -> bytes:
        headers = MutableHeaders(raw=head["headers"])
        headers.add_vary_header("Accept-Encoding")
        if self._coding != "identity" and len(body) >= LEAST_BYTES and "content-encoding" not in headers:
            body = pack(body, self._coding)
            headers["Content-Encoding"] = self._coding
            headers["Content-Length"] = str(len(body))
        headers["Content-Digest"] = digest_header(body)
        return body
