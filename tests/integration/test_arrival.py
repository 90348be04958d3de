"""Setup leaves a code, the first start comes into the hub by it: against a hub that is a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from clinic_app.access import own_organization
from clinic_app.computer.preparing import PROVISION_FILE, prepare_command
from clinic_app.foundation.errors import InvalidInputError, LinkError
from clinic_app.keys.enrolment_code import new_long_code, printed
from clinic_app.settings import HUB_URL, LANGUAGE, Settings, load_settings, save_settings
from clinic_app.sync import Succeeded
from clinic_app.sync.arrival import FILE_NAME, Arrival, arrival_of, keep_arrival, kept_arrival
from clinic_app.sync.hub_account import kept_account
from clinic_app.workstation import Workstation, build_workstation, provision
from tests.helpers.hub_process import HubProcess
from tests.helpers.provisioning import DOCTOR, PASSWORD, free_port, provisioning_file
from tests.helpers.waiting import wait_until

HOSPITAL = "org-yrgyz"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("arrival") / "hub") as running:
        yield running


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "Dala"


def prepared(data: Path, url: str, code: str, *more: str) -> None:
    """Do what Setup does."""
    assert prepare_command(["--data", str(data), "--hub", url, "--enrol", code, "--language", "ru", *more], data) == 0
    settings = load_settings(data)
    save_settings(Settings(data, {**settings.values, "key_storage": "file", "sync_interval_s": 1}))


def opened(data: Path) -> Workstation:
    return build_workstation(load_settings(data))


def has_joined(workstation: Workstation) -> bool:
    return kept_account(workstation._store) is not None


def test_the_first_start_comes_in_by_itself_and_the_second_exchanges(hub: HubProcess, data: Path) -> None:
    prepared(data, hub.url, hub.code(HOSPITAL, "PC 7")[0])
    with closing(opened(data)) as workstation:
        assert workstation.set_up("Ырғыз аудандық ауруханасы", "Петров Сергей", "it", PASSWORD) != ""
        assert has_joined(workstation)
        assert own_organization(workstation._store).id == HOSPITAL
    assert not (data / FILE_NAME).exists(), "a used code is erased"
    with closing(opened(data)) as workstation:
        assert workstation.sync is not None
        wait_until(lambda: isinstance(workstation.sync and workstation.sync.state(), Succeeded))


def test_a_file_that_sets_up_needs_no_person_at_all(hub: HubProcess, tmp_path: Path, data: Path) -> None:
    form = provisioning_file(tmp_path / "p.toml", people=(DOCTOR,))
    prepared(data, hub.url, hub.code(HOSPITAL, "PC 8")[0], "--provision", str(form))
    provision(data, data / PROVISION_FILE)
    assert load_settings(data)[HUB_URL] == hub.url, "what Setup was told stays"
    with closing(opened(data)) as workstation:
        assert workstation.sync is not None
        assert own_organization(workstation._store).id == HOSPITAL


def test_a_workstation_that_was_set_up_long_ago_comes_in_as_itself(hub: HubProcess, tmp_path: Path, data: Path) -> None:
    provision(data, provisioning_file(tmp_path / "p.toml", facility={"organization_id": HOSPITAL}))
    save_settings(Settings(data, {**load_settings(data).values, "hub_url": hub.url}))
    assert prepare_command(["--enrol", hub.code(HOSPITAL, "PC 9")[0]], data) == 0
    with closing(opened(data)) as workstation:
        assert has_joined(workstation)
        assert workstation.sync is not None


def test_a_code_of_another_hospital_is_refused_and_erased_and_work_goes_on(
    hub: HubProcess, tmp_path: Path, data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    provision(data, provisioning_file(tmp_path / "p.toml", facility={"organization_id": HOSPITAL}))
    save_settings(Settings(data, {**load_settings(data).values, "hub_url": hub.url}))
    keep_arrival(data, arrival_of(hub.code("org-other", "PC 10")[0]))
    with closing(opened(data)) as workstation:
        assert not has_joined(workstation)
    assert not (data / FILE_NAME).exists()
    assert "This workstation has not joined its hub: the code was refused." in caplog.messages


def test_a_code_that_is_too_old_leaves_a_workstation_that_stands_alone(hub: HubProcess, data: Path) -> None:
    prepared(data, hub.url, "ABCD-EFGH")
    with closing(opened(data)) as workstation:
        workstation.set_up("Ырғыз аудандық ауруханасы", "Петров Сергей", "it", PASSWORD)
        assert not has_joined(workstation)
        assert own_organization(workstation._store).id != HOSPITAL
    assert not (data / FILE_NAME).exists()


def test_without_a_link_nobody_guesses_the_hospital_and_the_code_is_kept(data: Path) -> None:
    prepared(data, f"http://127.0.0.1:{free_port()}", "ABCD-EFGH")
    with closing(opened(data)) as workstation:
        with pytest.raises(LinkError):
            workstation.set_up("Ырғыз аудандық ауруханасы", "Петров Сергей", "it", PASSWORD)
        assert workstation.people.is_empty()
    assert kept_arrival(data) == Arrival("ABCD-EFGH")


def test_without_a_link_a_hospital_that_is_known_works_and_tries_again(tmp_path: Path, data: Path) -> None:
    prepared(data, f"http://127.0.0.1:{free_port()}", "ABCD-EFGH")
    provision(data, provisioning_file(tmp_path / "p.toml", facility={"organization_id": HOSPITAL}))
    with closing(opened(data)) as workstation:
        assert not has_joined(workstation)
    assert kept_arrival(data) == Arrival("ABCD-EFGH")


def test_settings_of_a_computer_that_has_some_stay(data: Path) -> None:
    prepared(data, "https://hub.example/", "ABCD-EFGH")
    assert prepare_command(["--hub", "https://other.example", "--language", "kk"], data) == 0
    settings = load_settings(data)
    assert (settings[HUB_URL], settings[LANGUAGE]) == ("https://hub.example", "ru")


def test_options_that_are_empty_are_none(data: Path) -> None:
    words = ["--hub", "", "--language", "", "--enrol", " ", "--provision", "", "--hub-certificate", ""]
    assert prepare_command(words, data) == 0
    assert list(data.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        ("--hub", "http://hub.example"),
        ("--hub", "https://me:secret@hub.example"),
        ("--enrol", "ABC"),
        ("--enrol", "ABCD-EFGH", "--hub-certificate", "12:34"),
        ("--enrol", "ABCD-EFGH-ABCD-EFGH-ABCD-EFGH-ABCD"),
        ("--provision", "nowhere.toml"),
        ("--hub", "https://hub.example", "--enrol", "ABCD-EFG!"),
    ],
)
def test_an_option_that_is_not_right_is_said_and_nothing_is_written(
    data: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepare_command(words, data) == 1
    assert capsys.readouterr().err.strip() != ""
    assert not data.exists()


def test_the_code_is_read_as_a_person_may_have_typed_it() -> None:
    fingerprint = "AB:" * 31 + "CD"
    assert arrival_of("аbcd efgh", fingerprint) == Arrival("ABCD-EFGH", "ab" * 31 + "cd")
    with pytest.raises(InvalidInputError):
        arrival_of("ABCD-EFGH", "g" * 64)


def test_a_code_of_a_roll_out_is_left_for_the_first_start_too(data: Path) -> None:
    code = new_long_code()
    assert prepare_command(["--enrol", code.lower()], data) == 0
    assert kept_arrival(data) == Arrival(printed(code))


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"x" * 5000, b"ABCD-EFGH\nnone"])
def test_a_spoilt_file_is_no_code_and_stops_nobody(tmp_path: Path, body: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(body)
    assert kept_arrival(tmp_path) is None
