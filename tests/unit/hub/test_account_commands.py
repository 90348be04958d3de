"""The commands with which the hub's own people keep its accounts."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from clinic_app.foundation.clock import SystemClock
from clinic_app.hub.__main__ import main
from clinic_app.hub.app import build_hub
from clinic_app.hub.folder import open_hub_store
from clinic_app.keys.signing_key import SigningKey
from clinic_app.storage.feed.audit_heads import Head
from clinic_app.storage.feed.rows import Caller


class Printed:
    """Runs commands over one data folder and returns what they print."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def __call__(self, *words: str, code: int = 0) -> list[str]:
        assert main([words[0], "--data", str(self.folder), *words[1:]]) == code
        told = self._capsys.readouterr()
        return (told.err if code else told.out).splitlines()

    def devices(self) -> list[dict[str, str]]:
        return list(csv.DictReader(self("devices"), delimiter=";"))


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Printed:
    return Printed(tmp_path / "hub", capsys)


def admit(run: Printed, code: str) -> str:
    """Let a device in as the running hub would; return its id."""
    store = open_hub_store(run.folder, None)
    try:
        accounts = build_hub(store, SystemClock()).accounts
        admitted = accounts.admit(code.replace("-", ""), SigningKey.create().public_jwk)
        assert admitted is not None
        accounts.countersign(Caller(admitted.device_id, "org-a"), Head(9, "a" * 64), Head(0, ""))
        accounts.countersign(Caller(admitted.device_id, "org-a"), Head(3, "b" * 64), Head(0, ""))
        return admitted.device_id
    finally:
        store.close()


def test_a_code_is_printed_with_the_fingerprint_to_compare(run: Printed) -> None:
    code, until, fingerprint = run("enrol-code", "--organization", "org-a", "--name", "PC")
    assert len(code) == 9
    assert "UTC, once" in until
    assert run("enrol-code", "--organization", "org-a", "--name", "PC")[2] == fingerprint


def test_a_device_is_listed_shut_out_and_ordered_to_erase(run: Printed) -> None:
    named = ("--organization-name", "Ырғыз ауруханасы", "--site", "Емхана", "--name", "=1+1")
    device = admit(run, run("enrol-code", "--organization", "org-a", *named)[0])
    (line,) = run.devices()
    assert line["id"] == device
    assert (line["organization"], line["site"], line["name"]) == ("Ырғыз ауруханасы", "Емхана", "'=1+1")
    assert (line["key"], line["revoked_at"], line["erasure"]) == ("Ed25519", "", "")
    assert line["trail_broken_at"]
    assert "erase" in run("revoke", "--id", device, "--because", "stolen")[0]
    (line,) = run.devices()
    assert line["revoked_at"]
    assert line["erasure"] == "ordered"


def test_a_device_can_be_shut_out_and_keep_its_data(run: Printed) -> None:
    run("enrol", "--organization", "org-a", "--name", "PC")
    (line,) = run.devices()
    assert (line["key"], line["trail_broken_at"]) == ("token", "")
    assert run("revoke", "--id", line["id"], "--keep-data") == ["shut out"]
    assert run.devices()[0]["erasure"] == ""


def test_what_cannot_be_is_one_sentence(run: Printed) -> None:
    assert run("revoke", "--id", "nobody", code=1)[-1] == "The hub has no workstation “nobody”."
    refused = run("enrol-code", "--organization", "no id", "--name", "PC", code=1)
    assert refused[-1] == "This is no id of a hospital."
    assert run.devices() == []


@pytest.mark.parametrize("words", [["nonsense"], ["revoke"], ["enrol-code", "--name", "PC"], []])
def test_what_is_no_command_is_told_with_the_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(words)
    assert "usage:" in capsys.readouterr().err
