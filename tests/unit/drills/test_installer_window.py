"""What the installed window shows is known by its colours, and a picture that stands still is no live trace."""

from __future__ import annotations

import subprocess
import tomllib
from contextlib import nullcontext
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from clinic_app.devices.block import ChannelInfo
from clinic_app.devices.replay import Replay
from tests.drills import installer_inside, installer_trial, installer_window
from tests.drills.installer_prefix import Ended, Prefix
from tests.drills.installer_trial import FORMER, Trial
from tests.drills.installer_window import (
    LEAST_MOVED,
    LEAST_TRACE,
    TRACES,
    UPPER_BAND,
    Hand,
    colour,
    is_confirmed,
    is_part_of,
    moved,
    share,
    traces,
)  # fmt: skip

SIZE = (1366, 768)


class Screen:
    """A screen of prepared pictures, one for each look; the last stays."""

    def __init__(self, *pictures: Image.Image) -> None:
        self.pictures = list(pictures)
        self.kept: list[str] = []

    def photograph(self, _trial: Trial, name: str) -> Image.Image:
        self.kept.append(name)
        return self.pictures.pop(0) if len(self.pictures) > 1 else self.pictures[0]


class Typist(Hand):
    """Remembers what was pressed and typed."""

    def __init__(self) -> None:
        super().__init__(":7")
        object.__setattr__(self, "done", [])

    def _run(self, *words: str) -> str:
        self.done.append(words[-1] if words[0] == "setxkbmap" else " ".join(words[4:]))  # type: ignore[attr-defined]
        return ""


def trace(phase: int, *, name: str = "trace_ecg") -> Image.Image:
    """Draw a dozen leads that begin at a phase."""
    picture = Image.new("RGB", SIZE, colour("bg", "clinical"))
    draw = ImageDraw.Draw(picture)
    for row in range(12):
        line = [(x, 230 + row * 38 + int(14 * np.sin((x + phase) / 9))) for x in range(170, 990)]
        draw.line(line, fill=colour(name, "clinical"), width=2)
    return picture


def band(name: str, theme: str = "light") -> Image.Image:
    picture = Image.new("RGB", SIZE, colour("bg", theme))
    ImageDraw.Draw(picture).rectangle(UPPER_BAND, fill=colour(name, theme))
    return picture


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return Trial(tmp_path, Prefix(tmp_path / "prefix", ":7"))


@pytest.fixture
def typist(monkeypatch: pytest.MonkeyPatch) -> Typist:
    monkeypatch.setattr(installer_window.time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(installer_window, "LONGEST_S", 0.05)
    return Typist()


def look_at(monkeypatch: pytest.MonkeyPatch, *pictures: Image.Image) -> Screen:
    screen = Screen(*pictures)
    monkeypatch.setattr(installer_window, "photograph", screen.photograph)
    return screen


def test_a_colour_is_that_of_the_programs_own_table() -> None:
    assert colour("surface") == (255, 255, 255)
    assert colour("trace_ecg", "clinical") == (0x8C, 0xF0, 0xA4)


def test_a_share_counts_only_its_own_part_and_its_own_colour() -> None:
    picture = Image.new("RGB", (100, 10), "white")
    ImageDraw.Draw(picture).rectangle((0, 0, 49, 9), fill=(10, 20, 30))
    assert share(picture, (0, 0, 100, 10), (12, 18, 33)) == 0.5
    assert share(picture, (0, 0, 50, 10), (10, 20, 30)) == 1.0
    assert share(picture, (50, 0, 100, 10), (10, 20, 30)) == 0.0
    assert share(picture, (0, 0, 50, 10), (10, 60, 30)) == 0.0


def test_a_trace_is_seen_where_it_is_drawn() -> None:
    found = traces(trace(0))
    assert found.shape == (TRACES[3] - TRACES[1], TRACES[2] - TRACES[0])
    assert found.sum() >= LEAST_TRACE
    assert traces(trace(0, name="trace_pleth")).sum() == 0
    assert traces(Image.new("RGB", SIZE, colour("bg", "clinical"))).sum() == 0


def test_a_trace_that_goes_on_has_moved_and_one_that_stands_has_not() -> None:
    assert moved(traces(trace(0)), traces(trace(7))) >= LEAST_MOVED
    assert moved(traces(trace(0)), traces(trace(0))) == 0


def test_a_live_trace_holds(monkeypatch: pytest.MonkeyPatch, trial: Trial, typist: Typist) -> None:
    screen = look_at(monkeypatch, trace(0), trace(0), trace(7))
    assert installer_window.watch(trial, typist)
    assert typist.done == ["alt+3"]  # type: ignore[attr-defined]
    assert screen.kept == ["trace-1.png", "trace-1.png", "trace-2.png"]
    assert trial.figures["trace_pixels_moved"] == moved(traces(trace(0)), traces(trace(7)))


@pytest.mark.parametrize("name", ["trace_ecg", "trace_pleth"])
def test_a_trace_that_stands_or_is_missing_does_not(
    monkeypatch: pytest.MonkeyPatch, trial: Trial, typist: Typist, name: str
) -> None:
    look_at(monkeypatch, trace(0, name=name))
    assert not installer_window.watch(trial, typist)


def test_only_the_band_of_success_confirms() -> None:
    assert is_confirmed(band("ok_soft"))
    assert not is_confirmed(band("warn_soft"))
    assert not is_confirmed(band("alarm_soft"))
    assert not is_confirmed(band("bg"))


@pytest.mark.parametrize(("name", "held"), [("ok_soft", True), ("warn_soft", False)])
def test_a_recording_counts_once_the_window_says_so(
    monkeypatch: pytest.MonkeyPatch, trial: Trial, typist: Typist, name: str, held: bool
) -> None:
    look_at(monkeypatch, band("bg"), band(name))
    assert installer_window.record(trial, typist) is held
    assert typist.done == ["ctrl+r"]  # type: ignore[attr-defined]


def test_the_nurse_signs_in_on_a_latin_layout(monkeypatch: pytest.MonkeyPatch, trial: Trial, typist: Typist) -> None:
    work = Image.new("RGB", SIZE, colour("rail"))
    look_at(monkeypatch, band("bg"), work)
    assert installer_window.sign_in(trial, typist)
    assert typist.done == ["us", "nurse", "Return", "us", installer_inside.PASSWORD, "Return"]  # type: ignore[attr-defined]
    look_at(monkeypatch, band("bg"))
    assert not installer_window.sign_in(trial, typist)


def test_names_are_typed_on_a_kazakh_layout_and_numbers_on_a_latin_one(
    monkeypatch: pytest.MonkeyPatch, trial: Trial, typist: Typist
) -> None:
    form = Image.new("RGB", SIZE, colour("accent"))
    look_at(monkeypatch, form, form, band("ok_soft"))
    assert installer_window.register(trial, typist)
    done = typist.done  # type: ignore[attr-defined]
    assert done[done.index(installer_inside.FAMILY) - 1] == "kz"
    assert done[done.index(installer_inside.IIN) - 1] == "us"
    assert done[0] == done[-1] == "ctrl+Return"


def test_a_patient_whose_form_never_came_is_not_registered(
    monkeypatch: pytest.MonkeyPatch, trial: Trial, typist: Typist
) -> None:
    look_at(monkeypatch, band("ok_soft"))
    assert not installer_window.register(trial, typist)


def test_every_letter_that_kazakh_has_beside_russian_is_typed() -> None:
    typed = installer_inside.TYPED[0].lower()
    assert [letter for letter in "әғқңөұүһі" if letter not in typed] == []


def test_the_workstation_is_set_up_with_its_port_and_its_people() -> None:
    told = tomllib.loads(installer_inside.provisioning(6661))
    assert told["settings"] == {"language": "kk", "monitor_port": 6661}
    assert [each["login"] for each in told["people"]] == ["admin", installer_inside.LOGIN]


def replay(samples: np.ndarray) -> Replay:
    channel = ChannelInfo("MDC_ECG_LEAD_II", "II", "uV")
    return Replay((channel,), Fraction(500), samples[np.newaxis].astype(np.float32), 1.0)


def test_a_recording_is_known_as_a_stretch_of_what_was_played() -> None:
    signal = np.random.default_rng(1).normal(size=900)
    stretch = np.tile(signal, 3)[700:1700:5] + 0.01
    found: dict[str, object] = {"rate_hz": 500.0, "every": 5, "samples": stretch.tolist()}
    assert is_part_of(replay(signal), found)
    assert not is_part_of(replay(signal[::-1]), found)
    assert not is_part_of(replay(signal), found | {"rate_hz": 250.0})
    assert not is_part_of(replay(signal), found | {"samples": []})
    assert not is_part_of(replay(signal), found | {"samples": [float("nan"), 1.0]})


@pytest.mark.parametrize(("typed", "held"), [(installer_inside.TYPED, True), (["Улгибаев"], False)])
def test_what_was_typed_must_lie_in_the_database(
    monkeypatch: pytest.MonkeyPatch, trial: Trial, typed: list[str], held: bool
) -> None:
    told = {"version": str(FORMER), "patients": typed, "recordings": 0}
    monkeypatch.setattr(installer_window, "told_inside", lambda _trial: told)
    installer_window.look_inside(trial)
    assert trial.steps["patient is in the database"]["ok"] is held
    assert not trial.steps["recording is what was sent"]["ok"]


def test_the_installed_rooms_are_asked_by_a_program_that_leaves_again(
    monkeypatch: pytest.MonkeyPatch, trial: Trial
) -> None:
    (trial.folder / "probe.exe").write_bytes(b"MZ")
    trial.installed.mkdir(parents=True)
    asked: list[tuple[str, ...]] = []

    def run(_self: Prefix, *words: str, longest_s: float) -> Ended:
        assert (trial.installed / "probe.exe").is_file()
        asked.append(words)
        return Ended(0, 'fixme: something\n{"version": "0.1.0", "patients": ["A"]}\n', 0.1)

    monkeypatch.setattr(Prefix, "run", run)
    assert installer_trial.inside(trial) == ("0.1.0", ["A"])
    assert asked[0][0].endswith("probe.exe")
    assert not (trial.installed / "probe.exe").exists()


def test_rooms_that_say_nothing_are_told_with_their_words(monkeypatch: pytest.MonkeyPatch, trial: Trial) -> None:
    (trial.folder / "probe.exe").write_bytes(b"MZ")
    trial.installed.mkdir(parents=True)
    monkeypatch.setattr(Prefix, "run", lambda _self, *words, longest_s: Ended(0, "ImportError: numpy", 0.1))
    with pytest.raises(RuntimeError, match="numpy"):
        installer_trial.told_inside(trial)


def test_a_window_that_does_not_come_is_the_end_of_work(
    monkeypatch: pytest.MonkeyPatch, trial: Trial, typist: Typist
) -> None:
    trial.prefix.drive.mkdir(parents=True)
    ended = subprocess.Popen(["true"], stdout=subprocess.PIPE, text=True)
    ended.wait(10)
    monkeypatch.setattr(Prefix, "start", lambda _self, *words: ended)
    monkeypatch.setattr(installer_window, "_monitor", lambda _port: nullcontext())
    installer_window.work_at_window(trial)
    assert list(trial.steps) == ["window"]
    assert not trial.steps["window"]["ok"]
    assert not (trial.prefix.drive / "provision.toml").exists(), "it holds passwords"
    assert "DALA_BENCH_READY" not in trial.prefix.environment


def test_the_titles_of_the_windows_are_asked_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"search": "12\n13\n", "12": "Default IME\n", "13": "Dala · Үлгі\n"}

    def run(words: tuple[str, ...], **options: object) -> subprocess.CompletedProcess[bytes]:
        key = words[1] if words[1] == "search" else words[2]
        return subprocess.CompletedProcess(words, 0, said[key].encode(), b"")

    monkeypatch.setattr(installer_window.subprocess, "run", run)
    assert Hand(":7").titles() == ["Default IME", "Dala · Үлгі"]
