"""The storage benchmark measures both sides of each thing and fails when a target is missed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.performance import bench, storage
from tests.performance.storage import Pair, PlainFile, measure_storage

EVEN = Pair((0.01,), (0.01,))
THRICE = Pair((0.03,), (0.01,))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, number in {"BATCHES": 2, "BATCH_ROWS": 10, "COMMITS": 3, "LOOKUPS": 5, "SEARCHES": 4}.items():
        monkeypatch.setattr(storage, name, number)
    monkeypatch.setattr(storage, "BLOB_MB", 1)
    monkeypatch.setattr(storage, "BLOBS", 2)


@pytest.mark.usefixtures("small")
def test_it_measures_everything_with_and_without_a_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "storage.json"
    code = bench.main(["storage", "--json", str(file)])
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures == json.loads(file.read_text(encoding="utf-8"))
    assert code == (0 if figures["ok"] else 1)
    assert figures["patients"] == 23
    assert figures["is_readable_without_key"] is False
    for name in ("insert_rows_per_s", "blob_write_mb_per_s", "blob_read_mb_per_s"):
        assert set(figures[name]) == {"ours", "plain", "ratio"}
        assert min(figures[name].values()) > 0
    for name in ("commit_ms", "lookup_ms", "search_ms"):
        assert set(figures[name]) == {"ours_p50", "plain_p50", "ours_p99", "plain_p99", "ratio"}
        assert min(figures[name].values()) > 0


@pytest.mark.usefixtures("small")
def test_the_plain_side_has_no_key_and_ours_is_not_readable_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        storage._store(tmp_path / "plain", PlainFile) as plain,
        storage._store(tmp_path / "ours", storage.EncryptedFile) as ours,
    ):
        for store in (plain, ours):
            store.records.commit([storage._patient(7)])
            assert store.file is not None
            store.file.checkpoint()
    assert (tmp_path / "plain" / "clinic.db").read_bytes().startswith(b"SQLite format 3")
    assert b"Marker7" in (tmp_path / "plain" / "clinic.db").read_bytes()
    assert b"Marker7" not in (tmp_path / "ours" / "clinic.db").read_bytes()
    monkeypatch.setattr(storage, "EncryptedFile", PlainFile)
    figures = measure_storage()
    assert figures["is_readable_without_key"] is True
    assert figures["ok"] is False


@pytest.mark.parametrize(
    ("inserted", "looked_up", "written", "read", "are_met"),
    [
        (EVEN, EVEN, EVEN, EVEN, True),
        (THRICE, EVEN, EVEN, EVEN, False),
        (EVEN, THRICE, EVEN, EVEN, True),
        (EVEN, Pair((0.031,), (0.01,)), EVEN, EVEN, False),
        (EVEN, EVEN, Pair((9.0,), (8.9,)), EVEN, True),
        (EVEN, EVEN, Pair((9.0,), (7.0,)), EVEN, False),
        (EVEN, EVEN, EVEN, Pair((9.0,), (7.0,)), False),
        (EVEN, EVEN, Pair((9.0, 0.01), (7.0, 0.01)), EVEN, True),
    ],
)
def test_a_missed_target_is_a_failure(
    inserted: Pair, looked_up: Pair, written: Pair, read: Pair, are_met: bool
) -> None:
    assert storage._are_met(inserted, looked_up, written, read) is are_met


def test_each_item_is_done_by_both_and_who_begins_changes() -> None:
    done: list[tuple[str, int]] = []
    pair = storage._in_turn([1, 2], lambda item: done.append(("ours", item)), lambda item: done.append(("plain", item)))
    assert done == [("plain", 1), ("ours", 1), ("ours", 2), ("plain", 2)]
    assert len(pair.ours_s) == len(pair.plain_s) == 2


def test_figures_are_medians_and_ratios() -> None:
    pair = Pair((1.0, 2.0, 9.0), (1.0, 1.0, 1.0))
    assert pair.rates(100) == {"ours": 50.0, "plain": 100.0, "ratio": 2.0}
    assert pair.milliseconds() == {
        "ours_p50": 2000.0, "plain_p50": 1000.0, "ours_p99": 9000.0, "plain_p99": 1000.0, "ratio": 2.0
    }  # fmt: skip


def test_a_measurement_that_finds_the_wrong_thing_is_none() -> None:
    with pytest.raises(RuntimeError, match="found 2 patients"):
        storage._one([1, 2])
    with pytest.raises(RuntimeError, match="not what was written"):
        storage._same(b"a", b"b")
