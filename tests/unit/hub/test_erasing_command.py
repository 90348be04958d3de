"""Erasing by order is a command that has to be said twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from clinic_app.foundation.clock import SystemClock
from clinic_app.foundation.errors import NotFoundError
from clinic_app.hub.__main__ import main
from clinic_app.hub.folder import open_hub_store
from clinic_app.records import CodeableConcept, Observation, Patient, Reference, encode
from clinic_app.storage.exchange.exchange import Write
from clinic_app.storage.feed.feed import Feed
from clinic_app.storage.feed.rows import Caller


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store = open_hub_store(tmp_path / "hub", None)
    try:
        about = Observation(id="o", status="final", code=CodeableConcept(), subject=Reference(reference="Patient/p"))
        records = (Patient(id="p"), about, Patient(id="q"))
        writes = [Write(each.type_name, each.id, encode(each), None) for each in records]
        Feed(store.database, SystemClock()).apply(Caller("pc", "org"), writes, lambda *_: None, lambda _: b"", "")
    finally:
        store.close()
    return tmp_path / "hub"


def _left(folder: Path) -> list[str]:
    store = open_hub_store(folder, None)
    try:
        return sorted(each.id for kind in (Patient, Observation) for each in store.records.find(kind))
    finally:
        store.close()


def test_without_yes_it_says_what_would_go_and_nothing_goes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["erase", "--data", str(folder), "--patient", "p", "--reason", "order 17"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Patient/p",
        "Observation/o",
        "would be erased: 2; say it again with --yes",
    ]
    assert _left(folder) == ["o", "p", "q"]


def test_with_yes_a_patient_goes_with_everything_about_him(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["erase", "--data", str(folder), "--patient", "p", "--reason", "order 17", "--yes"]) == 0
    assert "erased: 2" in capsys.readouterr().out
    assert _left(folder) == ["q"]


def test_one_record_can_go_alone(folder: Path) -> None:
    assert main(["erase", "--data", str(folder), "--record", "Observation/o", "--reason", "order", "--yes"]) == 0
    assert _left(folder) == ["p", "q"]


@pytest.mark.parametrize("words", [("--patient", "nobody"), ("--record", "Patient/nobody")])
def test_what_is_not_there_is_said(folder: Path, words: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["erase", "--data", str(folder), *words, "--reason", "order", "--yes"]) == 1
    assert "no such record" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["erase", "--data", str(folder), "--record", "no address", "--reason", "order"])
    assert NotFoundError.__name__ not in capsys.readouterr().err
