"""The second clock of a referral: when the hub first had its Task, as the hub tells it."""

from __future__ import annotations

from datetime import datetime

from clinic_app.storage import Store


def remember_hub_time(store: Store, task_id: str, received_at: datetime) -> None:
    """Keep when the hub got the Task; only the first time counts."""
    if store.memory.get(_name(task_id)) is None:
        store.memory.put(_name(task_id), received_at.isoformat().encode())


def hub_time_of(store: Store, task_id: str) -> datetime | None:
    """Return when the hub got the Task, or None while it has not said so."""
    kept = store.memory.get(_name(task_id))
    return datetime.fromisoformat(kept.decode()) if kept else None


def _name(task_id: str) -> str:
    return f"hub-received/{task_id}"
