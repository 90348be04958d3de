"""What a hub writes into its audit trail about codes for several computers: made, used, ended.

The events are the hospital's own records at the hub, beside those its workstations send, and nobody can change them
there. The code itself is in none of them, only the number by which people name it.
"""

from __future__ import annotations

import getpass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.ids import new_id
from clinic_app.records import (
    AuditEvent,
    AuditEventAgent,
    AuditEventEntity,
    AuditEventSource,
    Coding,
    Reference,
    encode,
)
from clinic_app.storage.exchange.exchange import Write
from clinic_app.storage.feed.accounts import Admitted
from clinic_app.storage.feed.feed import Feed
from clinic_app.storage.feed.rows import Caller, looked_at
from clinic_app.terminology.systems import AUDIT_ACTION, AUDIT_ENTITY_TYPE, DCM

_ALERT: Final = Coding(system=DCM, code="110113", display="Security Alert")
_KEYS: Final = Coding(system=AUDIT_ACTION, code="keys")
_OBJECT: Final = Coding(system=AUDIT_ENTITY_TYPE, code="2", display="System Object")


class EnrolmentTrail:
    """Writes such events at one hub.

    Args:
        feed: the hub's.
        clock: the time.
        name: what the hub is called.
    """

    def __init__(self, feed: Feed, clock: Clock, name: str) -> None:
        self._feed = feed
        self._clock = clock
        self._name = name

    def came(self, connection: Connection, admitted: Admitted) -> None:
        """Write that a computer came in, in the transaction that lets it in."""
        code = f"code {admitted.roll_out}, places left: {admitted.places_left}"
        what = f"device {admitted.device_id} enrolled by {code}"
        device = AuditEventAgent(name=admitted.name, requestor=True)
        event = self._event(device, what, admitted.organization_id, admitted.at)
        self._write(connection, Caller(admitted.device_id, admitted.organization_id), event)

    def told(self, what: str, organization_id: str) -> None:
        """Write what somebody at the hub's computer has done about a hospital's codes.

        Args:
            what: that was, in words of the program.
            organization_id: the hospital's.
        """
        event = self._event(
            AuditEventAgent(name=_account() or None, requestor=True), what, organization_id, self._clock.now()
        )
        with self._feed.writing() as connection:
            self._write(connection, Caller("", organization_id), event)

    def _event(self, agent: AuditEventAgent, what: str, organization_id: str, at: datetime) -> AuditEvent:
        return AuditEvent(
            id=new_id(),
            type=_ALERT,
            subtype=(_KEYS,),
            action="E",
            recorded=at,
            outcome="0",
            agent=(agent,),
            source=AuditEventSource(site=organization_id, observer=Reference(display=self._name)),
            entity=(AuditEventEntity(type=_OBJECT, description=what),),
        )

    def _write(self, connection: Connection, caller: Caller, event: AuditEvent) -> None:
        write = Write(event.type_name, event.id, encode(event), None)
        self._feed.put(connection, caller, [looked_at(write)], lambda _caller, _stored, _record: None)


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # an account without a name, as a service may have
        return ""
