"""A workstation set up by IT's file: right, wrong in every way a hurried hand finds, twice, and while it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from clinic_app.access import hub_token, own_organization
from clinic_app.foundation import durable_files
from clinic_app.foundation.errors import (
    ClinicError,
    DiskFullError,
    InvalidInputError,
    KeyLockedError,
    NotAllowedError,
    StorageError,
)
from clinic_app.settings import HUB_URL, LANGUAGE, SYNC_INTERVAL_S, Settings, load_settings
from clinic_app.storage import one_instance
from clinic_app.workstation import Workstation, build_workstation, provision
from tests.helpers.provisioning import ADMINISTRATOR, DOCTOR, PASSWORD, files_of, provisioning_file, provisioning_text
from tests.unit.foundation.test_durable_files import full_device


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder that does not exist yet, under a name as Windows users have it."""
    return tmp_path / "Дала 100% ‚data’"


def opened(data: Path) -> Workstation:
    return build_workstation(load_settings(data))


def test_a_file_sets_up_hospital_settings_and_people_at_once(tmp_path: Path, data: Path) -> None:
    facility = {"organization_id": "org-yrgyz", "device_name": "Қабылдау", "hub_token": " t-123 \n"}
    told = {"sync_interval_s": 60, "hub_url": ""}
    provision(
        data, provisioning_file(tmp_path / "p.toml", settings=told, facility=facility, people=(ADMINISTRATOR, DOCTOR))
    )
    settings = load_settings(data)
    assert (settings[LANGUAGE], settings[SYNC_INTERVAL_S], settings[HUB_URL]) == ("ru", 60, "")
    workstation = opened(data)
    try:
        session = workstation.people.sign_in("it", PASSWORD)
        assert session.organization_id == "org-yrgyz"
        assert session.organization_name == "Ырғыз аудандық ауруханасы"
        assert [person.login for person in workstation.people.all(session)] == ["doctor", "it"]
        assert hub_token(workstation._store) == "t-123"
    finally:
        workstation.close()


def test_a_file_without_people_leaves_the_first_administrator_to_nobody_but_says_the_hospital(
    tmp_path: Path, data: Path
) -> None:
    provision(data, provisioning_file(tmp_path / "p.toml", people=()))
    workstation = opened(data)
    try:
        assert workstation.people.is_empty()
        assert own_organization(workstation._store).name == "Ырғыз аудандық ауруханасы"
    finally:
        workstation.close()


def test_a_file_that_notepad_saved_with_its_mark_and_line_ends_is_read(tmp_path: Path, data: Path) -> None:
    file = tmp_path / "p.toml"
    file.write_bytes(b"\xef\xbb\xbf" + provisioning_text().replace("\n", "\r\n").encode())
    provision(data, file)
    assert load_settings(data)[LANGUAGE] == "ru"


WRONG = {
    "empty": "",
    "no TOML": "[settings\nkey_storage = file",
    "no facility": "[settings]\nkey_storage = 'file'\n",
    "facility is no table": "facility = 1",
    "facility without a name": "[facility]\ndevice_name = 'x'",
    "facility with a blank name": provisioning_text(facility={"facility_name": "  "}),
    "name is a number": provisioning_text(facility={"facility_name": 7}),
    "mistyped field": provisioning_text(facility={"hub_tokne": "x"}),
    "mistyped person": provisioning_text(people=({**DOCTOR, "rights": "all"},)),
    "person without password": provisioning_text(people=({"login": "a", "name": "b", "role": "doctor"},)),
    "person who is no table": provisioning_text(people=()).replace("[settings]", "people = ['doctor']\n[settings]"),
    "people is a number": provisioning_text(people=(), top="people = 3"),
    "unknown role": provisioning_text(people=({**DOCTOR, "role": "surgeon"},)),
    "short password": provisioning_text(people=({**DOCTOR, "password": "1234567"},)),
    "login with a space": provisioning_text(people=({**DOCTOR, "login": "dr who"},)),
    "nameless person": provisioning_text(people=({**DOCTOR, "name": "\u200b"},)),
    "login twice": provisioning_text(people=(DOCTOR, {**DOCTOR, "login": "DOCTOR"})),
    "settings is a list": "settings = [1]\n[facility]\nfacility_name = 'A'",
    "unknown setting": provisioning_text(settings={"hub_ulr": "x"}),
    "impossible port": provisioning_text(settings={"monitor_port": 70000}),
    "port as words": provisioning_text(settings={"monitor_port": "6661"}),
    "unknown key storage": provisioning_text(settings={"key_storage": "cloud"}),
    "unknown table": provisioning_text(top="[hub]\nurl = 'x'"),
    "id with a path": provisioning_text(facility={"organization_id": "../../x"}),
    "id too long": provisioning_text(facility={"organization_id": "a" * 65}),
    "token of another alphabet": provisioning_text(facility={"hub_token": "токен"}),
    "token of two lines": provisioning_text(facility={"hub_token": "a\nb"}),
    "nested too deep": "a = " + "[" * 50_000,
    "too large": "# " + "x" * (1 << 20),
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_file_is_refused_with_a_sentence_and_a_right_one_still_sets_up(
    tmp_path: Path, data: Path, text: str
) -> None:
    file = tmp_path / "p.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInputError) as caught:
        provision(data, file)
    assert caught.value.text.render("kk") != caught.value.text.render("en")
    assert PASSWORD not in str(caught.value)
    provision(data, provisioning_file(file))
    workstation = opened(data)
    try:
        assert workstation.people.sign_in("doctor", PASSWORD).role == "doctor"
    finally:
        workstation.close()


@pytest.mark.parametrize("bytes_", [b"\xff\xfe[\x00", "[facility]\nfacility_name='Ырғыз'".encode("cp1251", "replace")])
def test_a_file_of_another_encoding_is_refused(tmp_path: Path, data: Path, bytes_: bytes) -> None:
    (tmp_path / "p.toml").write_bytes(bytes_)
    with pytest.raises(InvalidInputError, match=r"p\.toml"):
        provision(data, tmp_path / "p.toml")
    assert not data.exists()


def test_a_file_that_is_missing_or_a_folder_is_refused_and_makes_nothing(tmp_path: Path, data: Path) -> None:
    for file in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(InvalidInputError):
            provision(data, file)
    assert not data.exists()


def test_a_second_run_with_the_same_or_another_file_changes_nothing(tmp_path: Path, data: Path) -> None:
    provision(data, provisioning_file(tmp_path / "p.toml"))
    before = files_of(data)
    other = {"settings": {"key_storage": "keyring", "language": "en"}, "facility": {"facility_name": "Басқа"}}
    for told in ({}, {**other, "people": (ADMINISTRATOR,)}):
        provision(data, provisioning_file(tmp_path / "p.toml", **told))
        assert files_of(data)["settings.toml"] == before["settings.toml"]
    workstation = opened(data)
    try:
        assert workstation.people.sign_in("doctor", PASSWORD).organization_name == "Ырғыз аудандық ауруханасы"
        with pytest.raises(NotAllowedError):
            workstation.people.sign_in("it", PASSWORD)
    finally:
        workstation.close()


def test_while_the_program_runs_its_settings_are_not_touched(tmp_path: Path, data: Path) -> None:
    provision(data, provisioning_file(tmp_path / "p.toml"))
    workstation = opened(data)
    try:
        before = (data / "settings.toml").read_bytes()
        with pytest.raises(StorageError) as caught:
            provision(data, provisioning_file(tmp_path / "p.toml", settings={"language": "en"}))
        assert "already running" in str(caught.value)
        assert (data / "settings.toml").read_bytes() == before
    finally:
        workstation.close()


def test_two_who_set_up_at_once_do_not_mix(tmp_path: Path, data: Path) -> None:
    with one_instance(data), pytest.raises(StorageError):
        provision(data, provisioning_file(tmp_path / "p.toml"))
    assert set(files_of(data)) == {"in-use.lock"}


def test_a_data_folder_that_is_a_file_is_a_sentence_and_the_file_stays(tmp_path: Path, data: Path) -> None:
    data.write_bytes(b"a thesis")
    for folder in (data, data / "below"):
        with pytest.raises(StorageError) as caught:
            provision(folder, provisioning_file(tmp_path / "p.toml"))
        assert str(data) in str(caught.value)
    assert data.read_bytes() == b"a thesis"


def test_on_a_full_disk_nothing_is_set_up_and_later_everything(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = provisioning_file(tmp_path / "p.toml")
    with monkeypatch.context() as patch:
        patch.setattr(durable_files, "open_part", full_device)
        with pytest.raises(DiskFullError):
            provision(data, file)
    assert set(files_of(data)) == {"in-use.lock"}
    provision(data, file)
    opened(data).close()


def test_a_computer_without_a_keyring_says_how_to_go_on(tmp_path: Path, data: Path, no_keyring: None) -> None:
    file = provisioning_file(tmp_path / "p.toml", settings={"key_storage": "keyring"})
    with pytest.raises(KeyLockedError) as caught:
        provision(data, file)
    assert 'key_storage = "file"' in str(caught.value)
    assert not (data / "clinic.db").exists()
    provision(data, provisioning_file(file))


def test_data_set_up_for_a_file_are_not_opened_with_a_keyring(tmp_path: Path, data: Path, memory_keyring: None) -> None:
    provision(data, provisioning_file(tmp_path / "p.toml"))
    with pytest.raises(KeyLockedError) as caught:
        build_workstation(Settings(data, {"key_storage": "keyring"}))
    assert "keyring" in caught.value.text.render("ru")
    opened(data).close()


def test_data_set_up_for_a_keyring_need_the_same_keyring_again(
    tmp_path: Path, data: Path, memory_keyring: None, request: pytest.FixtureRequest
) -> None:
    provision(data, provisioning_file(tmp_path / "p.toml", settings={"key_storage": "keyring"}))
    assert not (data / "unsealed.key").exists()
    opened(data).close()
    before = files_of(data)
    for values in ({"key_storage": "file"}, {}):
        if not values:
            request.getfixturevalue("no_keyring")
        with pytest.raises(KeyLockedError):
            build_workstation(Settings(data, values))
    after = files_of(data)
    assert {name: after[name] for name in before} == before


def test_secrets_of_the_file_are_nowhere_in_the_folder_in_plain(tmp_path: Path, data: Path) -> None:
    token, name = "hub-token-0123456789abcdef", "Ырғыз аудандық ауруханасы"
    provision(data, provisioning_file(tmp_path / "p.toml", facility={"hub_token": token}))
    kept = b"".join(files_of(data).values())
    for secret in (token, name, PASSWORD, "doctor", "Өмірзақ"):
        assert secret.encode() not in kept


def test_a_setup_that_was_killed_between_settings_and_people_can_be_repeated(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clinic_app import workstation as module

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    file = provisioning_file(tmp_path / "p.toml", settings={"language": "en"})
    with monkeypatch.context() as patch:
        patch.setattr(module, "enrol", killed)
        with pytest.raises(KeyboardInterrupt):
            provision(data, file)
    provision(data, provisioning_file(file))
    assert load_settings(data)[LANGUAGE] == "ru"
    workstation = opened(data)
    try:
        assert workstation.people.sign_in("doctor", PASSWORD).name == "Өмірзақ Әлішер"
    finally:
        workstation.close()


def test_every_refusal_is_one_of_ours(tmp_path: Path, data: Path) -> None:
    """Whatever one byte of the file is turned into, the answer is a sentence or a workstation."""
    whole = provisioning_text(people=()).encode()
    file = tmp_path / "p.toml"
    for place in range(0, len(whole), 7):
        file.write_bytes(whole[:place] + b"\x00" + whole[place + 1 :])
        with pytest.raises(ClinicError):
            provision(data, file)
    for length in range(0, len(whole) - 40, 11):
        file.write_bytes(whole[:length])
        with pytest.raises(ClinicError):
            provision(data, file)
