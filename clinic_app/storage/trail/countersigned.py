"""The hub's last word on this workstation's audit trail, as it was signed and kept."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

import msgspec

from clinic_app.storage.memory import Memory

_NAME: Final = "hub-audit-receipt"
Standing = Literal["whole", "shorter", "other"]


class Countersigned(msgspec.Struct, frozen=True):
    """How far the trail had come before the hub.

    ``links`` events ended in ``head`` at ``at``, by the hub's clock; ``verdict`` is what the hub found then and
    ``breaks`` how often the trail was not what it had been.
    """

    links: int
    head: str
    verdict: Standing
    breaks: int
    at: datetime


def keep_countersigned(memory: Memory, word: Countersigned) -> None:
    """Keep the hub's word, in place of the one before."""
    memory.put(_NAME, msgspec.json.encode(word))


def kept_countersigned(memory: Memory) -> Countersigned | None:
    """Return the hub's last word; None where it has not said any."""
    kept = memory.get(_NAME)
    return msgspec.json.decode(kept, type=Countersigned) if kept else None
