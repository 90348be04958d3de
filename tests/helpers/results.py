"""Results as devices send them, for tests of the inbox and its screen."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from clinic_app.devices.result import LOINC, Result
from clinic_app.devices.to_inbox import received
from clinic_app.encounters import ReceivedResult
from tests.helpers.clocks import NOON


def result(value: str | Decimal = Decimal("7.9"), at: datetime = NOON, **said: Any) -> ReceivedResult:
    """Return a glucose of an analyser with whatever it said beside."""
    words: dict[str, Any] = {
        "device": "AU",
        "code": "15074-8",
        "system": LOINC,
        "label": "GLU",
        "unit": "mmol/L",
        "taken_at": at,
        **said,
    }
    return received(Result(value=value, received_at=at, **words))


def vital(code: str, value: str, unit: str, at: datetime = NOON, **said: Any) -> ReceivedResult:
    """Return a vital sign of a spot device."""
    return result(Decimal(value), at, **{"device": "BP", "code": code, "label": "", "unit": unit, **said})
