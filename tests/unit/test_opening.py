"""The door before there is a workstation: this computer's key storage is gone, a person opens, and it opens again."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pyrage
import pytest

from clinic_app.foundation.errors import ConflictError, InvalidInputError, KeyLockedError, StorageError
from clinic_app.keys import FileKeyStorage, KeySlots, SlotCost, unlock
from clinic_app.keys.key_storage import FILE_NAME
from clinic_app.keys.slot_file import SLOT_FILES
from clinic_app.opening import Opening
from clinic_app.settings import Settings, load_settings
from clinic_app.storage import one_instance
from clinic_app.workstation import build_workstation, provision
from tests.helpers.provisioning import PASSWORD, provisioning_file

IDENTITY: Final = pyrage.x25519.Identity.generate()
QUICK: Final = SlotCost(8, 1)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    top = f'escrow_recipient = "{IDENTITY.to_public()}"'
    provision(folder, provisioning_file(tmp_path / "p.toml", top=top))
    return folder


@pytest.fixture
def settings(data: Path) -> Settings:
    return load_settings(data)


@pytest.fixture
def locked(data: Path) -> Path:
    """A folder whose secret this computer has lost."""
    (data / FILE_NAME).unlink()
    return data


def test_a_folder_from_its_file_opens_in_three_ways(settings: Settings) -> None:
    assert Opening(settings).ways() == {"file", "user", "escrow"}


def test_a_folder_that_was_never_set_up_has_no_ways(tmp_path: Path) -> None:
    assert Opening(Settings(tmp_path)).ways() == frozenset()


def test_without_this_computers_secret_the_workstation_does_not_open(locked: Path, settings: Settings) -> None:
    with pytest.raises(KeyLockedError):
        build_workstation(settings)


@pytest.mark.parametrize("way", ["password", "escrow", "code"])
def test_who_unlocks_once_lets_the_computer_in_again(data: Path, settings: Settings, way: str) -> None:
    code = KeySlots(data).new_recovery_code(unlock(data, FileKeyStorage(data)))
    (data / FILE_NAME).unlink()
    opening = Opening(settings)
    key = {
        "password": lambda: opening.with_password("doctor", PASSWORD),
        "escrow": lambda: opening.with_escrow(str(IDENTITY)),
        "code": lambda: opening.with_recovery_code(code.lower()),
    }[way]()
    build_workstation(settings, key=key).close()
    workstation = build_workstation(settings)
    try:
        assert workstation.people.sign_in("doctor", PASSWORD).login == "doctor"
    finally:
        workstation.close()


def test_what_does_not_open_is_a_sentence_and_changes_nothing(locked: Path, settings: Settings) -> None:
    before = [(locked / name).read_bytes() for name in SLOT_FILES]
    opening = Opening(settings, KeySlots(locked, QUICK))
    for ask, error in (
        (lambda: opening.with_password("doctor", "wrong"), KeyLockedError),
        (lambda: opening.with_password("nobody", PASSWORD), KeyLockedError),
        (lambda: opening.with_recovery_code("0000-0000"), InvalidInputError),
        (lambda: opening.with_escrow("AGE-SECRET-KEY-1"), InvalidInputError),
        (lambda: opening.with_escrow(str(pyrage.x25519.Identity.generate())), KeyLockedError),
    ):
        with pytest.raises(error) as caught:
            ask()
        assert caught.value.text.render("kk") != caught.value.text.render("en")
    assert [(locked / name).read_bytes() for name in SLOT_FILES] == before


def test_while_the_program_runs_nobody_else_unlocks(data: Path, settings: Settings) -> None:
    opening = Opening(settings)
    with one_instance(data):
        for ask in (
            lambda: opening.with_password("doctor", PASSWORD),
            lambda: opening.with_escrow(str(IDENTITY)),
            lambda: opening.with_recovery_code("x"),
            opening.with_key_storage,
        ):
            with pytest.raises(StorageError, match="already running"):
                ask()
    assert opening.with_escrow(str(IDENTITY)) == opening.with_key_storage()


def test_a_key_of_other_data_opens_nothing_and_is_kept_nowhere(data: Path, settings: Settings) -> None:
    before = [(data / name).read_bytes() for name in (*SLOT_FILES, FILE_NAME)]
    with pytest.raises(KeyLockedError):
        build_workstation(settings, key=bytes(32))
    assert [(data / name).read_bytes() for name in (*SLOT_FILES, FILE_NAME)] == before


def test_a_computer_whose_storage_takes_nothing_opens_for_a_person_all_the_same(
    data: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    key = Opening(settings).with_escrow(str(IDENTITY))
    (data / FILE_NAME).write_bytes(b"{")
    workstation = build_workstation(settings, key=key)
    try:
        assert workstation.people.sign_in("doctor", PASSWORD).login == "doctor"
    finally:
        workstation.close()
    assert "damaged" in caplog.text
    assert (data / FILE_NAME).read_bytes() == b"{"


def test_the_first_start_gives_the_recovery_code_once(tmp_path: Path) -> None:
    settings = Settings(tmp_path, {"key_storage": "file"})
    workstation = build_workstation(settings)
    try:
        with pytest.raises(InvalidInputError):
            workstation.set_up("Ырғыз АА", "", "it", PASSWORD)
        code = workstation.set_up("Ырғыз АА", "Петров Сергей", "it", PASSWORD)
        assert workstation.keys.has_recovery_code()
        with pytest.raises(ConflictError):
            workstation.set_up("Other", "Other", "it2", PASSWORD)
        session = workstation.people.sign_in("it", PASSWORD)
    finally:
        workstation.close()
    key = unlock(tmp_path, FileKeyStorage(tmp_path))
    assert Opening(settings).with_recovery_code(code) == key
    assert Opening(settings).with_password(session.login, PASSWORD) == key


@pytest.mark.parametrize("recipient", ["age1nobody", "", "ssh-ed25519 AAAA"])
def test_a_wrong_recipient_in_its_file_stops_the_set_up_before_anybody_is_enrolled(
    tmp_path: Path, recipient: str
) -> None:
    file = provisioning_file(tmp_path / "p.toml", top=f'escrow_recipient = "{recipient}"')
    folder = tmp_path / "data"
    if not recipient:
        provision(folder, file)
        assert Opening(load_settings(folder)).ways() == {"file", "user"}
        return
    with pytest.raises(InvalidInputError):
        provision(folder, file)
    provision(folder, provisioning_file(tmp_path / "q.toml"))
    assert Opening(load_settings(folder)).ways() == {"file", "user"}


def test_a_recipient_that_is_no_word_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError):
        provision(tmp_path / "data", provisioning_file(tmp_path / "p.toml", top="escrow_recipient = 7"))
    assert not (tmp_path / "data" / "clinic.db").exists()
