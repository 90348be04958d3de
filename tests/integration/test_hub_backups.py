"""A hub goes back to yesterday, and its workstations bring it everything since: real processes, file and server."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack, closing, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from clinic_app.foundation.clock import SystemClock
from clinic_app.foundation.ids import new_id
from clinic_app.hub.__main__ import main
from clinic_app.hub.folder import open_hub_store
from clinic_app.records import HumanName, Patient
from clinic_app.storage import Store
from clinic_app.storage.backups.backups import listed
from clinic_app.storage.feed.callers import FeedCallers
from clinic_app.sync import Failed, SyncService
from tests.helpers.hub_process import HubProcess
from tests.helpers.nodes import DISTRICT, Node, node, patient_with_evidence
from tests.helpers.postgres import GUARDED, PASSWORD, PostgresServer, name_in
from tests.helpers.waiting import wait_until


@dataclass
class Town:
    """One hub, one workstation that writes, and a second disk."""

    hub: HubProcess
    folder: Path
    database: str
    disk: Path
    desk: Node
    sync: SyncService
    token: str

    def command(self, *words: str) -> str:
        """Run one of the hub's commands in this process, beside that of the hub, and return what it prints."""
        database = ["--database", self.database] if self.database else []
        printed = io.StringIO()
        with redirect_stdout(printed):
            assert main([*words, "--data", str(self.folder), *database]) == 0
        return printed.getvalue()

    def accounts(self) -> closing[Store]:
        """Open the hub's store as its commands do, while it runs."""
        return closing(open_hub_store(self.folder, None, self.database))

    def register(self, family: str) -> str:
        """Register a patient at the desk, and wait until the hub has him."""
        patient = Patient(id=new_id(), name=(HumanName(family=family),))
        self.desk.store.records.commit([patient])
        self.send(f"{family} is at the hub")
        return patient.id

    def send(self, what: str) -> None:
        """Wait until the hub has everything."""

        def is_sent() -> bool:
            if isinstance(self.sync.state(), Failed):
                self.sync.sync_now()
            return self.desk.store.outbox.count() == 0 and self.desk.store.transfers.waiting_bytes() == 0

        self.sync.sync_now()
        wait_until(is_sent, 30, what)

    def has(self, id: str, token: str = "") -> bool:
        """Return whether the hub has a patient."""
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return httpx.get(f"{self.hub.url}/Patient/{id}", headers=headers).status_code == 200

    def restore(self) -> str:
        """Put the newest copy back while the hub stands still, and return what was said."""
        self.hub.stop()
        said = self.command("restore", "--backup", "newest", "--from", str(self.disk))
        self.hub.start()
        return said


@pytest.fixture(params=["file", "server"])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    with ExitStack() as stack:
        address = ""
        if request.param == "server":
            server: PostgresServer = request.getfixturevalue("postgres")
            server.execute(f"CREATE ROLE {GUARDED} LOGIN PASSWORD '{PASSWORD}'")
            stack.callback(server.execute, f"DROP ROLE {GUARDED}")
            bare = server.take_bare()
            stack.callback(server.give_back, bare)
            server.execute(f"ALTER DATABASE {name_in(bare)} OWNER TO {GUARDED}")
            address = server.address(name_in(bare), GUARDED, PASSWORD)
        hub = HubProcess(tmp_path / "hub", address)
        tokens = [hub.enrol(DISTRICT, name) for name in ("Desk", "Reader")]
        stack.enter_context(hub)
        desk = stack.enter_context(node(tmp_path / "desk", DISTRICT, SystemClock()))
        disk = tmp_path / "disk"
        disk.mkdir()
        sync = desk.sync(hub.url, tokens[0], interval_s=0.5)
        sync.start()
        yield Town(hub, tmp_path / "hub", address, disk, desk, sync, tokens[1])


def test_a_restored_hub_gets_back_everything_since_from_its_workstations(town: Town) -> None:
    before = town.register("Бұрын")
    assert "on the second disk" in town.command("backup", "--to", str(town.disk))
    (copy,) = (each for there in town.disk.iterdir() for each in listed(there / "backups"))
    assert copy.is_verified
    assert copy.records > 0
    epoch = httpx.get(f"{town.hub.url}/health").headers["x-hub-epoch"]

    since = town.register("Кейін")
    patient, _ = patient_with_evidence(town.desk)
    town.send("the evidence is at the hub")
    with town.accounts() as store:
        callers = FeedCallers(store.database, SystemClock())
        late, stolen = (callers.enrol(DISTRICT, name) for name in ("Came after the backup", "Was stolen"))
        callers.revoke(next(each.id for each in callers.devices() if each.name == "Was stolen"))

    said = town.restore()
    assert "restored from" in said
    assert "1 shut out" in said
    assert httpx.get(f"{town.hub.url}/health").headers["x-hub-epoch"] != epoch
    town.sync.sync_now()
    wait_until(lambda: town.has(since) and town.has(patient.id), 30, "what came after the backup is back")
    town.send("everything is back")
    assert town.has(before)
    assert town.has(before, late), "who was let in since is still let in"
    assert not town.has(before, stolen), "who was shut out since stays shut out"
