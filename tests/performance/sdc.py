"""Twelve leads at 500 Hz over SDC with mutual TLS, provider and consumer in two processes on this computer.

Asked is that no sample is lost and that a wave is here within a tenth of a second after its last sample was taken (95 %
of all). Both run on one clock, so the age of a wave on arrival is its latency.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final

from clinic_app.devices import Block
from clinic_app.devices.link import DeviceLink
from clinic_app.devices.sdc.consumer import SdcDriver
from clinic_app.devices.sdc.tls import Papers
from tests.helpers.certificates import OwnCertificate, authority
from tests.helpers.waiting import wait_until

ROOT: Final = Path(__file__).parents[2]
SECONDS: Final = 30.0
RATE_HZ: Final = Fraction(500)
LEADS: Final = 12
P95_MS: Final = 100.0


@dataclass
class Heard:
    """What of the ECG arrived, noted on the consumer's own thread.

    Args:
        latencies_ms: age of each wave's last sample on arrival.
    """

    latencies_ms: list[float] = field(default_factory=list)
    blocks: list[tuple[str, int, int]] = field(default_factory=list)

    def take(self, item: object) -> None:
        """Note a block of the ECG."""
        if not isinstance(item, Block) or item.rate_hz != RATE_HZ or len(item.channels) != LEADS:
            return
        assert item.stream_began_at is not None
        end = item.first_index + item.samples.shape[1]
        age_s = (item.received_at - item.stream_began_at).total_seconds() - float(end / item.rate_hz)
        self.latencies_ms.append(age_s * 1000)
        self.blocks.append((item.stream_id, item.first_index, item.samples.shape[1]))

    @property
    def received(self) -> int:
        """Samples of one lead that came."""
        return sum(count for _, _, count in self.blocks)

    @property
    def lost(self) -> int:
        """Samples of one lead that are missing between the first and the last one."""
        ends = [first + count for _, first, count in self.blocks]
        return max(ends, default=0) - min((first for _, first, _ in self.blocks), default=0) - self.received


def bench_sdc(json_file: Path | None, seconds: float = SECONDS) -> int:
    """Print the figures; the exit code is 0 if no sample was lost and the waves came in time."""
    with tempfile.TemporaryDirectory(prefix="sdc-") as folder:
        figures = measure_sdc(Path(folder), seconds)
    print(json.dumps(figures, indent=2))
    if json_file:
        json_file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0 if figures["has_held"] else 1


def measure_sdc(folder: Path, seconds: float) -> dict[str, object]:
    """Return the figures of one run."""
    hospital = authority(folder)
    device, desk = hospital.signed("device"), hospital.signed("desk")
    provider = subprocess.Popen(_command(device, hospital.certificate), cwd=ROOT, stdout=subprocess.PIPE, text=True)
    heard = Heard()
    try:
        assert provider.stdout is not None
        address = provider.stdout.readline().strip()
        papers = Papers(desk.key, desk.certificate, hospital.certificate)
        link = DeviceLink("SDC", "sdc", SdcDriver(lambda stopping: address, papers), heard.take)
        link.start()
        try:
            wait_until(lambda: heard.blocks, 60, "the first wave")
            heard.latencies_ms.clear()
            begun_cpu_s = time.process_time()
            threading.Event().wait(seconds)
            cpu_percent = (time.process_time() - begun_cpu_s) / seconds * 100
            streams = len({stream for stream, _, _ in heard.blocks})
        finally:
            link.stop()
    finally:
        provider.terminate()
        provider.wait(10)
        provider.stdout.close()
    return _figures(heard, seconds, streams, cpu_percent)


def _command(device: OwnCertificate, trusted: Path) -> list[str]:
    papers = ["--key", str(device.key), "--certificate", str(device.certificate), "--authority", str(trusted)]
    return [sys.executable, "-m", "clinic_app.devices.sdc.provider", *papers, "--thin", "2"]


def _figures(heard: Heard, seconds: float, streams: int, cpu_percent: float) -> dict[str, object]:
    latencies = sorted(heard.latencies_ms)
    p95_ms = latencies[-(-len(latencies) * 95 // 100) - 1] if latencies else float("inf")
    is_whole = heard.received >= float(RATE_HZ) * seconds * 0.98
    return {
        "name": "sdc",
        "leads": LEADS,
        "rate_hz": float(RATE_HZ),
        "seconds": seconds,
        "tls": "mutual",
        "received_per_lead": heard.received,
        "lost_per_lead": heard.lost,
        "streams": streams,
        "latency_ms": {
            "median": round(latencies[len(latencies) // 2], 1) if latencies else None,
            "p95": round(p95_ms, 1),
            "worst": round(max(latencies, default=0.0), 1),
        },
        "consumer_cpu_percent": round(cpu_percent, 1),
        "has_held": is_whole and heard.lost == 0 and streams == 1 and p95_ms < P95_MS,
    }
