"""Real processes on one data folder: killed at any moment, or two at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from clinic_app.records import AuditEvent, Patient
from tests.helpers.stores import opened

ROOT = Path(__file__).parents[2]
WRITER = """
import sys
from pathlib import Path
from clinic_app.foundation.ids import new_id
from clinic_app.records import AuditEvent, AuditEventAgent, AuditEventSource, Coding, Reference
from clinic_app.storage import Store
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import KEY, patient
store = Store.open(Path(sys.argv[1]), KEY, FixedClock())
while True:
    record = patient()
    seen = AuditEvent(
        id=new_id(), type=Coding(code="rest"), action="C", recorded=NOON, agent=(AuditEventAgent(requestor=True),),
        source=AuditEventSource(observer=Reference(reference="Device/d")),
    )
    sha256 = store.blobs.put(record.id.encode() * 5000)
    store.records.commit([record], audit=[seen], uploads=[sha256])
    print(record.id, sha256, flush=True)
"""
COUNTER = """
import sys
from pathlib import Path
from clinic_app.storage import Store
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import KEY
store = Store.open(Path(sys.argv[1]), KEY, FixedClock())
print(*[store.memory.next_number("chart") for _ in range(40)])
store.close()
"""


def started(script: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", script, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("acknowledged", [1, 7, 30])
def test_whatever_was_said_to_be_saved_is_there_after_a_kill(tmp_path: Path, acknowledged: int) -> None:
    """Two kills in the same folder; what came after the last word may be there or not, but whole."""
    said: list[list[str]] = []
    for _ in range(2):
        with started(WRITER, tmp_path) as process:
            assert process.stdout is not None
            said += [process.stdout.readline().split() for _ in range(acknowledged)]
            process.kill()
            said += [line.split() for line in process.stdout if line.endswith("\n") and len(line.split()) == 2]
    with opened(tmp_path) as store:
        patients = {record.id for record in store.records.find(Patient, limit=10_000)}
        assert {record_id for record_id, _ in said} <= patients
        assert all(store.blobs.read(sha256) == record_id.encode() * 5000 for record_id, sha256 in said)
        rows = store.outbox.pending(10_000)
        assert {row.id for row in rows if row.type == "Patient"} == patients
        assert len(rows) == 2 * len(patients)
        assert len(store.records.find(AuditEvent, limit=10_000)) == len(patients)
        assert len(store.transfers.pending("up")) == len(patients)
        assert store.records.broken_audit_row() is None
        store.file.check()


def test_two_programs_on_one_folder_never_get_the_same_number(tmp_path: Path) -> None:
    with opened(tmp_path):
        pass
    with started(COUNTER, tmp_path) as first, started(COUNTER, tmp_path) as second:
        numbers = [int(word) for process in (first, second) for word in process.communicate()[0].split()]
    assert sorted(numbers) == list(range(1, 81))
