"""What a node tells its hub of itself after an exchange, and the hub's signed word on how far its audit trail has come.

Whoever cuts the trail of a workstation cannot cut what the hub remembers of it. The last word is kept, so that the
workstation can also compare it with its own trail when nobody is there to ask.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.version import VERSION
from clinic_app.keys.signing_key import RECEIPT, said_by
from clinic_app.storage import Store
from clinic_app.storage.trail.countersigned import Countersigned, keep_countersigned, kept_countersigned
from clinic_app.sync.hub_account import HubAccount

EVERY_S: Final = 60.0
"""The least time between two reports: one is half a kilobyte on the link."""


class Told(Protocol):
    """Takes a report to the hub: `clinic_app.sync.link.HubLink`."""

    async def report(self, said: bytes) -> dict[str, Any] | None:
        """Return the hub's answer; None where it takes no reports."""
        ...


@dataclass(frozen=True)
class _State:
    links: int
    head: str
    waiting: int
    waiting_bytes: int
    program: str


class Reporting:
    """The reports of one node.

    Args:
        store: whose trail and queue it is.
        link: the hub.
        account: the place at the hub; None for a static token, whose hub's word cannot be checked.
        time_s: a clock that only goes forward, in seconds.
        program: says which version runs here, and what else there is to say of versions.
    """

    def __init__(
        self,
        store: Store,
        link: Told,
        account: HubAccount | None,
        time_s: Callable[[], float] = time.monotonic,
        program: Callable[[], str] = lambda: VERSION,
    ) -> None:
        self._program = program
        self._store = store
        self._link = link
        self._account = account
        self._time_s = time_s
        self._said: _State | None = None
        self._next_s = 0.0
        self._is_wanted = True

    async def run(self) -> None:
        """Tell the hub what has changed, if it wants to know and the last time is a while ago.

        Raises:
            LinkError: the hub cannot be reached.
            HubRefusalError: it does not take this.
        """
        now_s = self._time_s()
        if not self._is_wanted or now_s < self._next_s:
            return
        state = self._state()
        if state == self._said:
            return
        kept = kept_countersigned(self._store.memory)
        answer = await self._link.report(self._report(state, kept.links if kept else 0))
        if answer is not None and answer.get("verdict") == "unknown":
            answer = await self._link.report(self._report(state, _links(answer.get("links"))))
        if answer is None:
            self._is_wanted = False
            return
        self._keep(answer.get("receipt"))
        self._said, self._next_s = state, now_s + EVERY_S

    def _state(self) -> _State:
        head, links = self._store.audit.head()
        waiting = self._store.outbox.count(), self._store.transfers.waiting_bytes()
        return _State(links, head, *waiting, self._program())

    def _report(self, state: _State, then: int) -> bytes:
        """Return the report; it also says what our trail had at the length the hub may have seen."""
        return msgspec.json.encode(
            {
                "program": state.program,
                "waiting": state.waiting,
                "waitingBytes": state.waiting_bytes,
                "audit": {"links": state.links, "head": state.head},
                "then": {"links": then, "head": self._store.audit.link(then)},
            }
        )

    def _keep(self, receipt: object) -> None:
        """Keep the hub's word, if it is that of the hub this node came into."""
        if self._account is None or not isinstance(receipt, str):
            return
        try:
            claims = said_by(receipt, self._account.hub_jwk, RECEIPT)
            word = msgspec.convert(claims, Countersigned)
        except (UnreadableFileError, msgspec.ValidationError):
            return
        if claims.get("device") == self._account.device_id:
            keep_countersigned(self._store.memory, word)


def _links(told: object) -> int:
    return told if isinstance(told, int) and 0 <= told < 1 << 53 else 0
