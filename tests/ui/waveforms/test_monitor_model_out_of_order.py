"""The models of signals without a window: late answers, other patients, every error, numbers and their ages."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast

import pytest

from clinic_app.access import Session
from clinic_app.encounters import VITAL_SIGNS, VitalsForm
from clinic_app.foundation.errors import ClinicError, DeviceError, InvalidInputError
from clinic_app.records import DocumentReference, Observation
from tests.helpers.every_error import EVERY_ERROR, SENTENCE, kind_of
from tests.helpers.fake_referral import DOCTOR, NOW, patient, recording_of, vitals_of
from tests.helpers.late_runner import LateRunner
from ui import language
from ui.shell.patient_in_hand import PatientInHand
from ui.waveforms.monitor_values import MONITOR_SIGNS, MonitorSign, filled_form, monitor_values
from ui.waveforms.numbers_panel import TILES, NumbersPanel, age_words
from ui.waveforms.view_model import RECORD_S, MonitorViewModel
from ui.waveforms.view_model_recordings import RecordingsViewModel

FIRST, SECOND = patient(id="first"), patient("Сапарова", id="second")
TYPED = VitalsForm("150", "90", "88", "96", "36,8", "")


@dataclass
class Number:
    """A number of the monitor."""

    value: Decimal
    unit: str
    age_s: float = 1.0


@dataclass
class Stream:
    """A stream at 100 Hz of which the test says how far it is."""

    stream_id: str = "ecg"
    end: int = 0
    age: float = 0.1
    channels: tuple[str, ...] = ("II",)

    def end_index(self) -> int:
        return self.end

    def rate_hz(self) -> float:
        return 100.0

    def age_s(self) -> float:
        return self.age


@dataclass
class Told:
    """What the listener says of a device."""

    name: str
    is_connected: bool = True
    last_seen_at: Any = NOW
    last_error: Any = None


@dataclass
class Bedside:
    """The live traces, the listener and the keepers in one."""

    port: int = 2575
    named: dict[str, list[Stream]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    numbers_of: dict[str, Number] = field(default_factory=dict)
    taken: list[str] = field(default_factory=list)
    saved: list[tuple[str, object]] = field(default_factory=list)
    written: list[tuple[str, VitalsForm, str]] = field(default_factory=list)
    failure: ClinicError | None = None

    def streams(self, source: str | None = None) -> tuple[Any, ...]:
        return tuple(self.named.get(source or "", ()))

    def numbers(self, source: str | None = None) -> Any:
        return self.numbers_of

    def take(self, seconds: float, source: str | None = None) -> Any:
        if self.failure:
            raise self.failure
        self.taken.append(source or "")
        return f"{seconds:g} s of {source}"

    def save(self, session: Session, patient_id: str, recording: Any) -> DocumentReference:
        self.saved.append((patient_id, recording))
        return recording_of(patient_id)

    def record_vitals(
        self, session: Session, patient_id: str, form: VitalsForm, device: str = "", measured_at: object = None
    ) -> tuple[Observation, ...]:
        self.written.append((patient_id, form, device))
        return vitals_of(patient_id)


class Traces:
    """The sources of the traces, apart from those of the listener."""

    def __init__(self, bedside: Bedside) -> None:
        self._bedside = bedside
        self.streams, self.numbers, self.take = bedside.streams, bedside.numbers, bedside.take

    def sources(self) -> tuple[str, ...]:
        return tuple(self._bedside.named)


class Listener:
    """Where monitors call."""

    def __init__(self, bedside: Bedside) -> None:
        self._bedside = bedside

    @property
    def port(self) -> int:
        return self._bedside.port

    def sources(self) -> Any:
        return tuple(self._bedside.told)


class Monitor:
    """The model and what it said."""

    def __init__(self) -> None:
        self.bedside = Bedside(named={"Bed 1": [Stream()]}, told=[Told("Bed 1")])
        self.stream = self.bedside.named["Bed 1"][0]
        self.runner = LateRunner()
        self.hand = PatientInHand()
        self.hand.take(FIRST)
        self.model = MonitorViewModel(
            cast("Any", Traces(self.bedside)), self.bedside, self.bedside, cast("Any", Listener(self.bedside)),
            self.runner.as_runner, DOCTOR, self.hand,
        )  # fmt: skip
        self.refused: list[str] = []
        self.errors: list[dict[str, Any]] = []
        self.kept: list[int] = []
        self.recorded: list[DocumentReference] = []
        self.streams = 0
        self.model.refused.connect(lambda text: self.refused.append(text.render("en")))
        self.model.errors_found.connect(self.errors.append)
        self.model.vitals_saved.connect(self.kept.append)
        self.model.recorded.connect(self.recorded.append)
        self.model.streams_changed.connect(self._count)
        self.model.look()

    def _count(self) -> None:
        self.streams += 1

    def go_on(self, seconds: float) -> None:
        self.stream.end += round(seconds * 100)
        self.model.look()


@pytest.fixture
def monitor(qapp: object) -> Any:
    language.use("en")
    made = Monitor()
    yield made
    made.model.cancel_recording()
    language.use("kk")


def test_vital_signs_pressed_twice_are_saved_once(monitor: Monitor) -> None:
    monitor.model.save_vitals(TYPED)
    monitor.model.save_vitals(TYPED)
    monitor.runner.answer_all()
    assert len(monitor.bedside.written) == 1


def test_values_saved_late_do_not_clear_what_was_typed_for_the_next_patient(monitor: Monitor) -> None:
    monitor.model.save_vitals(TYPED)
    monitor.hand.take(SECOND)
    monitor.runner.answer_all()
    assert monitor.bedside.written[0][0] == FIRST.id
    assert monitor.kept == []


def test_an_error_of_one_patients_values_is_not_said_at_the_next_patients_fields(monitor: Monitor) -> None:
    monitor.model.save_vitals(TYPED)
    monitor.hand.take(SECOND)
    monitor.errors.clear()
    monitor.runner.refuse(InvalidInputError(SENTENCE, "systolic"))
    assert monitor.errors == []
    assert monitor.refused == ["The disk is full."]


@pytest.mark.parametrize("error", EVERY_ERROR, ids=kind_of)
def test_values_that_cannot_be_saved_are_said_and_can_be_saved_again(monitor: Monitor, error: ClinicError) -> None:
    monitor.model.save_vitals(TYPED)
    monitor.runner.refuse(error)
    assert monitor.refused == ["The disk is full."]
    monitor.model.save_vitals(TYPED)
    monitor.runner.answer_all()
    assert monitor.kept == [4]


def test_the_monitor_is_named_as_the_device_only_for_what_it_measured(monitor: Monitor) -> None:
    monitor.bedside.numbers_of = {"MDC_ECG_HEART_RATE": Number(Decimal(88), "/min")}
    form = monitor.model.take_over()
    monitor.model.save_vitals(form)
    monitor.runner.answer_all()
    monitor.model.save_vitals(form)
    monitor.runner.answer_all()
    monitor.model.take_over()
    monitor.model.typed()
    monitor.model.save_vitals(form)
    monitor.runner.answer_all()
    assert [device for _who, _form, device in monitor.bedside.written] == ["Bed 1", "", ""]


def test_what_was_taken_over_for_one_patient_is_not_the_monitors_for_the_next(monitor: Monitor) -> None:
    monitor.bedside.numbers_of = {"MDC_ECG_HEART_RATE": Number(Decimal(88), "/min")}
    form = monitor.model.take_over()
    monitor.hand.take(SECOND)
    monitor.model.save_vitals(form)
    monitor.runner.answer_all()
    assert monitor.bedside.written == [(SECOND.id, form, "")]


def test_without_a_patient_nothing_is_saved_or_recorded(monitor: Monitor) -> None:
    monitor.hand.take(None)
    monitor.model.save_vitals(TYPED)
    monitor.model.record()
    assert monitor.runner.waiting == []
    assert monitor.model.progress is None
    assert not monitor.model.can_save_vitals


def test_ten_seconds_are_recorded_from_the_moment_it_was_asked(monitor: Monitor) -> None:
    monitor.go_on(60)
    monitor.model.record()
    assert monitor.model.progress == 0.0
    monitor.go_on(RECORD_S / 2)
    assert monitor.model.progress == 0.5
    monitor.go_on(RECORD_S / 2)
    assert monitor.model.progress is None
    monitor.runner.answer_all()
    assert monitor.bedside.saved == [(FIRST.id, "10 s of Bed 1")]
    assert len(monitor.recorded) == 1


def test_record_pressed_twice_records_once(monitor: Monitor) -> None:
    monitor.model.record()
    monitor.go_on(4)
    monitor.model.record()
    assert monitor.model.progress == 0.4


def test_a_recording_belongs_to_whom_it_was_begun_for_or_to_nobody(monitor: Monitor) -> None:
    monitor.model.record()
    monitor.hand.take(SECOND)
    monitor.go_on(20)
    monitor.runner.answer_all()
    assert monitor.bedside.saved == []
    assert len(monitor.refused) == 1


def test_a_signal_that_stops_ends_the_recording_and_says_so(monitor: Monitor) -> None:
    monitor.model.record()
    monitor.stream.age = 6.0
    monitor.model.look()
    assert monitor.model.progress is None
    assert "stopped" in monitor.refused[0]
    assert monitor.bedside.taken == []


def test_a_stream_that_vanishes_ends_the_recording(monitor: Monitor) -> None:
    monitor.model.record()
    monitor.bedside.named["Bed 1"] = []
    monitor.model.look()
    assert monitor.model.progress is None
    assert len(monitor.refused) == 1


def test_another_monitor_chosen_ends_the_recording(monitor: Monitor) -> None:
    monitor.bedside.named["Bed 2"] = [Stream("other")]
    monitor.model.record()
    monitor.model.choose("Bed 2")
    assert monitor.model.progress is None
    assert monitor.model.source == "Bed 2"


def test_a_recording_is_as_far_as_its_slowest_stream(monitor: Monitor) -> None:
    slow = Stream("pleth")
    monitor.bedside.named["Bed 1"].append(slow)
    monitor.model.record()
    slow.end = 200
    monitor.go_on(9)
    assert monitor.model.progress == 0.2


@pytest.mark.parametrize("error", EVERY_ERROR, ids=kind_of)
def test_a_recording_that_cannot_be_taken_or_saved_is_said(monitor: Monitor, error: ClinicError) -> None:
    monitor.model.record()
    monitor.bedside.failure = error
    monitor.go_on(10)
    monitor.bedside.failure = None
    monitor.model.record()
    monitor.go_on(10)
    monitor.runner.refuse(error)
    assert monitor.refused == ["The disk is full."] * 2
    assert monitor.recorded == []
    assert monitor.model.can_record


@pytest.mark.parametrize(
    ("port", "told", "age", "kind"),
    [
        (2575, Told("Bed 1"), 0.1, "live"),
        (2575, Told("Bed 1"), 3.0, "live"),
        (2575, Told("Bed 1"), 3.1, "silent"),
        (2575, Told("Bed 1"), float("inf"), "silent"),
        (2575, Told("Bed 1", is_connected=False), 0.1, "gone"),
        (2575, Told("Bed 2"), 0.1, "live"),
        (2575, Told("Bed 2"), 9.0, "silent"),
        (0, Told("Bed 1"), 0.1, "live"),
    ],
)
def test_how_the_monitor_is_follows_its_connection_and_its_signal(
    monitor: Monitor, port: int, told: Told, age: float, kind: str
) -> None:
    monitor.bedside.port, monitor.bedside.told, monitor.stream.age = port, [told], age
    assert monitor.model.state().kind == kind
    assert monitor.model.can_record == (kind == "live")


@pytest.mark.parametrize(("port", "kind"), [(0, "off"), (2575, "waiting")])
def test_without_any_monitor_it_is_told_whether_one_could_call(port: int, kind: str, qapp: object) -> None:
    bedside = Bedside(port=port)
    model = MonitorViewModel(
        cast("Any", Traces(bedside)), bedside, bedside, cast("Any", Listener(bedside)),
        LateRunner().as_runner, DOCTOR, PatientInHand(),
    )  # fmt: skip
    model.look()
    assert model.state().kind == kind
    assert (model.streams(), model.values(), model.source) == ((), {}, "")


def test_what_a_monitor_sent_wrongly_is_told_with_its_state(monitor: Monitor) -> None:
    monitor.bedside.told = [Told("Bed 1", last_error=DeviceError(SENTENCE).text)]
    assert monitor.model.state().error == SENTENCE


def test_the_shown_monitor_never_changes_by_itself(monitor: Monitor) -> None:
    monitor.bedside.named = {"Bed 0": [Stream("x")], **monitor.bedside.named}
    monitor.bedside.told.append(Told("Bed 9"))
    monitor.model.look()
    assert monitor.model.source == "Bed 1"
    assert monitor.model.sources() == ("Bed 0", "Bed 1", "Bed 9")


def test_streams_are_told_when_they_change_and_only_then(monitor: Monitor) -> None:
    before = monitor.streams
    monitor.go_on(1)
    assert monitor.streams == before
    monitor.bedside.named["Bed 1"].append(Stream("pleth"))
    monitor.model.look()
    monitor.model.look()
    assert monitor.streams == before + 1


@pytest.mark.parametrize("sign", MONITOR_SIGNS, ids=lambda each: each.field)
def test_each_sign_is_taken_in_its_own_units_only(sign: MonitorSign) -> None:
    every_unit = {unit for each in MONITOR_SIGNS for unit in each.units} | {"kPa", "[degF]", "K", "mV", "m"}
    for unit in every_unit:
        found = monitor_values({sign.codes[0]: Number(Decimal(37), unit)})
        assert (sign.field in found) == (unit in sign.units), unit


@pytest.mark.parametrize("sign", MONITOR_SIGNS, ids=lambda each: each.field)
def test_each_sign_is_fresh_to_the_second_and_then_old(sign: MonitorSign) -> None:
    unit = max(sign.units)
    young = monitor_values({sign.codes[0]: Number(Decimal(37), unit, sign.fresh_s)})[sign.field]
    old = monitor_values({sign.codes[0]: Number(Decimal(37), unit, sign.fresh_s + 0.1)})[sign.field]
    assert young.is_fresh
    assert not old.is_fresh


@pytest.mark.parametrize("sign", MONITOR_SIGNS, ids=lambda each: each.field)
def test_the_best_identifier_wins_and_an_unusable_one_makes_room(sign: MonitorSign) -> None:
    unit = max(sign.units)
    numbers = {code: Number(Decimal(40 + place), unit) for place, code in enumerate(sign.codes)}
    assert monitor_values(numbers)[sign.field].value == 40
    if len(sign.codes) > 1:
        numbers[sign.codes[0]].unit = "furlong"
        assert monitor_values(numbers)[sign.field].value == 41


def test_every_sign_of_the_monitor_is_a_vital_sign_with_a_tile_of_its_own() -> None:
    fields = {sign.field for sign in MONITOR_SIGNS}
    assert fields <= {sign.field for sign in VITAL_SIGNS}
    assert fields == {field for tile in TILES for field in tile.fields}


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+40"])
def test_a_number_no_one_can_write_is_not_shown_and_stops_no_other(value: str) -> None:
    found = monitor_values(
        {
            "MDC_ECG_HEART_RATE": Number(Decimal(value), "/min"),
            "MDC_PULS_OXIM_SAT_O2": Number(Decimal(96), "%"),
        }
    )
    assert list(found) == ["spo2"]


@pytest.mark.parametrize(("tongue", "typed"), [("kk", "36,7"), ("ru", "36,7"), ("en", "36.7")])
def test_a_temperature_is_taken_over_as_the_language_writes_it(tongue: Any, typed: str) -> None:
    values = monitor_values({"MDC_TEMP_BODY": Number(Decimal("36.66"), "Cel")})
    assert filled_form(values, tongue).temperature == typed


def _panel(numbers: dict[str, Number]) -> dict[str, str]:
    panel = NumbersPanel()
    panel.show_values(monitor_values(numbers))
    told = {tile._kind.name: tile.accessibleDescription() for tile in panel._tiles}
    panel.deleteLater()
    return told


@pytest.mark.parametrize("tongue", ["kk", "ru", "en"])
def test_every_tile_tells_its_value_unit_and_age_in_every_language(tongue: Any, qapp: object) -> None:
    language.use(tongue)
    told = _panel(
        {
            "MDC_ECG_HEART_RATE": Number(Decimal(61), "/min"),
            "MDC_PRESS_CUFF_SYS": Number(Decimal(148), "mmHg", 300),
            "MDC_PRESS_CUFF_DIA": Number(Decimal(92), "mmHg", 360),
        }
    )
    oldest, none = age_words(360), told["temperature"]
    language.use("kk")
    assert told["heart_rate"].startswith("61 ")
    assert told["pressure"].startswith("148/92 ")
    assert told["pressure"].endswith(oldest)
    assert none
    assert told["spo2"] == none


def test_half_a_pressure_is_no_value(qapp: object) -> None:
    told = _panel({"MDC_PRESS_CUFF_SYS": Number(Decimal(148), "mmHg", 300)})
    assert told["pressure"] == told["spo2"]


class Shelf:
    """The recordings of two patients."""

    def __init__(self) -> None:
        self.first = (recording_of(FIRST.id), recording_of(FIRST.id))
        self.second = (recording_of(SECOND.id),)

    def of_patient(self, session: Session, patient_id: str) -> tuple[DocumentReference, ...]:
        return self.first if patient_id == FIRST.id else self.second

    def load(self, session: Session, document: DocumentReference) -> Any:
        return f"samples of {document.id}"


class Reader:
    """The model of the recordings and what it said."""

    def __init__(self) -> None:
        self.shelf = Shelf()
        self.runner = LateRunner()
        self.hand = PatientInHand()
        self.hand.take(FIRST)
        self.model = RecordingsViewModel(self.shelf, self.runner.as_runner, DOCTOR, self.hand)
        self.refused: list[str] = []
        self.model.refused.connect(lambda text: self.refused.append(text.render("en")))


@pytest.fixture
def reader(qapp: object) -> Reader:
    return Reader()


def test_recordings_listed_late_are_not_those_of_the_next_patient(reader: Reader) -> None:
    reader.model.watch(True)
    reader.hand.take(SECOND)
    reader.runner.answer(1)
    reader.runner.answer(0)
    assert reader.model.documents == reader.shelf.second


def test_the_recording_chosen_last_is_shown_whichever_comes_first(reader: Reader) -> None:
    one, two = reader.shelf.first
    reader.model.open(one)
    reader.model.open(two)
    reader.runner.answer(1)
    reader.runner.answer(0)
    assert cast("str", reader.model.recording) == f"samples of {two.id}"


def test_a_recording_that_fails_late_does_not_stop_the_one_chosen_after_it(reader: Reader) -> None:
    one, two = reader.shelf.first
    reader.model.open(one)
    reader.model.open(two)
    reader.runner.refuse(EVERY_ERROR[7])
    reader.runner.answer()
    assert cast("str", reader.model.recording) == f"samples of {two.id}"
    assert reader.refused == ["The disk is full."]


def test_a_recording_that_opens_late_is_not_shown_to_the_next_patient(reader: Reader) -> None:
    reader.model.open(reader.shelf.first[0])
    reader.hand.take(SECOND)
    reader.runner.answer_all()
    assert reader.model.recording is None
    assert reader.model.document is None


@pytest.mark.parametrize("error", EVERY_ERROR, ids=kind_of)
def test_a_recording_that_cannot_be_opened_is_said_and_can_be_tried_again(reader: Reader, error: ClinicError) -> None:
    document = reader.shelf.first[0]
    reader.model.open(document)
    reader.runner.refuse(error)
    assert reader.refused == ["The disk is full."]
    assert reader.model.document is None
    reader.model.open(document)
    reader.runner.answer()
    assert reader.model.recording is not None


@pytest.mark.parametrize("error", EVERY_ERROR, ids=kind_of)
def test_a_shelf_that_cannot_be_read_keeps_what_is_open_or_being_opened(reader: Reader, error: ClinicError) -> None:
    reader.model.watch(True)
    reader.model.open(reader.shelf.first[0])
    reader.runner.refuse(error)
    reader.runner.answer()
    assert reader.model.recording is not None
    assert reader.refused == ["The disk is full."]


def test_a_shelf_nobody_looks_at_is_not_read(reader: Reader) -> None:
    reader.hand.take(SECOND)
    reader.model.watch(True)
    reader.model.watch(False)
    reader.hand.take(FIRST)
    assert len(reader.runner.waiting) == 1
