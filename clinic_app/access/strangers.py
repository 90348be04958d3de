"""Tries to sign in with a login nobody has: they wait as others do, and they cannot fill the disk.

A guesser must not learn from the waiting which logins exist. So the wrong tries of an unknown login are counted like
those of a known one, over a restart too, but in one small value of a bounded size: a sign-in window that anybody can
reach must not write a row for each try (GNUHEALTH-SA-2016-1). What was typed is not kept, only a digest: people type
passwords into the wrong field.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Final

import msgspec

from clinic_app.foundation.clock import Clock
from clinic_app.storage import Attempts, Store

MOST_LOGINS: Final = 1000
"""Unknown logins remembered; the one that was tried longest ago is forgotten first."""
MOST_EVENTS: Final = 20
"""Events in the trail for each `SPAN`; further tries are told as a number with the next one."""
SPAN: Final = timedelta(hours=1)
_NAME: Final = "strange-logins"


class _Try(msgspec.Struct, frozen=True):
    failures: int
    wait_until: datetime | None


class _State(msgspec.Struct):
    tries: dict[str, _Try] = msgspec.field(default_factory=dict)
    since: datetime | None = None
    told: int = 0
    untold: int = 0


class Strangers:
    """The unknown logins of one data folder.

    Args:
        store: keeps them.
        clock: says when.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def attempts(self, login: str) -> Attempts:
        """Return the wrong tries of a login nobody has."""
        found = self._state().tries.get(_digest(login))
        return Attempts(found.failures, found.wait_until) if found else Attempts(0, None)

    def set_attempts(self, login: str, attempts: Attempts) -> str | None:
        """Keep the wrong tries; return what the trail is told of this one, or None where it was told enough."""
        with self._store.one_at_a_time:
            state = self._state()
            state.tries.pop(_digest(login), None)
            state.tries[_digest(login)] = _Try(attempts.failures, attempts.wait_until)
            while len(state.tries) > MOST_LOGINS:
                del state.tries[next(iter(state.tries))]
            told = _tell(state, self._clock.now())
            self._store.memory.put(_NAME, msgspec.json.encode(state))
        return told

    def _state(self) -> _State:
        kept = self._store.memory.get(_NAME)
        return msgspec.json.decode(kept, type=_State) if kept else _State()


def _tell(state: _State, now: datetime) -> str | None:
    if state.since is None or not timedelta() <= now - state.since < SPAN:
        state.since, state.told = now, 0
    if state.told >= MOST_EVENTS:
        state.untold += 1
        return None
    state.told += 1
    before, state.untold = state.untold, 0
    return f"a login nobody has, after {before} more that were not noted" if before else "a login nobody has"


def _digest(login: str) -> str:
    return hashlib.sha256(login.encode("utf-8", "surrogatepass")).hexdigest()[:16]
