"""The benchmark of the exchange: its goals judge rightly, what it sends is what rooms write, and its line is bad."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from clinic_app.records import Observation, decode_as
from clinic_app.sync.wire import decode_transaction, encode_transaction
from tests.helpers import bad_line
from tests.helpers.bad_line import ADDRESSES, BadLine, LineForm, why_not
from tests.helpers.clocks import FixedClock
from tests.helpers.nodes import DISTRICT, node
from tests.performance import bench, sync
from tests.performance.sync import GOALS, Goal, Size, WholeDay, _with_random_ids, bench_sync, measure_sync
from tests.performance.sync_crowd import WORKSTATIONS
from tests.performance.sync_hub import MeasuredHub, _batched
from tests.performance.sync_line import measure_bad_line
from tests.performance.sync_material import measure_patients, quantile, writes_of

GOOD: dict[str, Any] = {
    "local": {"per_s": 600, "p99_ms": 20.0},
    "ingest_sqlite": {"per_cpu_s": 3500},
    "ingest_postgresql": {"per_wall_s": 1200},
    "wire": {"bytes_each_at_200": 60.0},
    "bad_line": {"ratio": 106.0},
    "cut_upload": {"waste": 0.04},
    "polls": {},
    "crowd": {"hub_cpu_share_at_one_poll_a_minute": 0.3, "failures": 0},
}
MISSED: dict[str, dict[str, object]] = {
    "local.per_s": {"per_s": 499},
    "local.p99_ms": {"p99_ms": 50.1},
    "ingest_sqlite.per_cpu_s": {"per_cpu_s": 2999},
    "ingest_postgresql.per_wall_s": {"per_wall_s": 999},
    "wire.bytes_each_at_200": {"bytes_each_at_200": 100.1},
    "bad_line.ratio": {"ratio": 49.9},
    "cut_upload.waste": {"waste": 0.21},
    "crowd.hub_cpu_share_at_one_poll_a_minute": {"hub_cpu_share_at_one_poll_a_minute": 1.1},
    "crowd.failures": {"failures": 1},
}


def play(monkeypatch: pytest.MonkeyPatch, figures: dict[str, Any]) -> None:
    """Put figures in the place of everything that is measured."""

    def plays(name: str) -> Any:
        return lambda *_values, **_words: dict(figures[name])

    monkeypatch.setattr(sync, "slowness", lambda: 1.0)
    for name, function in (
        ("local", "measure_local"), ("wire", "measure_wire"), ("ingest_sqlite", "measure_ingest"),
        ("ingest_postgresql", "_ingest_on_postgres"), ("polls", "measure_polls"), ("crowd", "measure_crowd"),
        ("bad_line", "measure_bad_line"), ("cut_upload", "measure_cut_upload"),
    ):  # fmt: skip
        monkeypatch.setattr(sync, function, plays(name))


def test_where_every_goal_is_met_the_benchmark_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, GOOD)
    figures = measure_sync(Size())
    assert figures["ok"] is True
    assert figures["goals_missed"] == figures["not_measured_here"] == []
    assert len(figures["goals_met"]) == len(GOALS)


@pytest.mark.parametrize("missed", MISSED)
def test_each_missed_goal_fails_it_by_its_name(monkeypatch: pytest.MonkeyPatch, missed: str) -> None:
    part = missed.partition(".")[0]
    play(monkeypatch, {**GOOD, part: {**GOOD[part], **MISSED[missed]}})
    figures = measure_sync(Size())
    assert figures["ok"] is False
    assert figures["goals_missed"] == [missed]


def test_every_goal_is_tried() -> None:
    assert {".".join(goal.figure) for goal in GOALS} == set(MISSED)


def test_what_cannot_be_measured_here_is_told_and_is_no_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, {**GOOD, "bad_line": {"measured": False, "reason": "network namespaces need root"}})
    figures = measure_sync(Size())
    assert figures["ok"] is True
    assert figures["not_measured_here"] == ["bad_line.ratio"]
    assert figures["bad_line"]["reason"] == "network namespaces need root"


def test_the_last_line_and_the_file_are_the_figures(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    play(monkeypatch, GOOD)
    assert bench.main(["sync", "--json", str(tmp_path / "sync.json")]) == 0
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert printed == json.loads((tmp_path / "sync.json").read_text(encoding="utf-8"))
    assert (printed["bench"], printed["ok"]) == ("sync", True)
    play(monkeypatch, {**GOOD, "local": {**GOOD["local"], "per_s": 1}})
    assert bench_sync(None) == 1


@pytest.mark.parametrize(
    ("goal", "value", "is_met"),
    [
        (Goal(("a", "b"), least=2), 2, True),
        (Goal(("a", "b"), least=2), 1.9, False),
        (Goal(("a", "b"), most=2), 2, True),
        (Goal(("a", "b"), most=2), 2.1, False),
        (Goal(("a", "b"), least=1, most=2), 1.5, True),
        (Goal(("a", "b"), most=0), 0, True),
        (Goal(("a", "c"), least=1), 2, None),
        (Goal(("c", "b"), least=1), 2, None),
        (Goal(("a", "b", "c"), least=1), 2, None),
    ],
)
def test_a_goal_is_met_missed_or_not_measured(goal: Goal, value: float, is_met: bool | None) -> None:
    assert goal.is_met({"a": {"b": value}}) is is_met


def test_the_size_of_the_country_is_that_of_the_paper() -> None:
    assert Size().workstations == WORKSTATIONS == 209 * 20


def test_a_quantile_is_a_value_that_was_there() -> None:
    values = [float(number) for number in range(100, 0, -1)]
    assert (quantile(values, 0.0), quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1.0)) == (
        1,
        51,
        100,
        100,
    )
    assert quantile([3.0], 0.99) == 3.0


def test_what_is_measured_on_the_wire_is_what_the_rooms_write_with_ids_of_their_own(tmp_path: Path) -> None:
    with node(tmp_path / "here", DISTRICT, FixedClock()) as here:
        measure_patients(here, 20)
        writes = writes_of(here, "Observation")
    assert len(writes) >= 20
    renamed = [_with_random_ids(each) for each in writes]
    assert len({each.id for each in renamed} | {each.id for each in writes}) == 2 * len(writes)
    for before, after in zip(writes, renamed, strict=True):
        old, new = decode_as(Observation, before.body), decode_as(Observation, after.body)
        assert new.id == after.id
        assert new.value_quantity == old.value_quantity
        assert new.subject != old.subject
        assert len(after.body) == len(before.body)
    assert decode_transaction(encode_transaction(renamed)) == tuple(renamed)
    subjects = {decode_as(Observation, each.body).subject for each in renamed}
    assert len(subjects) == len({decode_as(Observation, each.body).subject for each in writes})


def test_moments_of_a_whole_day_are_not_in_a_row() -> None:
    clock = WholeDay()
    moments = [clock.now() for _ in range(50)]
    assert moments != sorted(moments)
    assert max(moments).timestamp() - min(moments).timestamp() < 86_400


def test_batches_lose_nothing() -> None:
    writes: Any = list(range(450))
    batches = list(_batched(writes, 200))
    assert [len(each) for each in batches] == [200, 200, 50]
    assert [each for batch in batches for each in batch] == writes


def test_the_processor_time_of_a_process_only_grows() -> None:
    hub = MeasuredHub("", os.getpid())
    before = hub.cpu_s()
    sum(number * number for number in range(300_000))
    assert hub.cpu_s() >= before
    assert MeasuredHub("", -1).cpu_s() == 0.0


# --- the line, packet by packet --------------------------------------------------------------------------------------

ECHO = """
import socket, sys, time
where, port = sys.argv[1], 7007
if sys.argv[2] == "serve":
    with socket.create_server((where, port)) as server:
        print("up", flush=True)
        with server.accept()[0] as other:
            while heard := other.recv(1 << 16):
                other.sendall(heard)
else:
    words = bytes(range(256)) * 400
    began = time.monotonic()
    with socket.create_connection((where, port), timeout=30) as other:
        other.sendall(words)
        heard = b""
        while len(heard) < len(words):
            heard += other.recv(1 << 16)
    print(heard == words, time.monotonic() - began)
"""


def test_a_line_between_two_namespaces_carries_every_byte_late_and_leaves_nothing_behind() -> None:
    if why_not():
        assert why_not().isprintable()
        return
    with BadLine(LineForm(kbit_s=20_000, delay_s=0.05, loss=0.02)) as line:
        serve = [*line.at("far"), sys.executable, "-c", ECHO, ADDRESSES["far"], "serve"]
        with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            assert server.stdout.readline() == "up\n"
            call = [*line.at("near"), sys.executable, "-c", ECHO, ADDRESSES["far"], "call"]
            said = subprocess.run(call, capture_output=True, text=True, check=True, timeout=60).stdout.split()
            server.wait(30)
    assert said[0] == "True"
    assert float(said[1]) > 0.2, "two ways there and back"
    left = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    assert not [name for name in line._names.values() if name in left]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"platform": "win32"}, "Linux"),
        ({"root": 1000}, "root"),
        ({"tun": Path("nothing/here")}, "tun"),
        ({"ip": None}, "iproute2"),
    ],
)
def test_where_there_can_be_no_such_line_it_is_told_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    monkeypatch.setattr(bad_line, "sys", SimpleNamespace(platform=change.get("platform", "linux")))
    monkeypatch.setattr(bad_line.os, "geteuid", lambda: change.get("root", 0))
    monkeypatch.setattr(bad_line, "_TUN", change.get("tun", tmp_path))
    monkeypatch.setattr(bad_line.shutil, "which", lambda _: change.get("ip", "/sbin/ip"))
    assert reason in why_not()
    told = measure_bad_line(tmp_path, 1, 1)
    assert told["measured"] is False
    assert reason in told["reason"]
