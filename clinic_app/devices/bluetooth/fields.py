"""The fields that Bluetooth's health profiles share, read one after the other from a characteristic's bytes.

Numbers are the two short floats of IEEE 11073-20601: a decimal exponent and a mantissa, so that 36.6 stays 36.6.
Source: Bluetooth GATT Specification Supplement (date time, SFLOAT, FLOAT); IEEE 11073-20601, annex F.8.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text

_NO_SFLOAT: Final = (0x07FE, 0x07FF, 0x0800, 0x0801, 0x0802)
_NO_FLOAT: Final = (0x007FFFFE, 0x007FFFFF, 0x00800000, 0x00800001, 0x00800002)
"""Plus infinity, no number, not at this resolution, reserved, minus infinity."""
_FURTHEST: Final = 12
"""No measurement has an exponent beyond this."""


class Fields:
    """Reads from the front of a characteristic's value, little-endian.

    Args:
        data: the value.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def take(self, count: int) -> bytes:
        """Return the next bytes.

        Raises:
            DeviceError: there are fewer.
        """
        piece = self._data[self._place : self._place + count]
        if len(piece) < count:
            raise DeviceError(Text("The device sent a measurement that is cut off."))
        self._place += count
        return piece

    def number(self, count: int, *, is_signed: bool = False) -> int:
        """Return the next whole number of ``count`` bytes."""
        return int.from_bytes(self.take(count), "little", signed=is_signed)

    def sfloat(self) -> Decimal | None:
        """Return the next short float (16 bit), or None where the device had no value."""
        raw = self.number(2)
        return None if raw in _NO_SFLOAT else _decimal(_signed(raw & 0xFFF, 12), _signed(raw >> 12, 4))

    def float32(self) -> Decimal | None:
        """Return the next float (32 bit), or None where the device had no value."""
        raw = self.number(4)
        return None if raw in _NO_FLOAT else _decimal(_signed(raw & 0xFFFFFF, 24), _signed(raw >> 24, 8))

    def moment(self) -> datetime | None:
        """Return the next date and time, without a zone as the device tells it; None where it does not know it."""
        year, rest = self.number(2), self.take(5)
        try:
            return datetime(year, *rest)  # noqa: DTZ001 - the device's wall clock has no zone
        except ValueError:
            return None

    @property
    def left(self) -> int:
        """Bytes that were not read yet."""
        return len(self._data) - self._place


def _signed(raw: int, bits: int) -> int:
    return raw - (1 << bits) if raw >> (bits - 1) else raw


def _decimal(mantissa: int, exponent: int) -> Decimal | None:
    return Decimal(mantissa).scaleb(exponent) if abs(exponent) <= _FURTHEST else None
