"""The endpoints before and around the token: who the hub is, the code, the token, and what a device says of itself.

Source: HL7 SMART App Launch 2.2, Backend Services; RFC 6749 section 4.4 and 5.2; RFC 7523 section 2.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import parse_qsl

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from clinic_app.foundation.errors import InvalidInputError, NotAllowedError
from clinic_app.foundation.notices import HUB_LET_IN, HUB_REFUSED, tell
from clinic_app.foundation.texts import Text
from clinic_app.hub.gate import caller_of, hub_of, read_body
from clinic_app.hub.limits import Limits, TooManyError, check_stranger
from clinic_app.hub.refusals import HttpRefusalError
from clinic_app.hub.tokens import EraseOrderError
from clinic_app.keys.assertions import ALGORITHMS
from clinic_app.keys.enrolment_code import is_long, read_code
from clinic_app.storage.feed.accounts import CodeSpentError
from clinic_app.storage.feed.audit_heads import Head
from clinic_app.storage.feed.enrolment_trail import EnrolmentTrail

_LARGEST: Final = 8192
_BY_JWT: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SCOPE: Final = "system/*.cru"
_NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_Mac = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{64})?\Z")]
_Version = Annotated[str, msgspec.Meta(max_length=50, pattern=r"^[ -~]*\Z")]
_Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]


class Asking(msgspec.Struct, frozen=True):
    """A device that has a code: the code, its public key, and the hospital it belongs to, if it knows."""

    code: Annotated[str, msgspec.Meta(max_length=100)]
    jwk: dict[str, str]
    organization: Annotated[str, msgspec.Meta(max_length=64)] = ""


class _Links(msgspec.Struct, frozen=True):
    links: _Count = 0
    head: _Mac = ""


class Report(msgspec.Struct, frozen=True, rename="camel"):
    """What a device says of itself with each exchange.

    ``program`` is its version; ``waiting`` records and ``waiting_bytes`` of contents are still to be sent; ``audit`` is
    the head of its audit trail, and ``then`` its link at the length the hub last saw.
    """

    program: _Version = ""
    waiting: _Count = 0
    waiting_bytes: _Count = 0
    audit: _Links = _Links()
    then: _Links = _Links()


async def identity(request: Request) -> Response:
    """GET /identity: the hub's name and public key, for whoever wants to connect to it."""
    check_stranger(request, hub_of(request).limits)
    return JSONResponse(hub_of(request).accounts.identity(), headers=_NO_STORE)


async def smart_configuration(request: Request) -> Response:
    """GET /.well-known/smart-configuration: how a SMART backend client gets a token."""
    check_stranger(request, hub_of(request).limits)
    address = hub_of(request).accounts.address or str(request.base_url).rstrip("/")
    return JSONResponse(
        {
            "token_endpoint": f"{address}/token",
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
            "scopes_supported": [_SCOPE],
            "capabilities": ["client-confidential-asymmetric", "permission-v2"],
        }
    )


async def enrol(request: Request) -> Response:
    """POST /enrol: let a device in that has a code, once for each place of it, with the key it made."""
    hub = hub_of(request)
    address = check_stranger(request, hub.limits)
    if wait_s := max(hub.limits.codes.wait_s(address), hub.limits.all_codes.wait_s("")):
        raise TooManyError(wait_s)
    try:
        asking = msgspec.json.decode(await read_body(request, _LARGEST), type=Asking)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidInputError(Text("The request cannot be read.")) from error
    code = read_code(asking.code)
    trail = EnrolmentTrail(hub.feed, hub.clock, hub.accounts.name)
    try:
        with _one_try(hub.limits, address, is_guessable=not is_long(code)) as tried:
            admitted = await run_in_threadpool(hub.accounts.admit, code, asking.jwk, asking.organization, trail.came)
            tried.is_wrong = admitted is None
    except CodeSpentError as error:
        tell(HUB_REFUSED, error.why)
        raise HttpRefusalError(410, "expired", error.text) from error
    if admitted is None:
        raise HttpRefusalError(
            403, "forbidden", Text("This code is not good, or no longer. Ask IT of the hub for one.")
        )
    if admitted.roll_out and not admitted.is_again:
        tell(HUB_LET_IN, f"code {admitted.roll_out}, places left {admitted.places_left}")
    told = {"device": admitted.device_id, "organization": admitted.organization_id, "name": admitted.organization}
    return JSONResponse({**told, "hub": hub.accounts.identity()}, headers=_NO_STORE)


async def token(request: Request) -> Response:
    """POST /token: a token for some minutes, for a device that proves that it has its key."""
    hub = hub_of(request)
    check_stranger(request, hub.limits)
    form = _form(await read_body(request, _LARGEST))
    if form is None or "client_assertion" not in form:
        return _no("invalid_request")
    if form.get("grant_type") != "client_credentials":
        return _no("unsupported_grant_type")
    if form.get("client_assertion_type") != _BY_JWT:
        return _no("invalid_client", 401)
    try:
        grant = await run_in_threadpool(hub.accounts.grant, form["client_assertion"])
    except EraseOrderError as error:
        return JSONResponse({"error": "invalid_client", "order": error.order}, 403, _NO_STORE)
    except NotAllowedError:
        return _no("invalid_client", 401)
    told = {"access_token": grant.token, "token_type": "bearer", "expires_in": grant.seconds, "scope": _SCOPE}
    return JSONResponse(told, headers=_NO_STORE)


async def report(request: Request) -> Response:
    """POST /report: what a device says of itself; the answer is the hub's signed word on its audit trail."""
    caller = await caller_of(request)
    try:
        said = msgspec.json.decode(await read_body(request, _LARGEST), type=Report)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidInputError(Text("The request cannot be read.")) from error
    hub = hub_of(request)
    head, then = Head(said.audit.links, said.audit.head), Head(said.then.links, said.then.head)

    def keep() -> dict[str, object]:
        hub.callers.report(caller, said.program, said.waiting, said.waiting_bytes)
        seen, receipt = hub.accounts.countersign(caller, head, then)
        return {"verdict": seen.verdict, "links": seen.before.links, "receipt": receipt}

    return JSONResponse(await run_in_threadpool(keep), headers=_NO_STORE)


@dataclass
class _Try:
    """One try of a code, and what came of it."""

    is_wrong: bool = False


@contextmanager
def _one_try(limits: Limits, address: str, *, is_guessable: bool) -> Iterator[_Try]:
    """Spend one try before it is made, so that a thousand at one moment are a thousand; give it back if it was right.

    A long code nobody guesses is spent only when it was wrong: a whole hospital is switched on at one moment.

    Raises:
        TooManyError: there have been too many wrong ones.
    """
    if not is_guessable:
        tried = _Try()
        yield tried
        if tried.is_wrong:
            limits.codes.spend(address)
            limits.all_codes.spend("")
        return
    if wait_s := limits.codes.spend(address):
        raise TooManyError(wait_s)
    if wait_s := limits.all_codes.spend(""):
        limits.codes.give_back(address)
        raise TooManyError(wait_s)
    tried = _Try()
    try:
        yield tried
    finally:
        if not tried.is_wrong:
            limits.codes.give_back(address)
            limits.all_codes.give_back("")


def _form(body: bytes) -> dict[str, str] | None:
    """Return the fields of a form; None for what is none, or says a field twice."""
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=10)
    except ValueError:
        return None
    form = dict(pairs)
    return form if len(form) == len(pairs) else None


def _no(error: str, status: int = 400) -> Response:
    return JSONResponse({"error": error}, status, _NO_STORE)


ROUTES: Final = (
    Route("/identity", identity, methods=["GET"]),
    Route("/.well-known/smart-configuration", smart_configuration, methods=["GET"]),
    Route("/enrol", enrol, methods=["POST"]),
    Route("/token", token, methods=["POST"]),
    Route("/report", report, methods=["POST"]),
)
