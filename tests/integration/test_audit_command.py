"""The audit trail checked from the command line: what it prints, and when its exit code is not 0."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from clinic_app.access import EnrolmentForm, enrol
from clinic_app.foundation.clock import SystemClock
from clinic_app.keys import FileKeyStorage, NodeKeys, unlock
from clinic_app.maintenance import main
from clinic_app.settings import Settings, save_settings
from clinic_app.storage import Store
from tests.helpers.audit_rows import audit_row


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    data.mkdir()
    save_settings(Settings(data, {"key_storage": "file"}))
    with_store(data, _furnish)
    return data


def with_store(folder: Path, work: object) -> None:
    store = Store.open(folder, unlock(folder, FileKeyStorage(folder)), SystemClock())
    try:
        work(store)  # type: ignore[operator]
    finally:
        store.close()


def _furnish(store: Store) -> None:
    enrol(store, NodeKeys.create(), EnrolmentForm("Аурухана"))
    for _ in range(5):
        store.records.commit((), audit=(audit_row(),))


def test_a_whole_trail_is_said_to_be_whole_with_its_length_and_its_last_link(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heads = []
    for rows in (6, 7):
        assert main(["--data", str(folder), "verify-audit"]) == 0
        first, second, third = capsys.readouterr().out.split("\n")[:3]
        assert (first, third) == (f"rows: {rows}", "whole")
        heads.append(second.removeprefix("head: "))
        with_store(folder, lambda store: heads.append(store.audit.head()[0]))
    assert heads[0] == heads[1] != heads[2] == heads[3]
    assert len(bytes.fromhex(heads[0])) == 32


def test_a_trail_somebody_changed_fails_the_command_and_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def tamper(store: Store) -> None:
        with store.database.writing() as connection:
            connection.execute(text("UPDATE audit_line SET person = 'innocent' WHERE seq = 3"))

    with_store(folder, tamper)
    assert main(["--data", str(folder), "verify-audit"]) == 1
    told = capsys.readouterr()
    assert "broken: " in told.out
    assert "not as it was written" in told.err


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path / "none"), "verify-audit"]) == 1
    assert "There is no data folder" in capsys.readouterr().err
