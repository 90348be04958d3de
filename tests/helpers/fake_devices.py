"""Devices and an inbox of results without a store and without a cable, for screens."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from clinic_app.access import Session
from clinic_app.devices import DeviceConfig, Health, Item, LinkState, Trial, checked
from clinic_app.encounters import Handled, Match, ReceivedResult, WaitingSheet
from clinic_app.encounters.received_result import sheets_of
from clinic_app.foundation.errors import ClinicError, InvalidInputError, NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.records import Observation
from clinic_app.waveforms import LiveNumber
from tests.helpers.clocks import NOON
from tests.helpers.results import result, vital

ANALYSER = DeviceConfig("Анализатор, 2-бөлімше", "astm", "tcp-server", {"port": 4001})
OXIMETER = DeviceConfig("Оксиметр", "cms50", "own", {"port": "COM3"})
MONITOR = DeviceConfig("Монитор 4-палата", "astm", "serial", {"port": "COM7"}, is_on=False)


class FakeDevices:
    """Configured devices whose state a test sets."""

    def __init__(self) -> None:
        self.known: list[DeviceConfig] = []
        self.told: dict[str, LinkState] = {}
        self.items: dict[str, tuple[Item, ...]] = {}
        self.trial = Trial(LinkState("", "astm", health=Health.FAILING), ())
        self.tried: list[DeviceConfig] = []
        self.held: threading.Event | None = None

    def furnish(self) -> None:
        """Three devices: one that works, one that is not reached, one that is off."""
        self.known = [ANALYSER, OXIMETER, MONITOR]
        heard_at = NOON - timedelta(minutes=3)
        self.told = {
            ANALYSER.name: LinkState(ANALYSER.name, "astm", True, heard_at, 12, 18_432, None, Health.FINE, 2),
            OXIMETER.name: LinkState(
                OXIMETER.name, "cms50", health=Health.FAILING,
                errors=Text("The port {port} cannot be opened: it is not there or in use.", port="COM3"),
            ),
        }  # fmt: skip

    def configs(self) -> tuple[DeviceConfig, ...]:
        return tuple(self.known)

    def states(self) -> tuple[LinkState, ...]:
        return tuple(self.told.get(each.name, LinkState(each.name, each.family)) for each in self.known)

    def recent(self, name: str) -> tuple[Item, ...]:
        return self.items.get(name, ())

    def add(self, session: Session, config: DeviceConfig) -> None:
        session.require("update", "Device")
        config = checked(config)
        if any(each.name == config.name for each in self.known):
            raise InvalidInputError(Text("There is a device “{name}” already.", name=config.name), "name")
        self.known.append(config)

    def change(self, session: Session, name: str, config: DeviceConfig) -> None:
        session.require("update", "Device")
        config = checked(config)
        self.known = [config if each.name == name else each for each in self.known]

    def remove(self, session: Session, name: str) -> None:
        session.require("update", "Device")
        self.known = [each for each in self.known if each.name != name]

    def test(
        self, session: Session, config: DeviceConfig, seconds: float = 5.0, stopping: threading.Event | None = None
    ) -> Trial:
        session.require("update", "Device")
        self.tried.append(checked(config))
        if self.held is not None and stopping is not None:
            self.held.set()
            stopping.wait(10.0)
        return replace(self.trial, state=replace(self.trial.state, name=config.name, family=config.family))


class FakeTraces:
    """Live traces in which nothing comes, and numbers a test sets."""

    def __init__(self) -> None:
        self.said: dict[str, dict[str, LiveNumber]] = {}

    def streams(self, source: str | None = None) -> tuple[object, ...]:
        return ()

    def numbers(self, source: str | None = None) -> dict[str, LiveNumber]:
        return self.said.get(source or "", {})


class FakeInbox:
    """Results in a list; ``refusal`` is raised by the next thing somebody wants, while it is set."""

    def __init__(self) -> None:
        self.results: dict[str, ReceivedResult] = {}
        self.gone: dict[str, Handled] = {}
        self.matches: dict[str, tuple[Match, ...]] = {}
        self.closed: set[str] = set()
        self.refusal: ClinicError | None = None
        self.sure: list[bool] = []
        self.version = 0

    def furnish(self) -> None:
        """A sheet of an analyser, a blood pressure without a name, a control."""
        whose = {"sample_id": "S-1042", "patient_id": "640305400123", "patient_text": "ӘЛІБЕКҚЫЗЫ Гүлнұр 19640305"}
        self.add(result(Decimal("7.9"), NOON, flags=("H",), reference_range="3.9 - 6.1", **whose))
        blood = {"code": "718-7", "label": "HGB", "unit": "g/L", "comment": "Үлгі сұйылтылды"}
        self.add(result(Decimal("118.0"), NOON, flags=("L",), reference_range="120 - 160", **blood, **whose))
        earlier = NOON - timedelta(hours=1)
        self.add(vital("8480-6", "165", "mm[Hg]", earlier, device="Тонометр"))
        self.add(vital("8462-4", "95", "mm[Hg]", earlier, device="Тонометр"))
        self.add(result(Decimal("5.1"), NOON - timedelta(hours=2), sample_id="QC-1", is_control=True))

    def add(self, one: ReceivedResult) -> ReceivedResult:
        """Let a result come."""
        self.results[one.fingerprint] = one
        self.version += 1
        return one

    def count(self) -> int:
        return len(self.results)

    def waiting(self, session: Session) -> tuple[WaitingSheet, ...]:
        session.require("read", "Observation")
        return tuple(
            WaitingSheet(sheet, self.matches.get(sheet.first.patient_id, ()), sheet.first.patient_id in self.closed)
            for sheet in sheets_of(self.results.values())
        )

    def handled(self, session: Session) -> tuple[Handled, ...]:
        session.require("read", "Observation")
        return tuple(sorted(self.gone.values(), key=lambda each: each.at, reverse=True))

    def confirm(
        self, session: Session, ids: Sequence[str], patient_id: str, *, is_sure: bool = False
    ) -> tuple[Observation, ...]:
        self.sure.append(is_sure)
        self._move(session, ids, patient_id)
        return ()

    def set_aside(self, session: Session, ids: Sequence[str]) -> None:
        self._move(session, ids, "")

    def undo(self, session: Session, ids: Sequence[str]) -> None:
        self._refuse()
        for key in ids:
            self.add(self.gone.pop(key).result)

    def _move(self, session: Session, ids: Sequence[str], patient_id: str) -> None:
        self._refuse()
        for key in ids:
            if key not in self.results:
                raise NotFoundError(Text("This result waits no longer: somebody has filed it or put it aside."))
            self.gone[key] = Handled(
                result=self.results.pop(key),
                how="filed" if patient_id else "aside",
                at=NOON,
                by=session.practitioner_id,
                by_name=session.name,
                patient_id=patient_id,
                patient_name=patient_id and "Әлібекқызы Гүлнұр",
            )
        self.version += 1

    def _refuse(self) -> None:
        refusal, self.refusal = self.refusal, None
        if refusal is not None:
            raise refusal
