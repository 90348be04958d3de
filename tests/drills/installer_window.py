"""Somebody works at the window of the installed program: by the keyboard alone, on a Kazakh and a Latin layout.

A nurse signs in, types a patient with every letter that Kazakh has beside Russian, opens the monitor's screen and keeps
ten seconds of what comes in: a monitor beside the window plays a real recording over the network. What the window shows
is known by its colours, what it kept by asking the installed rooms. The keys go through the display's own test
extension, so they take the way of a real keyboard into Windows.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.data import get_testdata_file

from clinic_app.devices.replay import Replay, load_ecg
from tests.drills import installer_inside, installer_setup
from tests.drills.installer_trial import FOLDER, FORMER, ROOT, Trial, photograph, told_inside, within
from tests.helpers.provisioning import free_port
from ui.theme import TOKENS

SHARED_PLETH: Final = ROOT.parent / "shared" / "data" / "waveforms" / "wfdb" / "v102s.hea"
"""A recorded pleth curve where one is at hand; otherwise the monitor makes one from the beats it plays."""
LONGEST_S: Final = 30.0
Box = tuple[int, int, int, int]
GATE: Final[Box] = (0, 100, 1366, 768)
RAIL: Final[Box] = (20, 400, 100, 530)
LOWER_RIGHT: Final[Box] = (1140, 670, 1366, 740)
UPPER_BAND: Final[Box] = (120, 85, 1320, 140)
TRACES: Final[Box] = (160, 200, 1000, 690)
LEAST_TRACE: Final = 1500
"""Pixels of a dozen leads."""
LEAST_MOVED: Final = 400
_TOLERANCE: Final = 12


@dataclass(frozen=True)
class Hand:
    """A hand on the keyboard.

    Args:
        display: where.
    """

    display: str

    def keys(self, *names: str) -> None:
        """Press keys one after the other, such as ``ctrl+Return``."""
        self._run("xdotool", "key", "--delay", "60", *names)

    def types(self, words: str) -> None:
        """Type words on the layout that has their letters."""
        layout = "us" if words.isascii() else "kz"
        self._run("setxkbmap", "-display", self.display, layout)
        time.sleep(0.5)  # Windows' side learns of the layout on its own time
        self._run("xdotool", "type", "--delay", "40", words)
        time.sleep(0.3)

    def titles(self) -> list[str]:
        """Return what the windows are called."""
        numbers = self._run("xdotool", "search", "--onlyvisible", "--name", ".").split()
        return [self._run("xdotool", "getwindowname", number).strip() for number in numbers]

    def _run(self, *words: str) -> str:
        surroundings = {**os.environ, "DISPLAY": self.display, "LC_ALL": "C.UTF-8"}
        done = subprocess.run(words, check=True, capture_output=True, env=surroundings, timeout=60)
        return done.stdout.decode("utf-8", "replace")


def work_at_window(trial: Trial) -> None:
    """Set the workstation up, work at its window, have Setup refuse meanwhile, and close it as a person would."""
    port = free_port()
    with _window(trial, port) as window, _monitor(port):
        hand = Hand(trial.prefix.display)
        if not trial.step("window", lambda: _came(trial, window, hand)):
            return
        trial.step("sign in", lambda: sign_in(trial, hand))
        trial.step("patient is typed in Kazakh", lambda: register(trial, hand))
        trial.step("live trace", lambda: watch(trial, hand))
        installer_setup.refuse_while_running(trial)
        trial.step("ten seconds are kept", lambda: record(trial, hand))
        trial.prefix.run("taskkill", "/IM", "Dala.exe", longest_s=30)
        trial.step("window closes", lambda: within(30, lambda: window.poll() is not None))


def look_inside(trial: Trial) -> None:
    """Ask the installed rooms for what the window was told and has recorded."""
    found: dict[str, Any] = {}

    def ask() -> tuple[str, list[str]]:
        found.update(told_inside(trial))
        return found["version"], found["patients"]

    trial.step("patient is in the database", ask, (str(FORMER), installer_inside.TYPED))
    trial.step("recording is what was sent", lambda: found["recordings"] == 1 and is_part_of(_played(), found))


def sign_in(trial: Trial, hand: Hand) -> bool:
    """Sign the nurse in; return whether the window of work came."""
    hand.types(installer_inside.LOGIN)
    hand.keys("Return")
    hand.types(installer_inside.PASSWORD)
    hand.keys("Return")
    return _shows(trial, "signed-in.png", lambda picture: share(picture, RAIL, colour("rail")) > 0.5)


def register(trial: Trial, hand: Hand) -> bool:
    """Type a patient and save him; return whether the window says that he is saved."""
    hand.keys("ctrl+Return")
    has_form = _shows(trial, "form.png", lambda picture: share(picture, LOWER_RIGHT, colour("accent")) > 0.1)
    for words in (installer_inside.FAMILY, installer_inside.GIVEN, installer_inside.PATRONYMIC,
                  installer_inside.IIN, installer_inside.BIRTH_DATE):  # fmt: skip
        hand.types(words)
        hand.keys("Return")
    hand.keys("Right", "space", "Tab", "Tab")  # sex; over the telephone to the address
    hand.types(installer_inside.ADDRESS)
    photograph(trial, "typed.png")
    hand.keys("ctrl+Return")
    return has_form and _shows(trial, "registered.png", is_confirmed)


def watch(trial: Trial, hand: Hand) -> bool:
    """Open the monitor's screen; return whether traces are drawn there and go on."""
    hand.keys("alt+3")
    has_traces = _shows(trial, "trace-1.png", lambda picture: int(traces(picture).sum()) >= LEAST_TRACE)
    first = traces(photograph(trial, "trace-1.png"))
    time.sleep(1.0)
    second = traces(photograph(trial, "trace-2.png"))
    trial.figures["trace_pixels"] = [int(first.sum()), int(second.sum())]
    trial.figures["trace_pixels_moved"] = moved(first, second)
    return has_traces and moved(first, second) >= LEAST_MOVED


def record(trial: Trial, hand: Hand) -> bool:
    """Keep ten seconds; return whether the window says that they are saved."""
    hand.keys("ctrl+r")
    return _shows(trial, "recorded.png", is_confirmed)


def colour(name: str, theme: str = "light") -> tuple[int, int, int]:
    """Return a colour of the program's own table."""
    digits = TOKENS[theme][name]  # type: ignore[index]
    return int(digits[1:3], 16), int(digits[3:5], 16), int(digits[5:7], 16)


def is_confirmed(picture: Image.Image) -> bool:
    """Return whether the band says that something was done."""
    return share(picture, UPPER_BAND, colour("ok_soft")) > 0.4


def share(picture: Image.Image, box: Box, wanted: tuple[int, int, int]) -> float:
    """Return how much of a part of a picture is of one colour, 0 to 1."""
    return float(_of_colour(picture, box, wanted).mean())


def traces(picture: Image.Image) -> NDArray[np.bool_]:
    """Return where the leads of an ECG are drawn."""
    return _of_colour(picture, TRACES, colour("trace_ecg", "clinical"))


def moved(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> int:
    """Return how many pixels of a trace are in one picture only."""
    return int((first != second).sum())


def _of_colour(picture: Image.Image, box: Box, wanted: tuple[int, int, int]) -> NDArray[np.bool_]:
    pixels = np.asarray(picture.convert("RGB").crop(box), dtype=np.int16)
    return np.asarray((np.abs(pixels - np.array(wanted, dtype=np.int16)) <= _TOLERANCE).all(axis=2))


def is_part_of(played: Replay, found: dict[str, object]) -> bool:
    """Return whether what was kept is a stretch of what the monitor played, wherever it began.

    Args:
        played: the loop.
        found: ``samples`` of one lead, each ``every``-th of ``rate_hz``.
    """
    names = [channel.label for channel in played.channels]
    source = played.samples[names.index(installer_inside.LEAD)].astype(np.float64)
    kept = np.array(found.get("samples", []), dtype=np.float64)
    if len(kept) < 2 or found["rate_hz"] != float(played.rate_hz) or not np.isfinite(kept).all():
        return False
    places = np.arange(len(kept)) * int(str(found["every"]))
    best = max(float(np.corrcoef(kept, source[(first + places) % len(source)])[0, 1]) for first in range(len(source)))
    return best > 0.99


def _played() -> Replay:
    return load_ecg(Path(str(get_testdata_file("waveform_ecg.dcm", download=False))))


def _shows(trial: Trial, name: str, is_so: Callable[[Image.Image], bool]) -> bool:
    """Wait until the screen looks as wanted; keep the last picture."""
    return within(LONGEST_S, lambda: is_so(photograph(trial, name)))


def _came(trial: Trial, window: subprocess.Popen[str], hand: Hand) -> bool:
    ready = trial.prefix.drive / "ready"
    began = time.monotonic()
    if not within(90, lambda: ready.exists() or window.poll() is not None) or not ready.exists():
        raise RuntimeError("the window did not come: " + (window.communicate()[0] if window.poll() else ""))
    trial.figures["window_s"] = round(time.monotonic() - began, 1)
    has_gate = _shows(trial, "window.png", lambda picture: share(picture, GATE, colour("bg")) > 0.5)
    trial.figures["window_title"] = next((each for each in hand.titles() if each.startswith("Dala")), "")
    return has_gate and "Үлгі аудандық ауруханасы" in str(trial.figures["window_title"])


@contextmanager
def _window(trial: Trial, port: int) -> Iterator[subprocess.Popen[str]]:
    ready, form = trial.prefix.drive / "ready", trial.prefix.drive / "provision.toml"
    ready.unlink(missing_ok=True)
    form.write_text(installer_inside.provisioning(port), encoding="utf-8")
    trial.prefix.environment["DALA_BENCH_READY"] = "C:\\ready"
    window = trial.prefix.start(f"{FOLDER}\\Dala.exe", "--provision", "C:\\provision.toml")
    try:
        yield window
    finally:
        if window.poll() is None:
            trial.prefix.run("taskkill", "/F", "/IM", "Dala.exe", longest_s=30)
        window.communicate(timeout=30)
        del trial.prefix.environment["DALA_BENCH_READY"]
        for path in (ready, form):
            path.unlink(missing_ok=True)


@contextmanager
def _monitor(port: int) -> Iterator[None]:
    command = [sys.executable, "-m", "clinic_app.devices.hl7.monitor_simulator", "--port", str(port)]
    command += ["--pleth", str(SHARED_PLETH)] if SHARED_PLETH.is_file() else []
    monitor = subprocess.Popen(command, cwd=ROOT)
    try:
        yield
    finally:
        monitor.terminate()
        monitor.wait(10)
