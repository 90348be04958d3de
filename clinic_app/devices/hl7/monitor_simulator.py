"""A patient monitor made of software: plays real recordings over the real protocol, from a process of its own.

``python -m clinic_app.devices.hl7.monitor_simulator --port P`` connects to a workstation, sends waves four times a
second and numbers once a second, and connects again for ever when the cable is pulled.
"""

from __future__ import annotations

import argparse
import logging
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Final

import numpy as np
from pydicom.data import get_testdata_file

from clinic_app.devices.block import NumericValue
from clinic_app.devices.hl7.mllp import END, frame
from clinic_app.devices.hl7.waves import Wave, build_oru
from clinic_app.devices.replay import Replay, load_ecg, load_pleth, r_peaks, simulated_pleth
from clinic_app.foundation.errors import ClinicError

PERIOD_S: Final = 0.25
FIRST_WAIT_S: Final = 0.25
LONGEST_WAIT_S: Final = 8.0
_log = logging.getLogger(__name__)


class MonitorSimulator:
    """Makes the messages of a monitor.

    Args:
        name: what it calls itself.
        replays: what it plays, the ECG first.
        numbers: numbers it shows beside the heart rate, by reference identifier.
    """

    def __init__(self, name: str, replays: Sequence[Replay], numbers: Mapping[str, NumericValue]) -> None:
        self._name = name
        self._replays = tuple(replays)
        self._numbers = {"MDC_ECG_HEART_RATE": heart_rate(replays[0]), **numbers}
        self._begin = datetime.now(UTC)
        self._control = count(1)

    def message(self, place: int) -> bytes:
        """Return the message of the ``place``-th quarter of a second since the start."""
        start_at = self._begin + timedelta(seconds=place * PERIOD_S)
        waves = []
        for replay in self._replays:
            first, last = round(place * PERIOD_S * replay.rate_hz), round((place + 1) * PERIOD_S * replay.rate_hz)
            samples = replay.cut(first, last - first)
            waves.append((Wave(start_at, replay.rate_hz, replay.channels, samples), replay.resolution))
        numbers = self._numbers if place % round(1 / PERIOD_S) == 0 else None
        return build_oru(self._name, str(next(self._control)), start_at, waves, numbers)


def play(simulator: MonitorSimulator, host: str, port: int, *, speed: float = 1.0, messages: int | None = None) -> None:
    """Send in real time, waiting for each acknowledgement; connect again for ever, ever more patiently.

    Args:
        simulator: makes the messages.
        host: the workstation.
        port: its port for monitors.
        speed: times real time; for tests.
        messages: how many to send; None for ever.
    """
    wait_s = FIRST_WAIT_S
    begin_s = time.monotonic()
    place = 0
    while messages is None or place < messages:
        try:
            with socket.create_connection((host, port), timeout=5) as connection:
                wait_s = FIRST_WAIT_S
                while messages is None or place < messages:
                    _rest(begin_s + place * PERIOD_S / speed)
                    connection.sendall(frame(simulator.message(place)))
                    _wait_for_answer(connection)
                    place += 1
        except OSError as error:
            _log.info("no workstation at %s:%s (%s)", host, port, error)
            time.sleep(wait_s)
            wait_s = min(wait_s * 2, LONGEST_WAIT_S)
            # What was missed stays missed, as with a real monitor.
            place = max(place, int((time.monotonic() - begin_s) * speed / PERIOD_S))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until stopped."""
    parser = argparse.ArgumentParser(prog="monitor_simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ecg", type=Path, help="DICOM 12-lead ECG (default: the one pydicom ships)")
    parser.add_argument("--pleth", type=Path, help="WFDB header of a record with a PLETH signal")
    parser.add_argument("--name", default="SIMULATED-MONITOR")
    parser.add_argument("--speed", type=float, default=1.0)
    options = parser.parse_args(arguments)
    try:
        ecg = load_ecg(options.ecg or Path(str(get_testdata_file("waveform_ecg.dcm", download=False))))
        pleth = load_pleth(options.pleth) if options.pleth else simulated_pleth(ecg)
    except ClinicError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    with suppress(KeyboardInterrupt):
        play(MonitorSimulator(options.name, (ecg, pleth), NUMBERS), options.host, options.port, speed=options.speed)
    return 0


NUMBERS: Final = {
    "MDC_PULS_OXIM_SAT_O2": NumericValue(Decimal(96), "%"),
    "MDC_PRESS_CUFF_SYS": NumericValue(Decimal(148), "mmHg"),
    "MDC_PRESS_CUFF_DIA": NumericValue(Decimal(92), "mmHg"),
    "MDC_TEMP": NumericValue(Decimal("36.7"), "Cel"),
    "MDC_RESP_RATE": NumericValue(Decimal(16), "/min"),
}
"""Numbers that no recording carries: simulated, like the monitor."""


def heart_rate(ecg: Replay) -> NumericValue:
    """Return the heart rate of a recording, by the median distance of its R peaks in lead II."""
    peaks = r_peaks(ecg.samples[min(1, len(ecg.channels) - 1)], float(ecg.rate_hz))
    interval_s = float(np.median(np.diff(peaks))) / float(ecg.rate_hz) if len(peaks) > 2 else 1.0
    return NumericValue(Decimal(round(60 / interval_s)), "/min")


def _wait_for_answer(connection: socket.socket) -> None:
    answer = b""
    while END not in answer and len(answer) < 4096:
        data = connection.recv(4096)
        if not data:
            raise ConnectionResetError("the workstation closed the connection")
        answer += data


def _rest(until_s: float) -> None:
    time.sleep(max(0.0, until_s - time.monotonic()))


if __name__ == "__main__":
    sys.exit(main())
