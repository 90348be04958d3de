"""What is technically wrong is told while it is wrong, the worst first, and nothing is said of patients."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from clinic_app.devices import Event, EventKind, Numerics, NumericValue
from clinic_app.foundation.texts import Text
from clinic_app.waveforms import LiveTraces
from clinic_app.waveforms.store import RecorderState
from clinic_app.waveforms.technical import IMPOSSIBLE_SHOWN_S, TechnicalAlarm, TechnicalAlarms, Trouble
from tests.helpers.clocks import FixedClock
from tests.helpers.device_items import NOON, block
from tests.helpers.signals import SteadyClock

STATE = RecorderState("r", "p", "bed 1", NOON)


class Ward:
    """Traces, a disk and recordings as a test sets them."""

    def __init__(self) -> None:
        self.clock = FixedClock(NOON)
        self.steady = SteadyClock()
        self.steady.now_s = 1000.0
        self.traces = LiveTraces(self.clock, self.steady)
        self.states: tuple[RecorderState, ...] = ()
        self.reason: Text | None = None
        self.alarms = TechnicalAlarms(self.traces, lambda: self.states, self, self.clock, self.steady)

    def hear(self, source: str = "bed 1", off: frozenset[str] = frozenset()) -> None:
        heard = replace(
            block(0, at_s=self.steady.now_s, source=source, stream_id=f"{self.steady.now_s}"), leads_off=off
        )
        heard = replace(heard, stream_id=source)
        heard = replace(heard, first_index=int((self.steady.now_s - 1000) * 500))
        self.traces.take_in(heard)
        self.alarms.take_in(heard)

    def pass_time(self, seconds: float) -> None:
        self.steady.now_s += seconds
        self.clock.moment += timedelta(seconds=seconds)

    def troubles(self) -> list[tuple[Trouble, str]]:
        return [(each.trouble, each.source) for each in self.alarms.now()]


@pytest.fixture
def ward() -> Ward:
    return Ward()


def only(alarms: tuple[TechnicalAlarm, ...]) -> TechnicalAlarm:
    (alarm,) = alarms
    return alarm


def test_where_all_is_well_nothing_is_said(ward: Ward) -> None:
    assert ward.troubles() == []
    ward.hear()
    ward.pass_time(1)
    assert ward.troubles() == []


def test_a_device_that_says_nothing_for_five_seconds_is_told_until_it_speaks(ward: Ward) -> None:
    ward.hear()
    ward.pass_time(4.9)
    assert ward.troubles() == []
    ward.pass_time(0.2)
    alarm = only(ward.alarms.now())
    assert (alarm.trouble, alarm.source) == (Trouble.NO_DATA, "bed 1")
    assert "bed 1" in alarm.text.render("ru")
    assert alarm.since_s == pytest.approx(5.1)
    ward.hear()
    assert ward.troubles() == []


def test_somebody_who_has_looked_can_have_it_quiet_until_it_speaks_again(ward: Ward) -> None:
    ward.hear()
    ward.pass_time(6)
    ward.alarms.dismiss("bed 1")
    assert ward.troubles() == []
    ward.pass_time(10)
    assert ward.troubles() == []
    ward.hear()
    ward.pass_time(6)
    assert ward.troubles() == [(Trouble.NO_DATA, "bed 1")]


def test_a_device_that_was_switched_off_is_forgotten(ward: Ward) -> None:
    ward.hear()
    ward.pass_time(601)
    assert ward.troubles() == []


def test_a_device_that_is_recorded_is_missed_for_ever(ward: Ward) -> None:
    ward.states = (STATE,)
    ward.hear()
    ward.pass_time(601)
    assert ward.troubles() == [(Trouble.NO_DATA, "bed 1")]


def test_a_device_that_is_recorded_and_never_came_is_missed_too(ward: Ward) -> None:
    ward.states = (STATE,)
    assert ward.troubles() == []
    ward.pass_time(6)
    assert ward.troubles() == [(Trouble.NO_DATA, "bed 1")]
    ward.states = ()
    assert ward.troubles() == []


def test_electrodes_that_are_off_are_named_until_they_are_on(ward: Ward) -> None:
    ward.hear(off=frozenset({"MDC_ECG_LEAD_I", "MDC_ECG_LEAD_II"}))
    ward.pass_time(2)
    ward.hear(off=frozenset({"MDC_ECG_LEAD_I", "MDC_ECG_LEAD_II"}))
    alarm = only(ward.alarms.now())
    assert alarm.trouble is Trouble.LEADS_OFF
    assert alarm.text.render("en") == "bed 1: electrode off (I, II)."
    assert alarm.since_s == pytest.approx(2.0)
    ward.pass_time(1)
    ward.hear()
    assert ward.troubles() == []


def test_a_silent_device_says_nothing_of_its_electrodes(ward: Ward) -> None:
    ward.hear(off=frozenset({"MDC_ECG_LEAD_I"}))
    ward.pass_time(6)
    assert ward.troubles() == [(Trouble.NO_DATA, "bed 1")]


@pytest.mark.parametrize("kind", [EventKind.CLOCK_JUMP, EventKind.ANOTHER_PATIENT])
def test_a_clock_that_jumped_and_a_patient_who_changed_are_told_for_a_minute(ward: Ward, kind: EventKind) -> None:
    jump = Event("bed 1", kind, Text("x"), NOON, ward.steady.now_s)
    ward.alarms.take_in(jump)
    ward.alarms.take_in(Event("bed 1", EventKind.BATTERY, Text("y"), NOON, ward.steady.now_s))
    assert only(ward.alarms.now()).text == Text("x")
    ward.pass_time(61)
    assert ward.troubles() == []


@pytest.mark.parametrize("hours", [-3, 3])
def test_the_clock_of_this_computer_too(ward: Ward, hours: int) -> None:
    ward.pass_time(60)
    assert ward.troubles() == []
    ward.clock.moment += timedelta(hours=hours)
    assert ward.troubles() == [(Trouble.CLOCK_JUMP, "")]
    ward.pass_time(30)
    assert ward.troubles() == [(Trouble.CLOCK_JUMP, "")]
    ward.pass_time(31)
    assert ward.troubles() == []


def test_the_disk_comes_first_and_the_recorder_second(ward: Ward) -> None:
    ward.hear()
    ward.pass_time(6)
    ward.reason = Text("The disk is full.")
    ward.states = (
        replace(STATE, problem=Text("z")),
        replace(STATE, source="bed 2", lost=5),
        replace(STATE, source="bed 3"),
    )
    assert ward.troubles() == [
        (Trouble.DISK, ""),
        (Trouble.RECORDER, "bed 1"),
        (Trouble.RECORDER, "bed 2"),
        (Trouble.NO_DATA, "bed 1"),
    ]
    ward.pass_time(3)
    assert ward.alarms.now()[0].since_s == pytest.approx(3.0)


def test_streams_of_strangers_do_not_fill_the_memory(ward: Ward) -> None:
    for number in range(400):
        item = replace(block(0, stream_id=f"{number}"), leads_off=frozenset({"MDC_ECG_LEAD_I"}))
        ward.alarms.take_in(item)
    assert len(ward.alarms._off) <= 256
    assert np.isfinite(item.samples).all()


def numerics(ward: Ward, code: str, value: str, unit: str = "/min") -> Numerics:
    return Numerics("bed 1", {code: NumericValue(Decimal(value), unit)}, NOON, ward.steady.now_s)


def test_a_number_nobody_can_have_is_told_until_a_better_one_comes(ward: Ward) -> None:
    ward.alarms.take_in(numerics(ward, "MDC_ECG_HEART_RATE", "900"))
    ward.alarms.take_in(numerics(ward, "MDC_PULS_OXIM_SAT_O2", "97", "%"))
    ward.pass_time(2)
    alarm = only(ward.alarms.now())
    assert (alarm.trouble, alarm.source, alarm.since_s) == (Trouble.IMPOSSIBLE, "bed 1", 2.0)
    assert alarm.text.render("en") == (
        "bed 1: Heart rate 900 cannot be right. Look at the patient, then at the sensor and its cable."
    )
    ward.alarms.take_in(numerics(ward, "MDC_ECG_HEART_RATE", "90"))
    assert ward.troubles() == []


def test_since_when_a_number_cannot_be_is_counted_from_the_first_one(ward: Ward) -> None:
    for value in ("900", "-1", "901"):
        ward.alarms.take_in(numerics(ward, "MDC_ECG_HEART_RATE", value))
        ward.pass_time(5)
    alarm = only(ward.alarms.now())
    assert alarm.since_s == 15.0
    assert "901" in alarm.text.render("ru")


def test_a_zero_comes_before_all_else_and_sends_to_the_patient(ward: Ward) -> None:
    ward.alarms.take_in(numerics(ward, "MDC_TEMP", "200", "Cel"))
    ward.alarms.take_in(numerics(ward, "MDC_RESP_RATE", "900"))
    ward.pass_time(5)
    ward.alarms.take_in(numerics(ward, "MDC_RESP_RATE", "0"))
    first, second = ward.alarms.now()
    assert (first.trouble, first.since_s, second.trouble) == (Trouble.ZERO, 0.0, Trouble.IMPOSSIBLE)
    assert first.text.render("en") == (
        "bed 1: Respiratory rate 0. Nothing is measured, or it is really so: look at the patient first."
    )
    ward.alarms.take_in(numerics(ward, "MDC_RESP_RATE", "14"))
    assert ward.troubles() == [(Trouble.IMPOSSIBLE, "bed 1")]


def test_an_impossible_number_of_a_device_that_is_silent_is_forgotten(ward: Ward) -> None:
    ward.alarms.take_in(numerics(ward, "MDC_TEMP", "200", "Cel"))
    ward.pass_time(IMPOSSIBLE_SHOWN_S - 1)
    assert ward.troubles() == [(Trouble.IMPOSSIBLE, "bed 1")]
    ward.pass_time(2)
    assert ward.troubles() == []


def test_a_number_of_any_length_is_told_in_a_few_signs(ward: Ward) -> None:
    ward.alarms.take_in(numerics(ward, "MDC_TEMP", "9" * 500, "Cel"))
    ward.alarms.take_in(numerics(ward, "MDC_RESP_RATE", "1E+9999"))
    texts = [alarm.text.render("kk") for alarm in ward.alarms.now()]
    assert len(texts) == 2
    assert all(len(text) < 160 for text in texts)
    assert {str(alarm.text.values["value"]) for alarm in ward.alarms.now()} == {"1.00e+500", "1E+9999"}


def test_codes_without_end_take_no_memory_without_end(ward: Ward) -> None:
    for number in range(400):
        item = numerics(ward, "MDC_ECG_HEART_RATE", "900")
        ward.alarms.take_in(replace(item, source=f"bed {number}"))
    assert len(ward.alarms.now()) <= 256
