"""How long a patient's save takes until COMMIT has returned, and a bare insert with the same promises to the disk."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from clinic_app.foundation.clock import SystemClock
from clinic_app.foundation.ids import new_id
from clinic_app.records import (
    AuditEvent,
    AuditEventAgent,
    AuditEventEntity,
    AuditEventSource,
    Coding,
    HumanName,
    Identifier,
    Patient,
    Reference,
    encode,
    reference_to,
)
from clinic_app.storage import Store
from clinic_app.terminology.systems import AUDIT_EVENT_TYPE, CHART_NUMBER, IIN

PATIENTS_BEFORE = 500
RUNS = 200


def measure_save() -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the milliseconds of each save and of each bare insert, taken in turn."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "ours", os.urandom(32), SystemClock())
        bare = sqlite3.connect(Path(folder) / "bare.sqlite", isolation_level=None)
        try:
            for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "CREATE TABLE record (body BLOB)"):
                bare.execute(statement)
            for number in range(PATIENTS_BEFORE):
                store.records.commit([_patient(number)])
            pairs = [_run(store, bare, PATIENTS_BEFORE + number) for number in range(RUNS)]
        finally:
            bare.close()
            store.close()
    return tuple(ours for ours, _ in pairs), tuple(theirs for _, theirs in pairs)


def _run(store: Store, bare: sqlite3.Connection, number: int) -> tuple[float, float]:
    patient = _patient(number)
    event = _event(patient)
    body = encode(patient)
    ours = _milliseconds(lambda: store.records.commit([patient], audit=[event]))
    theirs = _milliseconds(lambda: bare.execute("INSERT INTO record VALUES (?)", (body,)))
    return ours, theirs


def _milliseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def _patient(number: int) -> Patient:
    return Patient(
        id=new_id(),
        identifier=(Identifier(system=IIN, value=f"{number:012}"), Identifier(system=CHART_NUMBER, value=str(number))),
        name=(HumanName(family=f"ӘЛІБЕКҚЫЗЫ{number}", given=("Гүлнұр", "Ғабитқызы")),),
        gender="female",
        birth_date="1964-03-05",
    )


def _event(patient: Patient) -> AuditEvent:
    return AuditEvent(
        id=new_id(),
        type=Coding(system=AUDIT_EVENT_TYPE, code="rest"),
        action="C",
        recorded=SystemClock().now(),
        agent=(AuditEventAgent(who=Reference(reference="Practitioner/1"), requestor=True),),
        source=AuditEventSource(observer=Reference(reference="Device/1")),
        entity=(AuditEventEntity(what=reference_to(patient)),),
    )
