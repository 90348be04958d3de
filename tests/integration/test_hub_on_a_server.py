"""The hub as IT runs it with a PostgreSQL server: its own process, a real socket, a server that stops and starts."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from clinic_app.foundation.clock import SystemClock
from clinic_app.hub.app import build_hub
from clinic_app.hub.folder import open_hub_store
from clinic_app.records import Patient, Reference, Task, with_audience
from clinic_app.storage.exchange.exchange import Change, Write
from clinic_app.sync.wire import decode_history, decode_transaction_response, encode_transaction
from tests.helpers.hub_clients import write_of
from tests.helpers.hub_process import ROOT, HubProcess
from tests.helpers.postgres import GUARDED, PASSWORD, PostgresServer, name_in

A, B = "org-a", "org-b"
_QUOTED = quote(PASSWORD, safe="")


@pytest.fixture
def guarded(postgres: PostgresServer) -> Iterator[str]:
    """The address of an empty database as IT makes one: a role of its own, a password, the role owns the database."""
    address = postgres.take_bare()
    name = name_in(address)
    postgres.execute(f"CREATE ROLE {GUARDED} LOGIN PASSWORD '{PASSWORD}'")
    postgres.execute(f"ALTER DATABASE {name} OWNER TO {GUARDED}")
    yield postgres.address(name, GUARDED, PASSWORD)
    postgres.give_back(address)
    postgres.execute(f"DROP ROLE {GUARDED}")


@pytest.fixture
def hub(tmp_path: Path, guarded: str) -> Iterator[HubProcess]:
    with HubProcess(tmp_path / "hub", guarded) as running:
        yield running


class Desk:
    """One workstation's conversation with a hub over its socket."""

    def __init__(self, hub: HubProcess, token: str) -> None:
        self._hub = hub
        self.token = token
        self._headers = {"Authorization": f"Bearer {token}"}

    def send(self, *writes: Write, key: str = "") -> httpx.Response:
        """Hand in one transaction."""
        headers = {**self._headers, **({"Idempotency-Key": key} if key else {})}
        return httpx.post(self._hub.url, content=encode_transaction(writes), headers=headers, timeout=60)

    def put(self, *writes: Write) -> tuple[str, ...]:
        """Hand in what the hub has to take, and return the versions."""
        answer = self.send(*writes)
        assert answer.status_code == 200, answer.text
        return tuple(each.version for each in decode_transaction_response(answer.content, list(writes)))

    def changes(self, cursor: str = "", wait_s: int = 0) -> tuple[tuple[Change, ...], str]:
        """Return one page of the feed and the cursor behind it; one that waited to its end comes too late."""
        query = {"cursor": cursor, "_count": "50", "_wait": str(wait_s)}
        timeout_s = wait_s - 10 if wait_s else 60
        answer = httpx.get(f"{self._hub.url}/$changes", params=query, headers=self._headers, timeout=timeout_s)
        assert answer.status_code == 200, answer.text
        changes, url = decode_history(answer.content)
        return changes, parse_qs(urlsplit(url).query)["cursor"][0]

    def upload(self, sha256: str, data: bytes) -> None:
        """Hand in content in two pieces."""
        half = len(data) // 2
        url = f"{self._hub.url}/blob/{sha256}"
        httpx.post(url, headers={**self._headers, "Upload-Length": str(len(data))}, timeout=60)
        for offset, piece in ((0, data[:half]), (half, data[half:])):
            answer = httpx.patch(
                url, content=piece, headers={**self._headers, "Upload-Offset": str(offset)}, timeout=60
            )
            assert answer.is_success, answer.text

    def download(self, sha256: str) -> httpx.Response:
        """Fetch content."""
        return httpx.get(f"{self._hub.url}/blob/{sha256}", headers=self._headers, timeout=60)


def desk(hub: HubProcess, organization_id: str) -> Desk:
    return Desk(hub, hub.enrol(organization_id, "PC"))


def log_of(folder: Path) -> str:
    return folder.with_suffix(".log").read_text(encoding="utf-8")


def health(hub: HubProcess) -> int:
    return httpx.get(f"{hub.url}/health", timeout=60).status_code


def test_a_referral_goes_from_one_hospital_to_the_other(hub: HubProcess, tmp_path: Path) -> None:
    district, centre = desk(hub, A), desk(hub, B)
    data = bytes(range(256)) * 700
    sha256 = hashlib.sha256(data).hexdigest()
    task = Task(
        id="t",
        status="requested",
        intent="order",
        for_=Reference(reference="Patient/p"),
        requester=Reference(reference=f"Organization/{A}"),
        owner=Reference(reference=f"Organization/{B}"),
        description=f"content {sha256}",
    )
    district.upload(sha256, data)
    district.put(
        write_of(with_audience(Patient(id="p"), B)), write_of(with_audience(task, B)), write_of(Patient(id="q"))
    )
    changes, cursor = centre.changes()
    assert [change.id for change in changes] == ["p", "t"]
    assert centre.download(sha256).content == data
    assert centre.changes(cursor)[0] == ()
    assert not (tmp_path / "hub" / "clinic.db").exists()
    assert list((tmp_path / "hub" / "blobs").rglob("*"))


def test_what_was_answered_survives_a_kill_and_the_same_key_gets_the_same_answer(hub: HubProcess) -> None:
    mine, other = desk(hub, A), desk(hub, A)
    answer = mine.send(write_of(Patient(id="p")), key="k")
    _, cursor = other.changes()
    hub.kill()
    hub.start()
    assert mine.send(write_of(Patient(id="p")), key="k").content == answer.content
    assert [change.id for change in other.changes()[0]] == ["p"]
    assert other.changes(cursor)[0] == ()


def test_a_server_that_is_away_is_a_503_and_nothing_has_to_be_started_again(
    hub: HubProcess, postgres: PostgresServer
) -> None:
    mine, other = desk(hub, A), desk(hub, A)
    mine.put(write_of(Patient(id="before")))
    postgres.stop()
    try:
        answer = mine.send(write_of(Patient(id="during")))
        assert answer.status_code == 503
        assert "cannot be reached" in answer.text
        assert health(hub) == 503
    finally:
        postgres.start()
    mine.put(write_of(Patient(id="during")))
    assert health(hub) == 200
    assert [change.id for change in other.changes()[0]] == ["before", "during"]


def test_two_hubs_over_one_database_hand_out_one_feed(hub: HubProcess, guarded: str, tmp_path: Path) -> None:
    token, reader_token = hub.enrol(A, "PC"), hub.enrol(A, "reader")
    with HubProcess(tmp_path / "hub", guarded) as second:
        desks = [Desk(hub, token), Desk(second, token)]
        ids = [[f"p{number}-{place}" for place in range(8)] for number in range(2)]

        def write(mine: Desk, names: list[str]) -> None:
            for name in names:
                mine.put(write_of(Patient(id=name)))

        writers = [threading.Thread(target=write, args=each) for each in zip(desks, ids, strict=True)]
        for writer in writers:
            writer.start()
        reader = Desk(second, reader_token)
        seen: list[str] = []
        cursor, has_all = "", False
        while not has_all:
            has_ended = not any(writer.is_alive() for writer in writers)
            changes, cursor = reader.changes(cursor)
            seen += [change.id for change in changes]
            has_all = has_ended and not changes
        for writer in writers:
            writer.join()
    assert sorted(seen) == sorted(ids[0] + ids[1])


def test_who_waits_at_one_process_is_woken_by_what_another_one_took(
    hub: HubProcess, guarded: str, tmp_path: Path
) -> None:
    token, reader_token = hub.enrol(A, "PC"), hub.enrol(B, "reader")
    with HubProcess(tmp_path / "hub", guarded) as second, ThreadPoolExecutor(2) as pool:
        writer, reader = Desk(hub, token), Desk(second, reader_token)
        _, cursor = reader.changes()
        for place in range(3):
            waiting = pool.submit(reader.changes, cursor, 55)
            writer.put(write_of(Patient(id=f"not-for-b-{place}")))
            writer.put(write_of(with_audience(Patient(id=f"p{place}"), B)))
            changes, cursor = waiting.result()
            assert [change.id for change in changes] == [f"p{place}"]
        waiting = pool.submit(reader.changes, cursor, 55)
        writer.put(write_of(Patient(id="last")))
        second.stop()  # asked to end while somebody waits
        assert waiting.result()[0] == ()


def test_eight_conditional_creates_through_two_hubs_make_one_record(
    hub: HubProcess, guarded: str, tmp_path: Path
) -> None:
    tokens = [hub.enrol(A, f"PC {number}") for number in range(2)]
    body = b'{"resourceType":"Patient","identifier":[{"system":"urn:iin","value":"640305300123"}]}'
    answers: list[httpx.Response] = []
    with HubProcess(tmp_path / "hub", guarded) as second:
        gate = threading.Barrier(8)

        def create(url: str, token: str) -> None:
            headers = {
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/fhir+json",
                "If-None-Exist": "identifier=urn:iin|640305300123",
            }
            gate.wait(timeout=60)
            answers.append(httpx.post(f"{url}/Patient", content=body, headers=headers, timeout=60))

        places = [(each.url, token) for each in (hub, second) for token in tokens for _ in range(2)]
        threads = [threading.Thread(target=create, args=each) for each in places]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(each.status_code for each in answers) == [200] * 7 + [201], answers[0].text
        made = {each.headers["location"] for each in answers}
        assert len(made) == 1
        hub.kill()
        headers = {"Authorization": f"Bearer {tokens[0]}"}
        found = httpx.get(f"{second.url}/Patient?identifier=640305300123", headers=headers, timeout=60).json()
        assert found["total"] == 1
        assert (
            httpx.get(second.url + made.pop(), headers=headers, timeout=60).json()["id"]
            == found["entry"][0]["resource"]["id"]
        )


def test_the_password_is_in_no_log_whatever_happens(hub: HubProcess, postgres: PostgresServer, tmp_path: Path) -> None:
    mine = desk(hub, A)
    mine.put(write_of(Patient(id="p")))
    postgres.stop()
    try:
        assert mine.send(write_of(Patient(id="q"))).status_code == 503
    finally:
        postgres.start()
    hub.stop()
    log = log_of(tmp_path / "hub")
    assert "cannot be reached" in log
    assert PASSWORD not in log
    assert _QUOTED not in log


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "clinic_app.hub", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False, timeout=60)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--port", "0", "--database", "postgresql://u:{secret}@/nothing?host=/nonexistent"), "cannot be reached"),
        (("--port", "0", "--database", "postgresql://u:{secret}@db.hospital.kz/hub"), "sslmode=verify-full"),
        (("--port", "0", "--database", "mysql://u:{secret}@localhost/hub"), "not the address"),
        (("--port", "0", "--databse", "postgresql://u:{secret}@localhost/hub"), "unrecognized arguments"),
        (("postgresql://u:{secret}@localhost/hub",), "required"),
    ],
)
@pytest.mark.usefixtures("postgres")
def test_what_is_wrong_with_an_address_is_said_without_its_password(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    ended = run("--data", str(tmp_path / "hub"), *(word.format(secret=_QUOTED) for word in words))
    assert ended.returncode in (1, 2)
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert _QUOTED not in ended.stderr + ended.stdout
    assert PASSWORD not in ended.stderr + ended.stdout


def test_a_wrong_password_is_one_sentence(postgres: PostgresServer, guarded: str, tmp_path: Path) -> None:
    wrong = postgres.address(name_in(guarded), GUARDED, "guess-4711")
    ended = run("enrol", "--data", str(tmp_path / "hub"), "--organization", A, "--name", "PC", "--database", wrong)
    assert ended.returncode == 1
    assert "does not let the hub in" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1
    assert "guess-4711" not in ended.stderr


def test_a_backup_by_pg_dump_brings_the_hub_back(
    hub: HubProcess, guarded: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    mine, other = desk(hub, A), desk(hub, A)
    mine.put(write_of(Patient(id="kept")))
    _, cursor = other.changes()
    hub.stop()
    dump = postgres.run("pg_dump", "--format=plain", "--no-owner", "--no-acl", "-U", "dala", name_in(guarded))
    restored = postgres.take_bare()
    postgres.run("psql", "--quiet", "--set=ON_ERROR_STOP=1", "-U", "dala", name_in(restored), standard_input=dump)
    store = open_hub_store(tmp_path / "hub", None, restored)
    try:
        again = build_hub(store, SystemClock())
        caller = again.callers.caller(other.token)
        assert caller is not None
        assert again.feed.changes(caller, cursor, 10).changes == ()
        assert [change.id for change in again.feed.changes(caller, "", 10).changes] == ["kept"]
        assert store.records.search_patients("nobody") == ()
    finally:
        store.close()
        postgres.give_back(restored)
