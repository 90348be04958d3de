"""What stands at the end at the hub and at every workstation, read from their closed data folders."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import select

from clinic_app.access import hub_token
from clinic_app.foundation.clock import SystemClock
from clinic_app.foundation.errors import ClinicError
from clinic_app.hub.app import build_hub
from clinic_app.hub.folder import open_hub_store
from clinic_app.hub.gate import Hub
from clinic_app.hub.upstream_account import kept_account
from clinic_app.keys import FileKeyStorage, unlock
from clinic_app.records import Patient, decode_as
from clinic_app.storage import Store
from clinic_app.storage.tables import HISTORY, OUTBOX, RECORD
from tests.drills.link.ledger import Key, Ledger, Standing, Verdict
from tests.drills.link.people import MARK, values_of

_MARK: Final = re.compile(rf"{MARK}[a-z]+".encode())
_BEARERS: Final = ("Patient", "Observation", "AllergyIntolerance", "DocumentReference", "ServiceRequest")
_ANSWERS: Final = ("DiagnosticReport",)
_PAGE: Final = 200
Content = Mapping[str, Any]


def judge(ledger: Ledger, hubs: Sequence[Path], stations: Mapping[str, tuple[Path, Path]]) -> Verdict:
    """Open what is left of hubs and workstations, and compare it with what was said and with one another.

    Args:
        ledger: what was said.
        hubs: data folders of the hubs, the central one first; nobody uses them.
        stations: by its name, the data folder of each workstation and that of its hub.
    """
    with ExitStack() as stack:
        opened = {folder: stack.enter_context(closing(open_hub_store(folder, None))) for folder in hubs}
        central = opened[hubs[0]]
        verdict = ledger.judge(_standing(central))
        for folder, store in opened.items():
            account = kept_account(store)
            if account is not None:
                _compare(folder.name, store, account.token, central, verdict)
        for name, (folder, hub_folder) in stations.items():
            key = unlock(folder, FileKeyStorage(folder))
            with closing(Store.open(folder, key, SystemClock())) as store:
                _compare(name, store, hub_token(store), opened[hub_folder], verdict)
                broken = store.records.broken_audit_row()
                verdict.unequal += [f"{name}: audit chain broken at {broken}"] if broken else []
    return verdict


def content_of(body: bytes) -> Content:
    """Return what a body says, without what a node adds when it stores it."""
    content: dict[str, Any] = msgspec.json.decode(body)
    meta = {name: value for name, value in content.pop("meta", {}).items() if name not in ("versionId", "lastUpdated")}
    return {**content, "meta": meta}


def _standing(store: Store) -> Standing:
    records: dict[Key, Content] = {}
    marks: Counter[str] = Counter()
    values = {}
    with store.database.reading() as connection:
        for row in connection.execute(select(RECORD.c.type, RECORD.c.id, RECORD.c.body)):
            records[row.type, row.id] = content_of(row.body)
            if row.type in (*_BEARERS, *_ANSWERS):
                marks.update(f"{row.type} {mark.decode()}" for mark in set(_MARK.findall(row.body)))
            if row.type == "Patient":
                patient = values_of(decode_as(Patient, row.body))
                values.update({("Patient", row.id, name): each for name, each in patient.items()})
        versions = connection.execute(
            select(HISTORY.c.type, HISTORY.c.id, HISTORY.c.body).order_by(HISTORY.c.type, HISTORY.c.id, HISTORY.c.seq)
        )
        repeated = _repeated([(row.type, row.id, bytes(row.body)) for row in versions])
    addresses = {each for deed in records.values() for each in _addresses(deed)}
    whole = frozenset(each for each in addresses if _is_whole(store, each))
    return Standing(values, marks, records, whole, repeated)


def _repeated(versions: list[tuple[str, str, bytes]]) -> tuple[Key, ...]:
    """Find records with versions that say what the version before them says: a write that was taken twice."""
    found = []
    for (type_name, record_id, before), (next_type, next_id, after) in pairwise(versions):
        is_same_record = (type_name, record_id) == (next_type, next_id)
        if is_same_record and content_of(before) == content_of(after):
            found.append((type_name, record_id))
    return tuple(found)


def _compare(name: str, store: Store, token: str, hub_store: Store, verdict: Verdict) -> None:
    """See that a node has what its hub shows it, the same, and that the hub has what was written there."""
    shown = _shown_to(build_hub(hub_store, SystemClock()), token)
    with store.database.reading() as connection:
        here = {(row.type, row.id): row for row in connection.execute(select(RECORD))}
        sent = {(row.type, row.id) for row in connection.execute(select(OUTBOX.c.type, OUTBOX.c.id).distinct())}
        unsettled = connection.execute(
            select(OUTBOX.c.type, OUTBOX.c.id, OUTBOX.c.state, OUTBOX.c.last_error).where(OUTBOX.c.state != "acked")
        )
        verdict.set_aside += [f"{name}: {row.type}/{row.id} {row.state}: {row.last_error}" for row in unsettled]
    for key, body in shown.items():
        if key not in here:
            verdict.unequal.append(f"{name} has no {'/'.join(key)}")
        elif content_of(here[key].body) != content_of(body):
            verdict.unequal.append(f"{name} has another {'/'.join(key)}: {_unlike(here[key].body, body)}")
    with hub_store.database.reading() as connection:
        there = {(row.type, row.id) for row in connection.execute(select(RECORD.c.type, RECORD.c.id))}
    verdict.lost += [f"{name} wrote {'/'.join(key)}, the hub has none" for key in sent - there]
    verdict.unequal += [f"{name} does not see its own {'/'.join(key)}" for key in sent & there - shown.keys()]


def _unlike(here: bytes, there: bytes) -> str:
    """Return in which fields two bodies differ, and how."""
    ours, theirs = content_of(here), content_of(there)
    names = [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
    versions = [msgspec.json.decode(body).get("meta", {}).get("versionId") for body in (here, there)]
    return f"{versions}, " + ", ".join(f"{name}: {ours.get(name)} and {theirs.get(name)}" for name in names)[:400]


def _shown_to(hub: Hub, token: str) -> dict[Key, bytes]:
    """Return everything a workstation sees that reads the feed from its start."""
    caller = hub.callers.caller(token)
    assert caller is not None
    shown: dict[Key, bytes] = {}
    page = hub.feed.changes(caller, "", _PAGE, with_own=True)
    while page.changes:
        shown.update({(each.type_name, each.id): each.body for each in page.changes})
        page = hub.feed.changes(caller, page.cursor, _PAGE, with_own=True)
    return shown


def _addresses(content: Content) -> list[str]:
    if content.get("resourceType") != "DocumentReference":
        return []
    urls = [each.get("attachment", {}).get("url", "") for each in content.get("content", ())]
    return [url.rpartition(":")[2] for url in urls if url.startswith("urn:sha256:")]


def _is_whole(store: Store, sha256: str) -> bool:
    try:
        store.blobs.read(sha256)
    except ClinicError:
        return False
    return True
