"""Outbox to hub, hub to inbox, big content in resumable pieces; and what the screens know about it."""

from clinic_app.sync.comparing import Difference
from clinic_app.sync.discovery import NearbyHub, grouped
from clinic_app.sync.enrolment import HubEnrolment, HubPlace
from clinic_app.sync.exchange import Exchange
from clinic_app.sync.hub_door import HubFound
from clinic_app.sync.merging import Side
from clinic_app.sync.service import SyncService
from clinic_app.sync.state import Erased, Failed, Never, QueueSummary, Running, Succeeded, SyncState
from clinic_app.sync.waiting import ContentOnWay, ExchangeSummary, JoinedRecord, LaneBudget, Question, WaitingItem

__all__ = [
    "ContentOnWay",
    "Difference",
    "Erased",
    "Exchange",
    "ExchangeSummary",
    "Failed",
    "HubEnrolment",
    "HubFound",
    "HubPlace",
    "JoinedRecord",
    "LaneBudget",
    "NearbyHub",
    "Never",
    "Question",
    "QueueSummary",
    "Running",
    "Side",
    "Succeeded",
    "SyncService",
    "SyncState",
    "WaitingItem",
    "grouped",
]
