"""The doors of the status page: a link that is good once, a cookie no script can read, and the page itself.

Nobody signs in with a password: who can run ``status-link`` on the hub's computer is its IT. The page has no script and
may load nothing but its own style sheet; no other site may show it in a frame or send its forms.

Source: OWASP ASVS 5 (session management); W3C, Content Security Policy Level 3; RFC 6265bis (``__Host-``).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from clinic_app.foundation.texts import LANGUAGES, Language, Text
from clinic_app.hub.gate import Hub, hub_of, read_body
from clinic_app.hub.limits import check_stranger
from clinic_app.hub.markup import Markup
from clinic_app.hub.metrics import Metrics, metrics
from clinic_app.hub.operations import Look, Operations
from clinic_app.hub.refusals import HttpRefusalError, language_of
from clinic_app.hub.status_page import closed, entrance, status_page
from clinic_app.hub.status_style import style_sheet
from clinic_app.storage.feed.status_visits import VISIT_LIVES

_LARGEST: Final = 1024
_LONGEST_SECRET: Final = 100
_HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_OURS: Final = frozenset({"same-origin", "none"})
_log: Final = logging.getLogger(__name__)


async def page(request: Request) -> Response:
    """GET /status: how it stands, for whoever is signed in."""
    check_stranger(request, hub_of(request).limits)
    operations = _operations(request)
    visitor = await run_in_threadpool(operations.visits.visitor, _secret(request))
    language = _language(request)
    if visitor is None:
        return _html(closed(operations.surroundings.name, language), 401)
    look = await run_in_threadpool(_look, hub_of(request))
    return _html(await run_in_threadpool(status_page, look, language, visitor))


async def link(request: Request) -> Response:
    """GET /status/enter?link=: what a link leads to; it is used up by the button, not by looking."""
    check_stranger(request, hub_of(request).limits)
    secret = request.query_params.get("link", "")[:_LONGEST_SECRET]
    return _html(entrance(_operations(request).surroundings.name, _language(request), secret))


async def enter(request: Request) -> Response:
    """POST /status/enter: use a link up, and begin a visit."""
    address = check_stranger(request, hub_of(request).limits)
    _check_origin(request)
    operations, language = _operations(request), _language(request)
    form = _form(await read_body(request, _LARGEST))
    entered = await run_in_threadpool(operations.visits.enter, form.get("link", "")[:_LONGEST_SECRET])
    if entered is None:
        return _html(closed(operations.surroundings.name, language, was_tried=True), 403)
    secret, name = entered
    _log.info("status page: %s has signed in from %s", name, address)
    response = RedirectResponse(f"/status?lang={language}", 303, dict(_HEADERS))
    response.set_cookie(
        _cookie(request),
        secret,
        max_age=int(VISIT_LIVES.total_seconds()),
        path="/",
        secure=_is_secure(request),
        httponly=True,
        samesite="strict",
    )
    return response


async def leave(request: Request) -> Response:
    """POST /status/leave: end the visit."""
    check_stranger(request, hub_of(request).limits)
    _check_origin(request)
    operations = _operations(request)
    await run_in_threadpool(operations.visits.leave, _secret(request))
    response = _html(closed(operations.surroundings.name, _language(request)))
    response.delete_cookie(_cookie(request), secure=_is_secure(request), httponly=True, samesite="strict")
    return response


async def style(request: Request) -> Response:
    """GET /status/style.css: how the page looks."""
    check_stranger(request, hub_of(request).limits)
    return Response(style_sheet(), media_type="text/css", headers=dict(_HEADERS))


def _form(body: bytes) -> dict[str, str]:
    """Return the fields of a form; none for what is no form of ours."""
    try:
        return dict(parse_qsl(body.decode("ascii", "replace"), max_num_fields=5))
    except ValueError:
        return {}


def _operations(request: Request) -> Operations:
    asked: Metrics = request.app.state.metrics
    return asked.operations


def _look(hub: Hub) -> Look:
    state = hub.below.state() if hub.below is not None and hub.below.state is not None else None
    return hub.operations.look(state.reason if state else None, is_shut_out=state is not None and state.is_shut_out)


def _check_origin(request: Request) -> None:
    """Refuse a form that another site has sent.

    Raises:
        HttpRefusalError: it came from there.
    """
    if request.headers.get("sec-fetch-site", "none") not in _OURS:
        raise HttpRefusalError(403, "forbidden", Text("This form was sent by another site."))


def _language(request: Request) -> Language:
    asked = request.query_params.get("lang", "")
    return next((each for each in LANGUAGES if each == asked), language_of(request.headers.get("accept-language", "")))


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"


def _cookie(request: Request) -> str:
    return "__Host-dala-status" if _is_secure(request) else "dala-status"


def _secret(request: Request) -> str:
    return request.cookies.get(_cookie(request), "")[:_LONGEST_SECRET]


def _html(page: Markup, status: int = 200) -> HTMLResponse:
    return HTMLResponse(str(page), status, dict(_HEADERS))


ROUTES: Final = (
    Route("/status", page, methods=["GET"], include_in_schema=False),
    Route("/status/enter", link, methods=["GET"], include_in_schema=False),
    Route("/status/enter", enter, methods=["POST"], include_in_schema=False),
    Route("/status/leave", leave, methods=["POST"], include_in_schema=False),
    Route("/status/style.css", style, methods=["GET"], include_in_schema=False),
    Route("/metrics", metrics, methods=["GET"], include_in_schema=False),
)
