"""A hub that is played by a test: whatever it answers, it says first that it is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import httpx

from clinic_app.sync.wire import MEDIA_TYPE

Answer = Callable[[httpx.Request], httpx.Response]
STATEMENT: Final = b'{"resourceType":"CapabilityStatement","fhirVersion":"4.0.1"}'


def statement(offers: str = "identity") -> httpx.Response:
    """Return the answer to /metadata of a hub that can unpack ``offers``."""
    headers = {"Content-Type": MEDIA_TYPE, "Accept-Encoding": offers}
    return httpx.Response(200, stream=httpx.ByteStream(STATEMENT), headers=headers)


def as_hub(answer: Answer, offers: str = "identity") -> Answer:
    """Return ``answer`` of somebody who is known to be a hub and can unpack ``offers``."""

    def answered(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/report":  # not every hub wants to know how its workstations are
            return httpx.Response(404, stream=httpx.ByteStream(b""))
        return statement(offers) if request.url.path == "/metadata" else answer(request)

    return answered
