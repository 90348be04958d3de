"""``dev.py bench beats``: our beat detector beside wfdb's xqrs on MIT-BIH record 100, clean and in three noises.

Ours runs as it does at the bedside, in blocks of 200 ms, and never sees the future; xqrs has the whole record at once.
Where noise drowns the beats a detector may miss them, but then it has to say so: the share of the time in which ours
says "noisy" stands beside its figures, and must be nothing on the clean record.
"""

from __future__ import annotations

import json
import os
import platform
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from clinic_app.waveforms.beats import BeatFinder
from tests.helpers.ecg_beats import NOISES, Curve, Reference, mit_bih_100, score, with_noise

DATA: Final = Path(__file__).resolve().parents[3] / "shared" / "data" / "waveforms"
_BLOCK_S: Final = 0.2
_GOALS: Final = {"clean": (99.8, 99.9)}
_NOISE_GOAL: Final = (95.0, 95.0)
_FLAGGED: Final = 0.8
"""Of the time: a noise is known for what it is."""


@dataclass(frozen=True)
class Found:
    """What a detector found in one record.

    Args:
        sensitivity: in percent.
        predictivity: in percent.
        cpu_s: for the whole record.
        noisy_share: part of the seconds it called noisy; None for one that never does.
        delay_ms: from a peak to the end of the block that told it, p95.
    """

    sensitivity: float
    predictivity: float
    cpu_s: float
    noisy_share: float | None = None
    delay_ms: float | None = None

    def holds(self, goal: tuple[float, float]) -> bool:
        """Return whether the beats were found as well as wanted."""
        return self.sensitivity >= goal[0] and self.predictivity >= goal[1]


def ours(samples: Curve, reference: Reference) -> Found:
    """Run our detector as the samples would come."""
    began_s = time.process_time()
    finder, found, delays, noisy = BeatFinder(reference.rate_hz), [], [], []
    block = round(_BLOCK_S * reference.rate_hz)
    for start in range(0, len(samples), block):
        beats = finder.feed(samples[start : start + block])
        found += [beat.index for beat in beats]
        delays += [(start + block - beat.index) / reference.rate_hz * 1000 for beat in beats]
        if start % (5 * block) == 0:
            noisy.append(finder.quality.is_noisy)
    cpu_s = time.process_time() - began_s
    share = float(np.mean(noisy))
    return Found(*score(found, reference.beats, reference.rate_hz), cpu_s, share, float(np.percentile(delays, 95)))


def xqrs(samples: Curve, reference: Reference) -> Found:
    """Run wfdb's detector over the whole record."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas about wfdb
        from wfdb.processing import xqrs_detect

        began_s = time.process_time()
        found = xqrs_detect(samples / 1000, reference.rate_hz, verbose=False)
    return Found(*score(found, reference.beats, reference.rate_hz), time.process_time() - began_s)


def has_held(kind: str, found: Found) -> bool:
    """Return whether what ours found in one kind of noise is good, or honestly called noisy."""
    share = found.noisy_share or 0.0
    if kind in _GOALS:
        return found.holds(_GOALS[kind]) and share == 0.0
    return found.holds(_NOISE_GOAL) or share >= _FLAGGED


def bench_beats(json_file: Path | None, seconds: float = 1e9) -> int:
    """Measure, print and keep the figures; return 0 if all goals were reached.

    Args:
        json_file: for the figures.
        seconds: only so much of the record.
    """
    reference = mit_bih_100(DATA).first(seconds)
    print(
        f"MIT-BIH 100, MLII: {len(reference.beats)} beats in {len(reference.samples) / reference.rate_hz / 60:.1f} min"
    )
    rows = []
    for kind in NOISES:
        samples = with_noise(reference, kind)
        our_beats, their_beats = ours(samples, reference), xqrs(samples, reference)
        is_good = has_held(kind, our_beats)
        rows.append({"noise": kind, "ours": vars(our_beats), "xqrs": vars(their_beats), "has_held": is_good})
        print(
            f"{kind:18} ours {our_beats.sensitivity:6.2f} / {our_beats.predictivity:6.2f}, "
            f"noisy {100 * (our_beats.noisy_share or 0):4.1f} % of the time, "
            f"told after {our_beats.delay_ms:.0f} ms (p95), "
            f"{our_beats.cpu_s:.1f} s CPU   xqrs {their_beats.sensitivity:6.2f} / {their_beats.predictivity:6.2f}, "
            f"{their_beats.cpu_s:.1f} s CPU   {'held' if is_good else 'NOT HELD'}"
        )
    if json_file:
        machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
        figures = {"name": "beats", "record": "MIT-BIH 100 MLII", "machine": machine, "rows": rows}
        json_file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0 if all(row["has_held"] for row in rows) else 1
