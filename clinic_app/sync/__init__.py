"""Outbox to hub, hub to inbox, big content in resumable pieces; and what the screens know about it."""

from clinic_app.sync.service import SyncService
from clinic_app.sync.state import Failed, Never, QueueSummary, Running, Succeeded, SyncState

__all__ = ["Failed", "Never", "QueueSummary", "Running", "Succeeded", "SyncService", "SyncState"]
