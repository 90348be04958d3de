"""``dev.py bench soak --minutes N``: a workstation that records for hours: does it grow, leave threads, lose samples?

A whole workstation with its real socket; two monitors in processes of their own play a 12-lead ECG of 1000 samples a
second and a pleth curve. Both are recorded, their hearts are counted, and a reader looks at the traces ten times a
second as the screen does. At the end what was recorded is held against what was played, sample for sample.
"""

from __future__ import annotations

import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from pydicom.data import get_testdata_file

from clinic_app.access import Session
from clinic_app.devices.replay import Replay, load_ecg
from clinic_app.registration import PatientForm
from clinic_app.settings import Settings
from clinic_app.terminology.leads import LEADS
from clinic_app.waveforms.store import LongRecording
from clinic_app.workstation import Workstation, build_workstation

ROOT: Final = Path(__file__).resolve().parents[2]
BEDS: Final = ("BED-1", "BED-2")
_PASSWORD: Final = "correct horse battery"
_MOST_GROWTH: Final = 0.05
_SAME_UV: Final = 0.01


@dataclass(frozen=True)
class Soaked:
    """What a long run showed.

    Args:
        minutes: how long it was.
        beds: monitors.
        samples: recorded, all channels of all beds together.
        lost: played and not recorded, or recorded as something else.
        memory_mb_begin: of this process after its first fifth.
        memory_mb_end: at its end.
        growth: of the memory, in parts.
        threads_begin: after the first fifth.
        threads_end: at the end.
        disk_mb: what the recordings take.
        cpu_share: of one core, for the workstation.
    """

    minutes: float
    beds: int
    samples: int
    lost: int
    memory_mb_begin: float
    memory_mb_end: float
    growth: float
    threads_begin: int
    threads_end: int
    disk_mb: float
    cpu_share: float

    @property
    def has_held(self) -> bool:
        """Whether it could go on for ever."""
        return (
            self.lost == 0
            and self.samples > 0
            and self.growth < _MOST_GROWTH
            and self.threads_end <= self.threads_begin
        )


def bench_soak(json_file: Path | None, minutes: float) -> int:
    """Run for so many minutes, print and keep the figures; return 0 if nothing grew and nothing was lost."""
    soaked = soak(minutes)
    figures = {"name": "soak", **asdict(soaked), "has_held": soaked.has_held}
    figures["machine"] = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    print(
        f"{soaked.minutes:g} min, {soaked.beds} beds: {soaked.samples} samples recorded, {soaked.lost} lost; "
        f"memory {soaked.memory_mb_begin:.0f} to {soaked.memory_mb_end:.0f} MB ({100 * soaked.growth:+.1f} %); "
        f"threads {soaked.threads_begin} to {soaked.threads_end}; {soaked.disk_mb:.1f} MB on the disk; "
        f"{100 * soaked.cpu_share:.0f} % of a core   {'held' if soaked.has_held else 'NOT HELD'}"
    )
    if json_file:
        json_file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0 if soaked.has_held else 1


def soak(minutes: float) -> Soaked:
    """Run a workstation with two monitors for so many minutes."""
    with tempfile.TemporaryDirectory() as folder, _workstation(Path(folder)) as (station, nurse):
        port = station.monitor_listener.port
        with _monitors(port):
            _wait_for_all(station)
            heads = [
                station.long_recordings.start(nurse, _patient(station, nurse, bed), source)
                for bed, source in enumerate(sorted(station.live_traces.sources()))
            ]
            began_s, cpu_s = time.monotonic(), time.process_time()
            memory, threads = _watch(station, minutes * 60)
            took_s = time.monotonic() - began_s
            share = (time.process_time() - cpu_s) / took_s
        while any(stream.age_s() < 1 for stream in station.live_traces.streams()):
            time.sleep(0.1)
        for head in heads:
            station.long_recordings.stop(nurse, head.id)
        replay = load_ecg(Path(str(get_testdata_file("waveform_ecg.dcm", download=False))))
        counted = [_held_against(station.long_recordings.open(nurse, head.id), replay) for head in heads]
        size = sum(path.stat().st_size for path in (Path(folder) / "blobs").rglob("*") if path.is_file())
    fifth = max(len(memory) // 5, 1)
    first, last = statistics.median(memory[fifth : 2 * fifth] or memory), statistics.median(memory[-fifth:])
    return Soaked(
        round(took_s / 60, 2),
        len(BEDS),
        sum(samples for samples, _ in counted),
        sum(lost for _, lost in counted),
        first,
        last,
        last / first - 1,
        threads[min(fifth, len(threads) - 1)],
        threads[-1],
        size / 1e6,
        share,
    )


@contextmanager
def _workstation(folder: Path) -> Iterator[tuple[Workstation, Session]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    station = build_workstation(Settings(folder, {"key_storage": "file", "monitor_port": port}))
    try:
        station.set_up("Soak", "Admin", "admin", _PASSWORD)
        admin = station.people.sign_in("admin", _PASSWORD)
        station.people.add(admin, "doctor", _PASSWORD, "Doctor", "doctor")
        yield station, station.people.sign_in("doctor", _PASSWORD)
    finally:
        station.close()


def _patient(station: Workstation, session: Session, bed: int) -> str:
    form = PatientForm(family=f"Bed{bed}", given="A", birth_date="05.03.1964", gender="female", iin="")
    return station.registration.register(session, form).id


@contextmanager
def _monitors(port: int) -> Iterator[None]:
    command = [sys.executable, "-m", "clinic_app.devices.hl7.monitor_simulator", "--port", str(port), "--name"]
    processes = [subprocess.Popen([*command, bed], cwd=ROOT) for bed in BEDS]
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
            process.wait(10)


def _wait_for_all(station: Workstation) -> None:
    deadline_s = time.monotonic() + 60
    while len(station.live_traces.sources()) < len(BEDS):
        if time.monotonic() > deadline_s:
            raise SystemExit("the monitors do not come")
        time.sleep(0.1)


def _watch(station: Workstation, seconds: float) -> tuple[list[float], list[int]]:
    """Look at the traces as a screen does; return memory (MB) and threads, as they went."""
    memory, threads = [], []
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        for stream in (
            each for source in station.live_traces.sources() for each in station.live_traces.streams(source)
        ):
            stream.read(stream.end_index() - round(10 * stream.rate_hz()), stream.end_index())
        station.bedside.technical.now()
        station.bedside.hearts.hearts()
        memory.append(_memory_mb())
        threads.append(threading.active_count())
        time.sleep(0.1)
    return memory, threads


def _memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _held_against(recording: LongRecording, replay: Replay) -> tuple[int, int]:
    """Return how many ECG samples were recorded, and how many of what was played were not, or not as they were."""
    runs = ([run.channel for run in piece.runs if run.channel.code in LEADS] for piece in recording.hours().pieces())
    pieces = [np.stack([each.samples for each in leads]) for leads in runs if leads]
    if not pieces:
        return 0, 0
    leads = np.concatenate(pieces, axis=1)
    received = np.flatnonzero(np.isfinite(leads).any(axis=0))
    leads = leads[:, received[0] : received[-1] + 1]
    played = replay.cut(_place_of(leads[:, :500], replay), leads.shape[1])
    is_same = np.abs(leads - played) < _SAME_UV
    return int(is_same.sum()), int((~is_same).sum()) + recording.damaged


def _place_of(piece: np.ndarray, replay: Replay) -> int:
    """Return where in the loop a piece was played."""
    length = replay.samples.shape[1]
    distances = [np.abs(replay.cut(first, piece.shape[1]) - piece).max() for first in range(length)]
    return int(np.argmin(distances))
