"""``dev.py bench sync``: what saving costs, what the hub bears, and what goes over a bad line, each against its goal.

Every figure stands with its goal. On a shared machine a rate says as much about the neighbours as about us, so the
pace of this machine beside a quiet one (`tests.helpers.pace`) is measured before and after and printed with them.
"""

from __future__ import annotations

import json
import os
import platform
import random
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from clinic_app.foundation.clock import SystemClock
from clinic_app.foundation.ids import new_id
from clinic_app.records import Meta, Observation, Resource, decode
from clinic_app.storage.exchange.exchange import Write
from clinic_app.sync.compression import pack
from clinic_app.sync.wire import encode_transaction
from tests.helpers import postgres
from tests.helpers.hub_process import HubProcess
from tests.helpers.link import Link
from tests.helpers.nodes import DISTRICT, Node, node
from tests.helpers.pace import slowness
from tests.helpers.waiting import wait_until
from tests.performance.sync_crowd import WORKSTATIONS, measure_crowd
from tests.performance.sync_hub import measure_ingest, measure_polls
from tests.performance.sync_line import measure_bad_line, measure_cut_upload
from tests.performance.sync_material import measure_patients, quantile, writes_of

_HONEST_SERVER: Final = {"fsync": "on", "full_page_writes": "on", "autovacuum": "on", "shared_buffers": "128MB"}
_DAY_MS: Final = 86_400_000
_WIRE_SIZES: Final = (200, 400, 1000)


@dataclass(frozen=True)
class Size:
    """How much is done of everything.

    Args:
        saves: local saves, one after the other.
        resources: at the hub.
        polls: for news there are none of.
        over_line: measurements our exchange sends over the bad line; the other client sends a few.
        one_by_one: so many.
        upload_bytes: over a line that is cut.
        upload_scale: how many times faster line and cuts are than on the real line.
        workstations: that poll.
        crowd_s: how long.
    """

    saves: int = 3000
    resources: int = 20_000
    polls: int = 1000
    over_line: int = 3000
    one_by_one: int = 25
    upload_bytes: int = 4_000_000
    upload_scale: float = 1.0
    workstations: int = WORKSTATIONS
    crowd_s: float = 60.0


@dataclass(frozen=True)
class Goal:
    """What a figure has to reach.

    Args:
        figure: its path in the figures.
        least: it has to be at least this.
        most: it has to be at most this.
    """

    figure: tuple[str, ...]
    least: float | None = None
    most: float | None = None

    def is_met(self, figures: dict[str, Any]) -> bool | None:
        """Return whether it is, or None where the figure was not measured here."""
        value: Any = figures
        for name in self.figure:
            value = value.get(name) if isinstance(value, dict) else None
        if value is None:
            return None
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


GOALS: Final = (
    Goal(("local", "per_s"), least=500),
    Goal(("local", "p99_ms"), most=50),
    Goal(("ingest_sqlite", "per_cpu_s"), least=3000),
    Goal(("ingest_postgresql", "per_wall_s"), least=1000),
    Goal(("wire", "bytes_each_at_200"), most=100),
    Goal(("bad_line", "ratio"), least=50),
    Goal(("cut_upload", "waste"), most=0.2),
    Goal(("crowd", "hub_cpu_share_at_one_poll_a_minute"), most=1.0),
    Goal(("crowd", "failures"), most=0),
)


def bench_sync(json_file: Path | None, size: Size | None = None) -> int:
    """Measure everything, print it and return the exit code: 0 if every goal that could be measured is met."""
    figures = measure_sync(size or Size())
    line = json.dumps(figures)
    if json_file:
        json_file.write_text(line + "\n", encoding="utf-8")
    print(line)
    return 0 if figures["ok"] else 1


def measure_sync(size: Size) -> dict[str, Any]:
    """Return all figures; ``ok`` says whether every goal is met that could be measured."""
    steps: dict[str, Callable[[Path], dict[str, Any]]] = {
        "local": lambda folder: measure_local(folder, size.saves),
        "wire": measure_wire,
        "ingest_sqlite": lambda folder: measure_ingest(folder / "hub", size.resources),
        "ingest_postgresql": lambda folder: _ingest_on_postgres(folder, size.resources),
        "polls": lambda folder: measure_polls(folder / "hub", size.polls),
        "crowd": lambda folder: measure_crowd(folder / "hub", size.workstations, size.crowd_s),
        "bad_line": lambda folder: measure_bad_line(folder, size.over_line, size.one_by_one),
        "cut_upload": lambda folder: measure_cut_upload(folder, size.upload_bytes, size.upload_scale),
    }
    figures: dict[str, Any] = {}
    for name, measure in steps.items():
        pace, begin = slowness(), time.monotonic()
        with tempfile.TemporaryDirectory(prefix="dala-bench-") as folder:
            figures[name] = measure(Path(folder))
        figures[name]["machine_slower_by"] = round((pace + slowness()) / 2, 2)
        print(f"{name} ({time.monotonic() - begin:.0f} s): {figures[name]}", flush=True)
    met = {".".join(goal.figure): goal.is_met(figures) for goal in GOALS}
    return {
        "bench": "sync",
        "ok": False not in met.values(),
        "goals_met": [name for name, is_met in met.items() if is_met],
        "goals_missed": [name for name, is_met in met.items() if is_met is False],
        "not_measured_here": [name for name, is_met in met.items() if is_met is None],
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        **figures,
    }


def measure_local(folder: Path, saves: int) -> dict[str, Any]:
    """Save measurements one by one at a workstation, each with its history, index, outbox row and COMMIT."""
    with node(folder / "workstation", DISTRICT, SystemClock()) as here:
        measure_patients(here, saves)
        writes = writes_of(here, "Observation")[:saves]
        cpu_s = time.process_time()
        seconds = [_save(here, decode(write.body)) for write in writes]
        cpu_s = time.process_time() - cpu_s
    return {
        "saves": len(seconds),
        "per_cpu_s": round(len(seconds) / cpu_s),
        "per_s": round(len(seconds) / sum(seconds)),
        "p50_ms": round(quantile(seconds, 0.5) * 1000, 2),
        "p99_ms": round(quantile(seconds, 0.99) * 1000, 2),
    }


def measure_wire(folder: Path) -> dict[str, Any]:
    """Return the bytes of one Observation on the wire, packed as the exchange packs it, with everything around it."""
    with node(folder / "workstation", DISTRICT, WholeDay()) as here:
        measure_patients(here, max(_WIRE_SIZES) + 50)
        writes = [_with_random_ids(each) for each in writes_of(here, "Observation")]
    figures: dict[str, Any] = {"bytes_raw": round(len(encode_transaction(writes[:200])) / 200)}
    for number in _WIRE_SIZES:
        whole = encode_transaction(writes[:number])
        figures[f"bytes_each_at_{number}"] = round(len(pack(whole, "zstd")) / number, 1)
        figures[f"gzip_bytes_each_at_{number}"] = round(len(pack(whole, "gzip")) / number, 1)
    figures["bytes_each_of_all_on_the_socket"] = _on_the_socket(folder)
    return figures


class WholeDay:
    """A clock that shows some moment of one day, so that nothing on the wire is alike only because it was made fast."""

    def __init__(self) -> None:
        self._rng = random.Random(1)
        self._morning = SystemClock().now()

    def now(self) -> datetime:
        """Return a moment."""
        return self._morning + timedelta(milliseconds=self._rng.randrange(_DAY_MS))


def _with_random_ids(write: Write) -> Write:
    """Return a write whose own id is random in all its bits, as is that of its patient: the worst there can be."""
    record = decode(write.body)
    assert isinstance(record, Observation)
    assert record.subject is not None
    patient_id = str(uuid.uuid5(uuid.NAMESPACE_OID, record.subject.id))
    own_id = str(uuid.uuid4())
    body = write.body.replace(write.id.encode(), own_id.encode()).replace(
        record.subject.id.encode(), patient_id.encode()
    )
    return replace(write, id=own_id, body=body)


def _on_the_socket(folder: Path) -> float:
    """Let the whole exchange run once and count what goes up, headers and audit trail and all."""
    hub = HubProcess(folder / "hub")
    token = hub.enrol(DISTRICT, "wire")
    with hub, Link(hub.url) as link, node(folder / "sender", DISTRICT, SystemClock()) as here:
        measure_patients(here, 1000)
        waiting = here.store.outbox.count()
        here.sync(link.url, token, interval_s=1).start()
        wait_until(lambda: not here.store.outbox.count(), 120, "everything is at the hub")
        return round(link.bytes_up / waiting, 1)


def _save(here: Node, record: Resource) -> float:
    fresh = msgspec.structs.replace(record, id=new_id(), meta=Meta())
    begin = time.perf_counter()
    here.store.records.commit([fresh])
    return time.perf_counter() - begin


def _ingest_on_postgres(folder: Path, resources: int) -> dict[str, Any]:
    if reason := postgres.why_not():
        return {"measured": False, "reason": reason}
    server = postgres.PostgresServer(_HONEST_SERVER)
    try:
        server.start()
        return measure_ingest(folder / "hub", resources, server.take_bare())
    finally:
        server.remove()
