"""The commands with which the hub's own people keep its accounts."""

from __future__ import annotations

import csv
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from clinic_app.foundation.clock import SystemClock
from clinic_app.hub.__main__ import main
from clinic_app.hub.app import build_hub
from clinic_app.hub.folder import open_hub_store
from clinic_app.keys.signing_key import SigningKey
from clinic_app.records import AuditEvent
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


def codes(run: Printed) -> list[dict[str, str]]:
    return list(csv.DictReader(run("codes"), delimiter=";"))


def test_a_code_for_a_roll_out_is_made_listed_and_ended(run: Printed) -> None:
    made = ("enrol-code", "--organization", "org-a", "--name", "PC", "--computers", "3", "--days", "7")
    code, told, fingerprint = run(*made)
    assert (len(code), code.count("-")) == (34, 6)
    number = told.rpartition(" ")[2]
    assert "computers: 3" in told
    assert fingerprint.startswith("fingerprint")
    admit(run, code)
    (line,) = codes(run)
    assert (line["number"], line["organization"], line["computers"], line["taken"]) == (number, "org-a", "3", "1")
    assert (line["name"], line["state"]) == ("PC 1", "open")
    assert code not in str(line)
    assert "1 of 3 computers" in run("end-code", "--number", number)[0]
    assert codes(run)[0]["state"] == "ended"
    with closing(open_hub_store(run.folder, None)) as store:
        said = [each.entity[0].description or "" for each in store.records.find(AuditEvent)]
    assert [number in each for each in said] == [True, True], "made and ended; who made it stands beside it"
    assert any(f"enrolment code {number} ended, taken: 1" in each for each in said)


def test_days_are_for_one_computer_too_and_several_have_one_day_unless_it_is_said(run: Printed) -> None:
    one = run("enrol-code", "--organization", "org-a", "--name", "PC", "--days", "14")
    assert "computers: 1, number:" in one[1]
    run("enrol-code", "--organization", "org-a", "--name", "PC", "--computers", "200")
    several, single = codes(run)
    assert (several["computers"], single["computers"]) == ("200", "1")
    ends = [datetime.strptime(each["ends_at"], "%Y-%m-%d %H:%M %Z").astimezone() for each in (several, single)]
    assert timedelta(days=12, hours=23) < ends[1] - ends[0] < timedelta(days=13, hours=1)
    admit(run, one[0])
    assert codes(run)[1]["state"] == "all taken"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--computers", "0"), "A code lets in 1 to 200 computers."),
        (("--computers", "201"), "A code lets in 1 to 200 computers."),
        (("--days", "0"), "A code lives for 1 to 14 days."),
        (("--days", "-3"), "A code lives for 1 to 14 days."),
        (("--days", "15"), "A code lives for 1 to 14 days."),
        (("--days", "9" * 30), "A code lives for 1 to 14 days."),
    ],
)
def test_more_than_a_code_may_is_one_sentence(run: Printed, words: tuple[str, ...], sentence: str) -> None:
    assert run("enrol-code", "--organization", "org-a", "--name", "PC", *words, code=1)[-1] == sentence
    assert codes(run) == []


def test_an_unknown_number_ends_nothing(run: Printed) -> None:
    assert run("end-code", "--number", "12345678", code=1)[-1] == "The hub has no code with the number “12345678”."


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
