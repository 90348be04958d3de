"""Other names for the same things: numbers, names and days that are replaced, alike in all files of one export.

All of it follows from a key that is made for one export and forgotten after it. With the key the same study gets the
same new numbers; without it nobody can tell an old number from a new one, not even by trying all that may be.
Sources: DICOM PS3.15 E.2 and E.3.6, PS3.5 B.2 (identifiers made of UUIDs).
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from clinic_app.keys.signing_key import mac_of

_EARLIEST_DAYS: Final = 60
_LATEST_DAYS: Final = 3650
_DAY_S: Final = 86_400
_FORMS: Final = {4: "%H%M", 2: "%H", 6: "%H%M%S"}


@dataclass(frozen=True)
class Pseudonyms:
    """The new names of one export.

    Args:
        key: 32 bytes; made at random unless a test wants to know it.
    """

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def uid(self, old: str) -> str:
        """Return the identifier that takes the place of another one."""
        return f"2.25.{UUID(bytes=self._made('uid', old)[:16], version=4).int}"

    def patient_id(self, old: str) -> str:
        """Return the number that takes the place of a patient's."""
        return f"ANON-{self._made('patient', old).hex()[:8].upper()}"

    def patient_name(self, old: str) -> str:
        """Return the name that takes the place of a patient's; nobody can take it for one."""
        return f"ANONYMOUS^{self._made('patient', old).hex()[:8].upper()}"

    def shift(self, patient: str) -> timedelta:
        """Return by how much all moments of one patient are moved: two months to ten years back."""
        made = self._made("shift", patient)
        days = _EARLIEST_DAYS + int.from_bytes(made[:8], "big") % (_LATEST_DAYS - _EARLIEST_DAYS)
        return timedelta(days=-days, seconds=-(int.from_bytes(made[8:16], "big") % _DAY_S))

    def _made(self, kind: str, old: str) -> bytes:
        return base64.urlsafe_b64decode(mac_of(self.key, f"{kind}\0{old}") + "=")


def moved(date: str, time: str, by: timedelta) -> tuple[str, str]:
    """Return a DICOM date and time moved; empty where they cannot be read.

    Args:
        date: eight digits; empty: the time is moved around the clock.
        time: two, four or six digits, perhaps with a fraction; empty: only the date is moved.
        by: how far.
    """
    clock, dot, fraction = time.strip().partition(".")
    clock = clock.replace(":", "")
    day = date.strip().replace(".", "")
    try:
        read_day = datetime.strptime(day, "%Y%m%d") if day else datetime(2000, 1, 1)  # noqa: DTZ001, DTZ007 - the file's own, of no zone
        hour = datetime.strptime(clock, _FORMS[len(clock)]) if clock else datetime(2000, 1, 1)  # noqa: DTZ001, DTZ007
    except (ValueError, KeyError):
        return "", ""
    if not fraction.isdecimal():
        dot = fraction = ""
    try:
        then = read_day + timedelta(hours=hour.hour, minutes=hour.minute, seconds=hour.second) + by
    except OverflowError:
        return "", ""
    if not clock:
        then = read_day + timedelta(days=by.days)
    new_day = then.strftime("%Y%m%d") if day and then.year >= 1000 else ""
    return new_day, f"{then:%H%M%S}{dot}{fraction}" if clock else ""


def moved_moment(moment: str, by: timedelta) -> str:
    """Return a DICOM moment (DT) moved, its offset from UTC kept; empty where it cannot be read."""
    plain = moment.strip()
    zone = next((plain[at:] for at in (plain.find("+"), plain.find("-")) if at > 0), "")
    body = plain.removesuffix(zone) if zone else plain
    date, time = moved(body[:8], body[8:], by)
    return f"{date}{time}{zone}" if date else ""
