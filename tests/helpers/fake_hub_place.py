"""A way into a hub, kept in memory: one hub answers, one code is good."""

from __future__ import annotations

from dataclasses import replace

from clinic_app.access import Session
from clinic_app.foundation.errors import ClinicError, InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.sync import HubFound, HubPlace, NearbyHub
from tests.helpers.clocks import NOON

HUB_URL = "https://hub.aktobe.example"
HUB_CODE = "K7QD-3M0Z"
FOUND = HubFound(HUB_URL, "Ақтөбе облыстық хабы", "DWCB-HS3V-VLAZ-OOJG", {"x": "1"}, "urn:dala:hub:17")
NEARBY = NearbyHub("Ырғыз ауруханасы", "https://192.168.1.5:8443", "0123456789abcdef" * 4)
ALONE = HubPlace("", "", "", None, "0190b2c4-7d11-7c3a-9f21-3b5e8a7d4c10", "Ырғыз аудандық ауруханасы", "Қабылдау")


class FakeHubPlace:
    """Answers as the real one does; ``error`` is raised by the next question that goes to the hub."""

    def __init__(self) -> None:
        self.now = ALONE
        self.found = FOUND
        self.error: ClinicError | None = None
        self.codes: list[str] = []
        self.around: tuple[NearbyHub, ...] = (NEARBY,)
        self.trusted: list[NearbyHub] = []

    def place(self, session: Session) -> HubPlace:
        session.require("update", "Device")
        return self.now

    def look(self, session: Session, typed: str) -> HubFound:
        session.require("update", "Device")
        if not typed.startswith("https://"):
            raise InvalidInputError(Text("Type the address of the hub; it begins with https://."), "address")
        self._fail()
        return replace(self.found, url=typed)

    def nearby(self, session: Session) -> tuple[NearbyHub, ...]:
        session.require("update", "Device")
        self._fail()
        return self.around

    def trust(self, session: Session, hub: NearbyHub) -> HubFound:
        session.require("update", "Device")
        self.trusted.append(hub)
        self._fail()
        return replace(self.found, url=hub.url)

    def connect(self, session: Session, hub: HubFound, typed: str) -> HubPlace:
        session.require("update", "Device")
        self.codes.append(typed)
        self._fail()
        if typed != HUB_CODE:
            raise InvalidInputError(
                Text(
                    "The code has eight letters and digits, or 28 if it is for several computers, "
                    "as IT of the hub tells it."
                ),
                "code",
            )
        self.now = replace(self.now, url=hub.url, hub_name=hub.name, fingerprint=hub.fingerprint, since=NOON)
        return self.now

    def _fail(self) -> None:
        error, self.error = self.error, None
        if error is not None:
            raise error
