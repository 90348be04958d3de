"""The way of a result into the inbox: everything goes along, and what cannot be kept is not answered for."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal

import pytest

from clinic_app.devices.result import LOINC, Result
from clinic_app.devices.to_inbox import into, received
from clinic_app.foundation.errors import DeviceError, StorageError
from clinic_app.foundation.texts import Text
from tests.helpers.device_lines import MOMENT

FULL = Result(
    "AU",
    "718-7",
    Decimal("120.0"),
    MOMENT,
    "g/L",
    LOINC,
    "HGB",
    MOMENT,
    "S1",
    "O1",
    "P1",
    "Иванов",
    ("H", "*"),
    "120-160",
    "diluted",
    True,
)


def test_everything_a_device_said_goes_along() -> None:
    kept = received(FULL)
    for field in fields(Result):
        if field.name != "value":
            assert getattr(kept, field.name) == getattr(FULL, field.name)
    assert (kept.value, kept.is_number, kept.fingerprint) == ("120.0", True, FULL.fingerprint)


def test_words_are_no_number() -> None:
    assert not received(Result("AU", "X", "12", MOMENT)).is_number


def test_what_cannot_be_kept_ends_the_talk() -> None:
    class Full:
        def take(self, result: object) -> bool:
            raise StorageError(Text("The disk is full."))

    with pytest.raises(DeviceError):
        into(Full())(FULL)  # type: ignore[arg-type]
