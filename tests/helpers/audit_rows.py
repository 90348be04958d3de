"""Audit rows for tests that need some and not what they say."""

from __future__ import annotations

from clinic_app.foundation.ids import new_id
from clinic_app.records import AuditEvent, AuditEventAgent, AuditEventSource, Coding, Reference
from tests.helpers.clocks import NOON


def audit_row() -> AuditEvent:
    """Return the event of somebody reading something."""
    return AuditEvent(
        id=new_id(),
        type=Coding(code="rest"),
        action="R",
        recorded=NOON,
        agent=(AuditEventAgent(requestor=True),),
        source=AuditEventSource(observer=Reference(reference="Device/d")),
    )
