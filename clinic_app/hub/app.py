"""The hub as an ASGI application: its routes, and one place where every error becomes an answer."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Language, Text
from clinic_app.hub import accounts, capabilities, content, exchange, fhir_read, fhir_write, releases, status
from clinic_app.hub.below import OnTheWay
from clinic_app.hub.gate import Hub
from clinic_app.hub.limits import AddressLimit, Limits, TooManyError, answer_too_many
from clinic_app.hub.metrics import Counting, Metrics
from clinic_app.hub.operations import Operations, Surroundings
from clinic_app.hub.packing import Packing
from clinic_app.hub.refusals import language_of, outcome, refusal
from clinic_app.hub.releases import HubReleases
from clinic_app.hub.tokens import Accounts
from clinic_app.hub.tus import Tus
from clinic_app.storage import Store
from clinic_app.storage.contents.content_store import ContentStore
from clinic_app.storage.feed.archive import FeedArchive
from clinic_app.storage.feed.callers import FeedCallers
from clinic_app.storage.feed.content import FeedContent
from clinic_app.storage.feed.feed import Feed
from clinic_app.storage.feed.quotas import FeedQuotas
from clinic_app.storage.feed.search import FeedSearch
from clinic_app.storage.feed.wishes import FeedWishes

_log = logging.getLogger(__name__)
_MOST_LOGGED: Final = 300
"""Letters of what a stranger sent; the words of a refusal may hold all of it."""


def build_hub(
    store: Store,
    clock: Clock,
    *,
    name: str = "Dala",
    addresses: Collection[str] = (),
    limits: Limits | None = None,
    surroundings: Surroundings | None = None,
    contents: ContentStore | None = None,
) -> Hub:
    """Return the hub over one data folder.

    Args:
        store: the open folder.
        clock: the time of everything it does.
        name: what it is called before those who want to connect.
        addresses: under which it is reached; a SMART client names one in what it proves.
        limits: how much one caller may ask; None for what suits a hub.
        surroundings: what its process has beside the store; None for nothing.
        contents: where its contents lie; None for the folder.
    """
    feed = Feed(store.database, clock)
    callers = FeedCallers(store.database, clock)
    kept = FeedContent(store.database, contents or store.blobs, clock)
    accounts = Accounts(store, callers, clock, name, addresses)
    return Hub(
        feed=feed,
        search=FeedSearch(store.database, feed),
        wishes=FeedWishes(feed),
        content=kept,
        callers=callers,
        accounts=accounts,
        limits=limits or Limits(),
        clock=clock,
        operations=Operations(store, callers, accounts.heads, clock, surroundings or Surroundings(name)),
        quotas=FeedQuotas(store.database),
        archive=FeedArchive(store.database, kept),
        releases=HubReleases(store.folder),
    )


def build_app(hub: Hub) -> Starlette:
    """Return the application that answers for ``hub``."""
    metrics = Metrics(hub.operations)
    app = Starlette(
        routes=[
            *capabilities.ROUTES,
            *accounts.ROUTES,
            Route("/health", exchange.health, methods=["GET"]),
            Route("/$changes", exchange.changes, methods=["GET"]),
            *content.ROUTES,
            *releases.ROUTES,
            *status.ROUTES,
            *fhir_read.ROUTES,
            *fhir_write.ROUTES,
        ],
        middleware=[
            Middleware(Counting, metrics),
            *([Middleware(OnTheWay)] if hub.below is not None else []),
            Middleware(AddressLimit, hub.limits),
            Middleware(Packing),
            Middleware(Tus),
        ],
        exception_handlers={
            TooManyError: answer_too_many,
            ClinicError: _refused,
            ClientDisconnect: _left,
            Exception: _failed,
            404: _nowhere,
            405: _nowhere,
        },
    )
    app.router.redirect_slashes = False  # or the Host header says where to
    app.state.hub = hub
    app.state.metrics = metrics
    return app


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, ClinicError)
    _log.info("%s %s refused: %s", request.method, _path(request), in_one_line(str(error)))
    return refusal(error, _language(request))


async def _failed(request: Request, error: Exception) -> Response:
    _log.error("%s %s failed", request.method, _path(request), exc_info=error)
    words = Text("The hub has a fault; it is in the hub's log.")
    return outcome(500, "exception", words, _language(request))


async def _left(request: Request, _error: Exception) -> Response:
    """Say nothing to one who is gone: a line that breaks is no fault of the hub's."""
    _log.info("%s %s broke off", request.method, _path(request))
    return Response(status_code=400)


async def _nowhere(request: Request, _error: Exception) -> Response:
    return outcome(404, "not-found", Text("The hub has nothing at this address."), _language(request))


def in_one_line(words: str) -> str:
    """Return what a stranger sent as it may stand in the log: in one line, with nothing a terminal obeys."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in words[:_MOST_LOGGED])


def _path(request: Request) -> str:
    """Return the path as it came; what stands in the Host header is nobody's to believe."""
    return in_one_line(str(request.scope["path"]))


def _language(request: Request) -> Language:
    return language_of(request.headers.get("accept-language", ""))
