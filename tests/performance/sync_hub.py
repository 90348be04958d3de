"""A hub as its own process, and what its processor spent: for the benchmarks of the exchange."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import httpx

from clinic_app.storage.exchange.exchange import Write
from clinic_app.sync.compression import pack
from clinic_app.sync.wire import MEDIA_TYPE, encode_transaction
from tests.drills.visits import organization, visits
from tests.helpers.hub_process import HubProcess
from tests.helpers.provisioning import free_port
from tests.helpers.waiting import wait_until
from tests.performance.sync_material import ROOT, quantile

_SITE = 7
_BATCH = 200


@dataclass(frozen=True)
class MeasuredHub:
    """A hub whose processor time can be read.

    Args:
        url: where it is.
        pid: of its process.
    """

    url: str
    pid: int

    def cpu_s(self) -> float:
        """Return the processor seconds it has taken, or 0 where the system does not say."""
        status = Path(f"/proc/{self.pid}/stat")
        if not status.exists():
            return 0.0
        fields = status.read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def measured_hub(folder: Path, *words: str, at: Sequence[str] = (), host: str = "127.0.0.1") -> Iterator[MeasuredHub]:
    """Run a hub for the length of the block.

    Args:
        folder: its data folder.
        *words: of its command line.
        at: words before the command.
        host: where it listens; with a certificate among the words where it is not this computer's own.
    """
    port = free_port()
    command = [*at, sys.executable, "-m", "clinic_app.hub", "--data", str(folder), "--port", str(port)]
    with folder.with_suffix(".log").open("ab") as log:
        process = subprocess.Popen(
            [*command, "--host", host, "--reserve-mb", "0", *words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        if not url:
            raise RuntimeError(f"the hub did not start: {folder.with_suffix('.log').read_text(encoding='utf-8')}")
        yield MeasuredHub(url, process.pid)
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def measure_ingest(folder: Path, resources: int, database: str = "") -> dict[str, Any]:
    """Send new records in packed transactions of 200 and return the rates of a hub that checks every one.

    Args:
        folder: an empty one.
        resources: how many.
        database: address of a PostgreSQL database; empty for a file.
    """
    token = HubProcess(folder, database).enrol(organization(_SITE), "bench")
    batches = [_packed(batch) for batch in _batched(visits(_SITE, 0, resources // 25), _BATCH)]
    words = ("--database", database) if database else ()
    with measured_hub(folder, *words) as hub, _client(hub.url, token) as client:
        _send(client, batches[:1])  # what is read and made at the first request
        cpu_s, begin = hub.cpu_s(), time.perf_counter()
        _send(client, batches[1:])
        wall_s, cpu_s = time.perf_counter() - begin, hub.cpu_s() - cpu_s
    sent = (len(batches) - 1) * _BATCH
    return {
        "resources": sent,
        "per_wall_s": round(sent / wall_s),
        "per_cpu_s": round(sent / cpu_s) if cpu_s else None,
        "hub_cpu_share": round(cpu_s / wall_s, 2),
    }


def measure_polls(folder: Path, polls: int) -> dict[str, Any]:
    """Ask a hub that has some records for news there are none of; return what that costs."""
    token = HubProcess(folder).enrol(organization(_SITE), "bench")
    with measured_hub(folder) as hub, _client(hub.url, token) as client:
        _send(client, [_packed(batch) for batch in _batched(visits(_SITE, 0, 80), _BATCH)])
        cursor = _last_cursor(client)
        seconds = []
        cpu_s = hub.cpu_s()
        for _ in range(polls):
            begin = time.perf_counter()
            answer = client.get("/$changes", params={"cursor": cursor})
            seconds.append(time.perf_counter() - begin)
            assert answer.status_code == 200, answer.text
        cpu_s = hub.cpu_s() - cpu_s
        size = len(answer.content) + sum(len(k) + len(v) + 4 for k, v in answer.headers.raw)
    return {
        "polls": polls,
        "cpu_ms": round(cpu_s / polls * 1000, 3),
        "per_cpu_s": round(polls / cpu_s) if cpu_s else None,
        "p50_ms": round(quantile(seconds, 0.5) * 1000, 2),
        "p99_ms": round(quantile(seconds, 0.99) * 1000, 2),
        "answer_bytes": size,
    }


def _packed(writes: Sequence[Write]) -> bytes:
    return pack(encode_transaction(writes), "zstd")


def _send(client: httpx.Client, batches: Sequence[bytes]) -> None:
    for batch in batches:
        answer = client.post("/", content=batch, headers={"Content-Encoding": "zstd", "Content-Type": MEDIA_TYPE})
        assert answer.status_code == 200, answer.text


def _last_cursor(client: httpx.Client) -> str:
    cursor, found = "", 1
    while found:
        page = client.get("/$changes", params={"cursor": cursor}).json()
        found = len(page.get("entry", ()))
        cursor = httpx.URL(page["link"][0]["url"]).params["cursor"]
    return cursor


def _client(url: str, token: str) -> httpx.Client:
    wait_until(lambda: httpx.get(f"{url}/health", trust_env=False).status_code == 200, 60, "the hub's health")
    headers = {"Authorization": f"Bearer {token}", "Accept": MEDIA_TYPE, "Accept-Encoding": "zstd, gzip"}
    return httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=120)


def _batched(writes: Sequence[Write], count: int) -> Iterator[tuple[Write, ...]]:
    left = iter(writes)
    while batch := tuple(islice(left, count)):
        yield batch
