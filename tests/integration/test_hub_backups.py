"""A hub goes back to yesterday, and its workstations bring it everything since: real processes, file and server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from clinic_app.foundation.clock import SystemClock
from clinic_app.foundation.ids import new_id
from clinic_app.records import HumanName, Patient
from clinic_app.storage.backups import listed
from clinic_app.sync import Failed, SyncService
from tests.helpers.hub_process import ROOT, HubProcess
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

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one of the hub's commands as IT would."""
        database = ["--database", self.database] if self.database else []
        return subprocess.run(
            [sys.executable, "-m", "clinic_app.hub", *words, "--data", str(self.folder), *database],
            cwd=ROOT,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )

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

    def content(self, sha256: str) -> bytes:
        """Return a content the hub has."""
        return httpx.get(f"{self.hub.url}/blob/{sha256}", headers={"Authorization": f"Bearer {self.token}"}).content

    def restore(self) -> str:
        """Put the newest copy back while the hub stands still, and return what was said."""
        self.hub.stop()
        done = self.command("restore", "--backup", "newest", "--from", str(self.disk))
        assert done.returncode == 0, done.stderr
        self.hub.start()
        return done.stdout


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
    made = town.command("backup", "--to", str(town.disk))
    assert made.returncode == 0, made.stderr
    (copy,) = (each for there in town.disk.iterdir() for each in listed(there / "backups"))
    assert copy.is_verified
    assert copy.records > 0
    epoch = httpx.get(f"{town.hub.url}/health").headers["x-hub-epoch"]

    since = town.register("Кейін")
    patient, _ = patient_with_evidence(town.desk)
    town.send("the evidence is at the hub")
    late = town.hub.enrol(DISTRICT, "Came after the backup")
    stolen = town.hub.enrol(DISTRICT, "Was stolen")
    listed_now = town.command("devices").stdout.splitlines()
    thief = next(line.partition(";")[0].strip('"') for line in listed_now if "Was stolen" in line)
    assert town.command("revoke", "--id", thief).returncode == 0

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
