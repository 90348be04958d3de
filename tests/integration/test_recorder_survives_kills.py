"""A recorder in a process of its own, killed while it records: ten seconds are lost at most, and it goes on after."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from clinic_app.waveforms.store import Ledger, Recorder, open_recording
from tests.helpers.clocks import FixedClock
from tests.helpers.device_items import NOON, RATE_HZ, blocks, samples
from tests.helpers.stores import opened

ROOT = Path(__file__).parents[2]
RECORDER = """
import sys
from pathlib import Path
from clinic_app.storage import Store
from clinic_app.waveforms.store import Head, Ledger, Recorder, recorder as module
from tests.helpers.clocks import FixedClock
from tests.helpers.device_items import NOON, blocks
from tests.helpers.stores import KEY
module.STEP_S = 1000.0
store = Store.open(Path(sys.argv[1]), KEY, FixedClock())
now_s = [1000.0]
recorder = Recorder(store, FixedClock(NOON), lambda: now_s[0])
head = Head("r", "p", "bed 1", NOON)
Ledger(store).keep(head)
recorder.begin(head)
for block in blocks(0, 10**9):
    now_s[0] = block.monotonic_s
    recorder.take_in(block)
    recorder.step()
    print(block.first_index + 250, flush=True)
"""
"""Its clock goes as fast as it can: half a second for each line it prints."""


@pytest.mark.parametrize("lines", [15, 100])
def test_a_kill_loses_ten_seconds_at_most_and_nothing_before(tmp_path: Path, lines: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", RECORDER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for _ in range(lines):
            process.stdout.readline()
        process.kill()
        rest = [line for line in process.stdout if line.endswith("\n")]
    received = 250 * (lines + len(rest))
    with opened(tmp_path) as store:
        assert Ledger(store).running() == ("r",)
        recording = open_recording(store, "r")
        saved = sum(line.samples for line in recording.lines) // 2
        assert received - saved <= 10 * RATE_HZ
        if saved:
            seconds = float(saved / RATE_HZ)
            kept = recording.read(NOON + timedelta(seconds=max(seconds - 3000, 0)), NOON + timedelta(seconds=seconds))
            whole = samples(max(saved - 1_500_000, 0), min(saved, 1_500_000))
            np.testing.assert_array_equal(np.stack([each.samples for each in kept.channels]), whole)
        _goes_on(store, saved)


def _goes_on(store: object, saved: int) -> None:
    """Go on an hour later, as the next start of the program would when a person says so."""
    later = NOON + timedelta(hours=1)
    recorder = Recorder(store, FixedClock(later), lambda: 1000.0)  # type: ignore[arg-type]
    ledger = Ledger(store)  # type: ignore[arg-type]
    recorder.begin(ledger.head("r"))
    for each in blocks(0, 5000):
        recorder.take_in(each)
    recorder.end("r")
    recorder.close()
    recording = open_recording(store, "r")  # type: ignore[arg-type]
    assert sum(line.samples for line in recording.lines) // 2 == saved + 5000
    kept = recording.read(later, later + timedelta(seconds=10)).channels[0].samples
    np.testing.assert_array_equal(kept, samples(0, 5000)[0])
