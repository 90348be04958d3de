"""Benchmarks, each beside a bare yardstick in the same run: on a shared machine only the ratio is worth comparing.

Run as ``python -m tests.performance.bench NAME [--json FILE]``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.performance.beats import bench_beats
from tests.performance.save import measure_save
from tests.performance.startup import measure_startup
from tests.performance.storage import bench_storage
from tests.performance.sync import bench_sync
from tests.performance.waveforms import bench_waveforms


@dataclass(frozen=True)
class Measured:
    """What a benchmark found.

    Args:
        what: the thing measured, in words.
        yardstick: what stands beside it, in words.
        ours_ms: each run of ours, in milliseconds.
        yardstick_ms: each run of the yardstick.
    """

    what: str
    yardstick: str
    ours_ms: tuple[float, ...]
    yardstick_ms: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """How many times the yardstick ours takes, by the medians."""
        return statistics.median(self.ours_ms) / statistics.median(self.yardstick_ms)

    def as_json(self, name: str) -> dict[str, object]:
        """Return the figures for a file."""
        return {
            "name": name,
            "what": self.what,
            "yardstick": self.yardstick,
            "runs": len(self.ours_ms),
            "ours_ms": _figures(self.ours_ms),
            "yardstick_ms": _figures(self.yardstick_ms),
            "ratio": round(self.ratio, 2),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
            "python": platform.python_version(),
        }


def _startup() -> Measured:
    ours, bare = measure_startup()
    return Measured("process start to usable sign-in window", "process start to a bare QLabel window", ours, bare)


def _save() -> Measured:
    ours, bare = measure_save()
    return Measured(
        "patient save to COMMIT, with history, indexes, outbox and audit", "bare sqlite3 insert", ours, bare
    )


BENCHES: dict[str, Callable[[], Measured]] = {"startup": _startup, "save": _save}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one benchmark and print its figures."""
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument(
        "name", choices=sorted([*BENCHES, "beats", "imaging", "sdc", "soak", "storage", "sync", "waveforms"])
    )
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long the soak takes")
    options = parser.parse_args(arguments)
    if options.name == "beats":
        return bench_beats(options.json)
    if options.name == "imaging":
        from tests.performance.imaging import bench_imaging

        return bench_imaging(options.json)
    if options.name == "sdc":
        from tests.performance.sdc import bench_sdc

        return bench_sdc(options.json)
    if options.name == "soak":
        from tests.performance.soak import bench_soak

        return bench_soak(options.json, options.minutes)
    if options.name == "storage":
        return bench_storage(options.json)
    if options.name == "sync":
        return bench_sync(options.json)
    if options.name == "waveforms":
        return bench_waveforms(options.json)
    measured = BENCHES[options.name]()
    figures = measured.as_json(options.name)
    print(f"{measured.what}: median {statistics.median(measured.ours_ms):.2f} ms, p95 {_p95(measured.ours_ms):.2f} ms")
    print(f"{measured.yardstick}: median {statistics.median(measured.yardstick_ms):.2f} ms")
    print(f"ratio {measured.ratio:.2f} ({len(measured.ours_ms)} runs)")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


def _p95(runs: Sequence[float]) -> float:
    return sorted(runs)[-(-len(runs) * 95 // 100) - 1]


def _figures(runs: Sequence[float]) -> dict[str, float]:
    return {"median": round(statistics.median(runs), 3), "p95": round(_p95(runs), 3), "best": round(min(runs), 3)}


if __name__ == "__main__":
    sys.exit(main())
