"""Heart sounds: what a side lets through, where the spectrogram is bright, a cursor that goes with what is heard."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from clinic_app.access import Session
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text
from clinic_app.records import DocumentReference, HumanName, Patient
from clinic_app.waveforms import RecordedChannel, Recording
from clinic_app.waveforms.filters import BELL, DIAPHRAGM
from clinic_app.waveforms.formats import read
from clinic_app.waveforms.sound import FLOOR_DB, MOST_COLUMNS, at_rate, heard, sound_of, spectrogram
from clinic_app.waveforms.sound_output import SoundCard
from tests.helpers.clocks import NOON
from tests.helpers.signals import SteadyClock, real_leads
from tests.helpers.waiting import wait_until
from ui import language
from ui.shell.patient_in_hand import PatientInHand
from ui.tasks import TaskRunner
from ui.waveforms.recordings_screen import RecordingsScreen
from ui.waveforms.sound_view import SoundView, heat_image
from ui.waveforms.view_model_recordings import RecordingsViewModel
from ui.waveforms.view_model_sound import SoundViewModel

RATE_HZ = 4000.0


@pytest.fixture(autouse=True)
def _english(qapp: QApplication) -> Iterator[None]:
    language.use("en")
    yield
    language.use("kk")


def _tones(*tones_hz: float, seconds: float = 2.0) -> NDArray[np.float32]:
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return np.sum([np.sin(2 * np.pi * hertz * at) for hertz in tones_hz], axis=0).astype(np.float32)


def _sound(samples: NDArray[np.float32] | None = None, *, has_lead: bool = False) -> Recording:
    channels = [RecordedChannel("SOUND", "Heart", "1", RATE_HZ, _tones(60, 300) if samples is None else samples)]
    if has_lead:
        channels.append(RecordedChannel("MDC_ECG_LEAD_II", "II", "uV", 1000.0, real_leads()[1, :2000]))
    return Recording(tuple(channels), NOON, "Stethoscope")


class FakeOut:
    """A loudspeaker a test listens to."""

    def __init__(self) -> None:
        self.heard: list[NDArray[np.float32]] = []
        self.at_s: float | None = None
        self.is_broken = False

    def play(self, samples: NDArray[np.float32], rate_hz: float) -> None:
        if self.is_broken:
            raise DeviceError(Text("No sound can be played on this computer."))
        self.heard.append(samples)
        self.at_s = 0.0

    def stop(self) -> None:
        self.at_s = None

    def played_s(self) -> float | None:
        return self.at_s


class Ear:
    """A view over a loudspeaker that is none."""

    def __init__(self, qtbot: QtBot) -> None:
        self.out = FakeOut()
        self.runner = TaskRunner(1)
        self.model = SoundViewModel(self.out, self.runner)
        self.view = SoundView(self.model)
        qtbot.addWidget(self.view)
        self.view.resize(900, 500)
        self.view.show()
        self.refused: list[str] = []
        self.model.refused.connect(lambda text: self.refused.append(text.render("en")))

    def settle(self) -> None:
        wait_until(lambda: self.runner.is_idle, what="the background to be idle")

    def show(self, recording: Recording) -> None:
        self.model.show(recording)
        self.settle()


@pytest.fixture
def ear(qtbot: QtBot) -> Iterator[Ear]:
    made = Ear(qtbot)
    yield made
    made.model.stop()
    made.settle()
    made.runner.close()


def _power(samples: NDArray[np.float32], hertz: float) -> float:
    at = np.arange(len(samples)) / RATE_HZ
    return float(np.abs(np.mean(samples[2000:] * np.exp(-2j * np.pi * hertz * at)[2000:])))


def test_the_bell_hears_what_is_low_and_the_diaphragm_what_is_high() -> None:
    channel = _sound().channels[0]
    low, high = heard(channel, BELL), heard(channel, DIAPHRAGM)
    assert _power(low, 60) > 5 * _power(low, 300)
    assert _power(high, 300) > 2 * _power(high, 60)


def test_the_spectrogram_is_brightest_at_the_frequency_of_the_tone() -> None:
    spectrum = spectrogram(_tones(200), RATE_HZ)
    rows = spectrum.decibels.shape[0]
    brightest = spectrum.decibels[:, 20].argmax() / (rows - 1) * spectrum.highest_hz
    assert brightest == pytest.approx(200, abs=20)
    assert spectrum.decibels.max() == 0
    assert spectrum.decibels.min() >= FLOOR_DB
    assert spectrum.highest_hz == pytest.approx(1000, abs=20)


def test_the_spectrogram_shows_when_a_tone_begins() -> None:
    samples = np.concatenate([np.zeros(4000, dtype=np.float32), _tones(200, seconds=1)])
    spectrum = spectrogram(samples, RATE_HZ)
    loud = spectrum.decibels.max(axis=0) > -20
    assert np.argmax(loud) * spectrum.column_s == pytest.approx(1.0, abs=0.07)


def test_silence_lost_samples_and_nothing_are_silence() -> None:
    for samples in (np.zeros(4000, np.float32), np.full(4000, np.nan, np.float32), np.empty(0, np.float32)):
        assert (spectrogram(samples, RATE_HZ).decibels == FLOOR_DB).all()
    assert at_rate(np.empty(0, np.float32), RATE_HZ, 48_000).size == 0


def test_an_hour_of_sound_has_no_more_columns_than_can_be_seen() -> None:
    assert spectrogram(np.zeros(200_000, np.float32), 1000.0).decibels.shape[1] <= MOST_COLUMNS


def test_a_sound_is_played_at_the_rate_of_the_card_and_never_cut() -> None:
    played = at_rate(100 * _tones(50), RATE_HZ, 48_000)
    assert len(played) == 96_000
    assert np.abs(played).max() == pytest.approx(0.9, abs=0.01)
    assert (at_rate(np.zeros(100, np.float32), RATE_HZ, 48_000) == 0).all()


def test_a_real_heart_sound_is_found_and_an_ecg_is_none(shared_data: Path) -> None:
    file = min((shared_data / "waveforms" / "heartsound").glob("*.wav"))
    recording = read(file)
    channel = sound_of(recording)
    assert channel is not None
    spectrum = spectrogram(heard(channel, BELL), channel.rate_hz)
    centre = (10 ** (spectrum.decibels / 10)).sum(axis=1).argmax() / spectrum.decibels.shape[0] * spectrum.highest_hz
    assert 15 < centre < 250
    lead = RecordedChannel("MDC_ECG_LEAD_II", "II", "uV", 1000.0, real_leads()[1])
    assert sound_of(Recording((lead,), NOON, "ECG")) is None


def test_the_picture_is_bright_where_it_is_loud() -> None:
    image = heat_image(spectrogram(_tones(200), RATE_HZ))
    column = [image.pixelColor(10, y).lightness() for y in range(image.height())]
    assert np.argmax(column) == pytest.approx(image.height() * 0.8, abs=3), "high frequencies lie at the top"


def test_playing_moves_the_cursor_and_ends_by_itself(ear: Ear) -> None:
    ear.show(_sound())
    ear.view._play.click()
    ear.settle()
    assert ear.model.is_playing
    assert ear.view._play.text() == "Stop"
    ear.out.at_s = 1.25
    wait_until(lambda: ear.model.cursor_s == 1.25, what="the cursor")
    assert "1.3 of 2 s" in ear.view._where.text() or "1.2 of 2 s" in ear.view._where.text()
    ear.out.at_s = None
    wait_until(lambda: not ear.model.is_playing, what="the end")
    assert ear.model.cursor_s == 2.0
    ear.model.toggle()
    ear.settle()
    assert len(ear.out.heard[-1]) == 8000, "from the end it begins anew"


def test_a_click_and_keys_put_the_cursor_and_playing_goes_on_from_there(ear: Ear) -> None:
    ear.show(_sound())
    canvas = ear.view.canvas
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(round(canvas.x_of(1.0)), 50))
    assert ear.model.cursor_s == pytest.approx(1.0, abs=0.01)
    QTest.keyClick(canvas, Qt.Key.Key_Right)
    QTest.keyClick(canvas, Qt.Key.Key_Right)
    QTest.keyClick(canvas, Qt.Key.Key_Left)
    assert ear.model.cursor_s == pytest.approx(1.2, abs=0.01)
    QTest.keyClick(canvas, Qt.Key.Key_Space)
    ear.settle()
    assert len(ear.out.heard[-1]) == pytest.approx(3200, abs=40)
    QTest.keyClick(canvas, Qt.Key.Key_Home)
    ear.settle()
    assert len(ear.out.heard[-1]) == 8000
    QTest.keyClick(canvas, Qt.Key.Key_End)
    assert ear.model.cursor_s == 2.0
    QTest.keyClick(canvas, Qt.Key.Key_Space)
    assert not ear.model.is_playing


def test_another_side_is_heard_from_the_same_moment(ear: Ear) -> None:
    ear.show(_sound())
    ear.model.go(0.5)
    ear.model.toggle()
    ear.settle()
    ear.model.choose("bell")
    ear.settle()
    assert ear.model.picture is not None
    assert ear.model.picture.side == "bell"
    assert len(ear.out.heard) == 2
    assert _power(np.pad(ear.out.heard[1], (2000, 0)), 300) < 0.2
    ear.model.choose("no such side")
    assert ear.model.side == "bell"


def test_a_computer_without_sound_says_so_and_still_shows(ear: Ear) -> None:
    ear.out.is_broken = True
    ear.show(_sound(has_lead=True))
    ear.model.toggle()
    ear.settle()
    assert ear.refused == ["No sound can be played on this computer."]
    assert not ear.model.is_playing
    assert not ear.view.canvas.grab().isNull()


def test_what_is_stopped_before_it_began_is_not_heard(ear: Ear) -> None:
    ear.show(_sound())
    ear.model.toggle()
    ear.model.stop()
    ear.settle()
    assert ear.out.at_s is None
    assert not ear.model._timer.isActive()


def test_an_ecg_of_the_same_time_lies_above_the_sound(ear: Ear) -> None:
    ear.show(_sound())
    without = ear.view.canvas.grab().toImage()
    ear.show(_sound(has_lead=True))
    with_lead = ear.view.canvas.grab().toImage()
    green = [
        (x, y)
        for x in range(60, with_lead.width(), 3)
        for y in range(0, 100, 2)
        if with_lead.pixelColor(x, y).green() - with_lead.pixelColor(x, y).red() > 60
    ]
    assert len(green) > 30
    assert with_lead != without


class _Shelf:
    def __init__(self, recording: Recording) -> None:
        self.recording = recording

    def of_patient(self, _session: Session, _patient_id: str) -> tuple[DocumentReference, ...]:
        return (DocumentReference(id="d", status="current", date=NOON, content=()),)

    def load(self, _session: Session, _document: DocumentReference) -> Recording:
        return self.recording


def test_a_recording_that_is_a_sound_opens_to_be_listened_to(qtbot: QtBot) -> None:
    runner, hand, out = TaskRunner(1), PatientInHand(), FakeOut()
    session = Session("n", "Nurse", "nurse", "nurse", "org", "Hospital")
    shelf = _Shelf(_sound())
    model, sound = RecordingsViewModel(shelf, runner, session, hand), SoundViewModel(out, runner)
    screen = RecordingsScreen(model, None, None, sound)
    qtbot.addWidget(screen)
    screen.resize(1200, 650)
    hand.take(Patient(id="p1", name=(HumanName(family="Ким"),)))
    screen.show()
    screen.entered()
    wait_until(lambda: sound.picture is not None, what="the sound")
    assert screen._paper_stack.currentWidget() is screen._sound_view
    assert not cast("QPushButton", screen.findChild(QPushButton, "recordings.caliper")).isVisible()
    sound.toggle()
    wait_until(lambda: runner.is_idle, what="the sound to play")
    hand.take(None)
    assert not sound.is_playing, "nothing of one patient is heard for the next"
    assert sound.picture is None
    assert screen.findChildren(QLabel)
    wait_until(lambda: runner.is_idle, what="the background to be idle")
    runner.close()


class _FakePortAudio(types.ModuleType):
    """The library, as far as it is used."""

    PortAudioError = type("PortAudioError", (Exception,), {})

    def __init__(self, *, has_card: bool) -> None:
        super().__init__("sounddevice")
        self.has_card = has_card
        self.callback: Callable[..., None] = lambda *_nothing: None
        self.closed = 0

    def query_devices(self, kind: str) -> dict[str, float]:
        if not self.has_card:
            raise self.PortAudioError("no device")
        return {"default_samplerate": 44_100.0}

    def OutputStream(self, callback: Callable[..., None], **_how: object) -> object:  # noqa: N802
        self.callback = callback
        quiet = types.SimpleNamespace(latency=0.1, start=lambda: None, abort=lambda: None)
        quiet.close = lambda: setattr(self, "closed", self.closed + 1)
        return quiet


def test_the_card_gives_every_sample_once_and_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    library, clock = _FakePortAudio(has_card=True), SteadyClock()
    monkeypatch.setitem(sys.modules, "sounddevice", library)
    card = SoundCard(clock)
    assert card.played_s() is None
    card.play(_tones(100, seconds=1), RATE_HZ)
    got = []
    for _ in range(50):
        piece = np.ones((1000, 1), dtype=np.float32)
        library.callback(piece, 1000, None, None)
        got.append(piece[:, 0].copy())
    played = np.concatenate(got)
    assert (played[:44_100] == at_rate(_tones(100, seconds=1), RATE_HZ, 44_100)).all()
    assert (played[44_100:] == 0).all()
    assert card.played_s() == 0
    clock.now_s += 0.6
    assert card.played_s() == pytest.approx(0.5)
    clock.now_s += 5
    assert card.played_s() is None
    card.stop()
    assert library.closed == 1


def test_without_a_card_or_a_library_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", _FakePortAudio(has_card=False))
    with pytest.raises(DeviceError, match="No sound can be played"):
        SoundCard().play(_tones(100), RATE_HZ)
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(DeviceError, match="No sound can be played"):
        SoundCard().play(_tones(100), RATE_HZ)
