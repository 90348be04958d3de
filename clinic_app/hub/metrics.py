"""Figures for Prometheus at ``/metrics``: what came, how long it took, what waits where, and what will end.

Requests are counted as they pass; everything else is looked up when somebody asks. No label names a patient, and
none is what a stranger typed: a route is told by its pattern.

Source: Prometheus, "Exposition formats" and "Metric and label naming".
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clinic_app.foundation.texts import Text
from clinic_app.hub.limits import check_stranger, is_this_computer
from clinic_app.hub.operations import Look, Operations
from clinic_app.hub.refusals import HttpRefusalError

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
_NOWHERE: Final = "none"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The figures of one process, in a registry of their own.

    Args:
        operations: asked for what is not counted.
    """

    def __init__(self, operations: Operations) -> None:
        self.operations = operations
        self.registry = CollectorRegistry()
        labels = ("method", "route")
        self.requests = Counter("dala_hub_requests", "Requests answered.", (*labels, "status"), registry=self.registry)
        self.seconds = Histogram(
            "dala_hub_request_seconds",
            "Time from a request to the end of its answer; one that waits for the feed is not in it.",
            labels,
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.received = Counter("dala_hub_received_bytes", "Bytes of bodies received.", labels, registry=self.registry)
        self.sent = Counter("dala_hub_sent_bytes", "Bytes of bodies sent.", labels, registry=self.registry)
        self.open = Gauge("dala_hub_requests_open", "Requests being answered now.", registry=self.registry)
        self.feed = Histogram(
            "dala_hub_feed_seconds",
            "Time the feed takes to look up a page, without the time its reader waits for news.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.registry.register(_Looked(operations.look))

    def text(self) -> bytes:
        """Return every figure in Prometheus' own words."""
        return generate_latest(self.registry)


class _Looked(Collector):
    """What is looked up when somebody asks."""

    def __init__(self, look: Callable[[], Look]) -> None:
        self._look = look

    def describe(self) -> list[Metric]:
        """Nothing is looked up only to learn the names."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the figures of this moment."""
        look = self._look()
        figures = look.figures
        versions = CounterMetricFamily("dala_hub_versions", "Versions of records taken in, over all processes.")
        versions.add_metric((), figures.position)
        yield versions
        newest = next((each.made_at for each in look.backups if each.is_verified), None)
        for name, words, value in (
            ("dala_hub_database_bytes", "Size of the database.", figures.database_bytes),
            ("dala_hub_contents", "Contents kept.", figures.contents),
            ("dala_hub_content_bytes", "Size of all contents.", figures.content_bytes),
            ("dala_hub_disk_free_bytes", "Free on the disk of the data folder.", figures.free_bytes),
            ("dala_hub_disk_bytes", "Size of the disk of the data folder.", figures.disk_bytes),
            ("dala_hub_notices", "Things the status page asks somebody to do.", len(look.notices)),
            ("dala_hub_backup_timestamp_seconds", "When the newest verified backup was made.", newest),
            ("dala_hub_certificate_end_timestamp_seconds", "When the certificate ends.", look.certificate_end),
        ):
            if value is not None:
                yield GaugeMetricFamily(name, words, value if isinstance(value, int) else value.timestamp())
        yield from _of_devices(look)


def _of_devices(look: Look) -> Iterator[Metric]:
    labels = ("organization", "device")
    age = GaugeMetricFamily("dala_hub_device_last_contact_seconds", "Time since a device was here.", labels=labels)
    records = GaugeMetricFamily("dala_hub_device_waiting_records", "Records a device has yet to send.", labels=labels)
    size = GaugeMetricFamily("dala_hub_device_waiting_bytes", "Contents a device has yet to send.", labels=labels)
    states = GaugeMetricFamily("dala_hub_devices", "Devices by state and version.", labels=("state", "program"))
    counted: dict[tuple[str, str], int] = {}
    for each in look.devices:
        line, key = each.line, (each.state, each.line.program)
        counted[key] = counted.get(key, 0) + 1
        if line.revoked_at is None and line.last_seen_at is not None:
            named = (line.organization_id, line.id)
            age.add_metric(named, (look.at - line.last_seen_at).total_seconds())
            records.add_metric(named, line.waiting)
            size.add_metric(named, line.waiting_bytes)
    for (state, program), count in counted.items():
        states.add_metric((state, program), count)
    yield from (age, records, size, states)


class Counting:
    """Stands before the application and counts what passes.

    Args:
        app: the rest of the hub.
        metrics: where it is counted.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._patterns: dict[object, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        metrics, begun_s = self._metrics, time.perf_counter()
        status, sizes = 500, [0, 0]

        async def received() -> Message:
            message = await receive()
            sizes[0] += len(message.get("body", b""))
            return message

        async def sent(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            sizes[1] += len(message.get("body", b""))
            await send(message)

        try:
            with metrics.open.track_inprogress():
                await self._app(scope, received, sent)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else _NOWHERE
            labels = (method, self._pattern(scope))
            metrics.requests.labels(*labels, str(status)).inc()
            metrics.received.labels(*labels).inc(sizes[0])
            metrics.sent.labels(*labels).inc(sizes[1])
            if b"_wait=" not in scope.get("query_string", b""):
                metrics.seconds.labels(*labels).observe(time.perf_counter() - begun_s)

    def _pattern(self, scope: Scope) -> str:
        """Return the pattern of the route that has answered; the router says its endpoint and the parts of the path."""
        if "endpoint" not in scope:
            return _NOWHERE
        key = (scope["endpoint"], tuple(scope.get("path_params", ())))
        if not self._patterns and "app" in scope:
            self._patterns = patterns_of(scope["app"].routes)
        return self._patterns.get(key, _NOWHERE)


def patterns_of(routes: list[BaseRoute]) -> dict[object, str]:
    """Return the pattern of each route by its endpoint and the names in its path."""
    return {
        (each.endpoint, tuple(each.param_convertors)): each.path_format for each in routes if isinstance(each, Route)
    }


async def metrics(request: Request) -> Response:
    """GET /metrics: the figures, for this very computer or whoever names the token."""
    asked: Metrics = request.app.state.metrics
    address = check_stranger(request, request.app.state.hub.limits)
    token = asked.operations.surroundings.metrics_token
    scheme, _, said = request.headers.get("authorization", "").partition(" ")
    is_named = scheme.lower() == "bearer" and secrets.compare_digest(said.encode(), token.encode())
    if not (is_named if token else is_this_computer(address)):
        raise HttpRefusalError(401, "login", Text("The metrics are for whoever has their token."))
    return Response(await run_in_threadpool(asked.text), media_type=_TYPE, headers={"Cache-Control": "no-store"})
