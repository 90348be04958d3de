"""How a hub speaks that has another hub above it: what it got, that one may not have seen yet.

Its workstations are told the second clock of a referral only when the hub above has the Task and the sealed package of
it: until then an entry of the feed says that it is on its way, and every answer says that there is a way to go.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clinic_app.foundation.errors import NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.records import ServiceRequest, Task
from clinic_app.referral.cases import package_of
from clinic_app.referral.hub_times import hub_time_of
from clinic_app.storage import Store
from clinic_app.storage.exchange.exchange import Change
from clinic_app.storage.exchange.giving_back import with_given_back
from clinic_app.storage.exchange.upward import Backlog, Upward
from clinic_app.sync.wire import ON_WAY_HEADER


@dataclass(frozen=True)
class UpstreamState:
    """How the exchange stands.

    ``reason`` is why the last one broke off, None after one that came to its end; ``is_shut_out`` says that the hub
    above does not let this one in.
    """

    last_contact_at: datetime | None
    reason: Text | None
    clock_offset_s: float
    waiting: Backlog
    is_shut_out: bool = False

    @property
    def status(self) -> str:
        """The same in a word."""
        return "shut out" if self.is_shut_out else "ok" if self.reason is None else "broken off"


class Below:
    """What a facility hub says of its records that the last hub would not.

    Args:
        store: the hub's.
        organization_id: the one organisation it serves; the hub above takes nothing from it that is another's.
    """

    def __init__(self, store: Store, organization_id: str) -> None:
        self._store = store
        self._upward = Upward(store)
        self.organization_id = organization_id
        self.state: Callable[[], UpstreamState] | None = None
        """Asked how the exchange with the hub above stands; None where this process does not do it."""

    def shown(self, changes: Sequence[Change]) -> tuple[Change, ...]:
        """Return changes as they are said to a workstation: Tasks with the second clock, and what is given back."""
        tasks = any(change.type_name == Task.__name__ for change in changes)
        untold = frozenset(self._upward.untold()) if tasks else frozenset()
        return with_given_back(self._store.database, [self._timed(change, untold) for change in changes])

    def ripe(self) -> tuple[str, ...]:
        """Return the ids of the Tasks whose second clock can be told now: Task and package are at the hub above."""
        return tuple(each for each in self._upward.untold() if self._is_above(each))

    def _timed(self, change: Change, untold: frozenset[str]) -> Change:
        if change.type_name != Task.__name__:
            return change
        seen_at = hub_time_of(self._store, change.id)
        if seen_at is None or change.id in untold:
            return dataclasses.replace(change, is_on_way=True)
        return dataclasses.replace(change, received_at=seen_at)

    def _is_above(self, task_id: str) -> bool:
        if hub_time_of(self._store, task_id) is None:
            return False
        try:
            task = self._store.records.get(Task, task_id)
            request = self._store.records.get(ServiceRequest, task.focus.id) if task.focus else None
        except NotFoundError:
            return True  # its question is not ours to see
        document = package_of(self._store, request)
        if document is None:
            return True
        transfer = self._store.transfers.get(document.content[0].attachment.sha256, "up")
        came = self._store.transfers.get(document.content[0].attachment.sha256, "down")
        return came is not None or (transfer is not None and transfer.state == "done")


def told(state: UpstreamState) -> dict[str, object]:
    """Return how the exchange stands as ``/health`` says it: for anybody, so without an address or a name."""
    waiting = state.waiting
    return {
        "status": state.status,
        "reason": state.reason.render("en") if state.reason is not None else None,
        "last_contact_at": state.last_contact_at.isoformat() if state.last_contact_at is not None else None,
        "clock_offset_s": round(state.clock_offset_s),
        "waiting_records": waiting.records,
        "waiting_contents": waiting.contents,
        "waiting_bytes": waiting.bytes_waiting,
        "waiting_since": waiting.oldest_at,
        "not_taken": waiting.not_taken,
    }


class OnTheWay:
    """ASGI middleware: every answer says that there is a hub above this one.

    Args:
        app: answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with the header."""

        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[ON_WAY_HEADER] = "1"
            await send(message)

        await self._app(scope, receive, say if scope["type"] == "http" else send)
