"""Joining by itself: only from a known beginning, never over a signature or a newer edit, and safe to repeat."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete

from clinic_app.access import Trail
from clinic_app.foundation.errors import LinkError
from clinic_app.foundation.texts import Text
from clinic_app.records import ContactPoint, Patient, Provenance, ProvenanceAgent, Reference
from clinic_app.storage import AuditQuery, Store
from clinic_app.storage.tables import OUTBOX
from clinic_app.sync.link import HubRefusalError
from clinic_app.sync.settling import Settling
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import opened, set_up

PHONES = tuple(ContactPoint(system="phone", value=each) for each in "123")


class Hub:
    """The versions a hub has, by address; ``asked`` is what somebody wanted."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes | Exception] = {}
        self.asked: list[str] = []

    async def record(self, type_name: str, record_id: str, version: str = "") -> bytes | None:
        address = f"{type_name}/{record_id}/{version}"
        self.asked.append(address)
        found = self.bodies.get(address)
        if isinstance(found, Exception):
            raise found
        return found


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path) as store:
        set_up(store)
        store.outbox.acknowledge({row.seq: "h" for row in store.outbox.pending(1000)})
        yield store


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
def settling(store: Store, hub: Hub) -> Settling:
    return Settling(store, hub, Trail(store, FixedClock()))  # type: ignore[arg-type]


def _run(settling: Settling) -> int:
    return asyncio.run(settling.run())


def _body(version: str, *phones: ContactPoint, **elements: Any) -> bytes:
    telecom = [{"system": "phone", "value": each.value} for each in phones]
    record = {"resourceType": "Patient", "id": "p", "meta": {"versionId": version}, "telecom": telecom, **elements}
    return msgspec.json.encode(record)


def _edit(store: Store, **changed: Any) -> Patient:
    (written,) = store.records.commit([msgspec.structs.replace(store.records.get(Patient, "p"), **changed)])
    assert isinstance(written, Patient)
    return written


def _meet(store: Store, *, base: bytes = b"", theirs: bytes = b"") -> None:
    """Ours has a second phone, the hub's another one."""
    store.records.receive([base or _body("h1", PHONES[0])])
    _edit(store, telecom=PHONES[:2])
    store.records.receive([theirs or _body("h2", PHONES[0], PHONES[2])])


def _now(store: Store) -> list[str | None]:
    return [each.value for each in store.records.get(Patient, "p").telecom]


def test_the_joined_version_is_sent_onto_the_hubs_and_every_version_stays(store: Store, settling: Settling) -> None:
    _meet(store)
    assert _run(settling) == 1
    assert sorted(_now(store)) == ["1", "2", "3"]  # type: ignore[type-var]
    (row,) = (each for each in store.outbox.pending() if each.type == "Patient")
    assert row.base_hub_version == "h2"
    assert [len(each.telecom) for each in store.records.versions(Patient, "p")] == [1, 2, 2, 3]
    assert store.records.conflicts() == ()
    assert len(store.audit.page(AuditQuery(action="join", patient="p"), 9)) == 1
    assert _run(settling) == 0


def test_what_was_made_and_sent_here_is_a_known_beginning(store: Store, settling: Settling, hub: Hub) -> None:
    store.records.commit([Patient(id="p", telecom=PHONES[:1])])
    store.outbox.acknowledge({row.seq: "h1" for row in store.outbox.pending()})
    _edit(store, telecom=PHONES[:2])
    store.records.receive([_body("h2", PHONES[0], PHONES[2])])
    assert _run(settling) == 1
    assert hub.asked == []


def test_a_beginning_that_is_not_here_is_got_from_the_hub_and_kept(store: Store, settling: Settling, hub: Hub) -> None:
    store.records.commit([Patient(id="p", telecom=PHONES[:1])])
    store.outbox.acknowledge({row.seq: "h1" for row in store.outbox.pending()})
    with store.database.writing() as connection:
        connection.execute(delete(OUTBOX).where(OUTBOX.c.state == "acked"))
    hub.bodies["Patient/p/h1"] = _body("h1", PHONES[0])
    _edit(store, telecom=PHONES[:2], birth_date="1964-03-05")
    store.records.receive([_body("h2", PHONES[0], PHONES[2])])
    assert _run(settling) == 0, "a birth date is asked"
    (conflict,) = store.records.conflicts()
    assert (conflict.base, conflict.base_version) == (hub.bodies["Patient/p/h1"], "h1")
    assert store.records.get(Patient, "p").telecom == PHONES[:2], "the newest version is still ours"
    assert _run(settling) == 0
    assert hub.asked == ["Patient/p/h1"]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"{}",
        _body("h9", PHONES[0]),
        _body("h1").replace(b'"p"', b'"q"'),
        HubRefusalError(403, "not yours"),
    ],
)
def test_without_the_right_beginning_it_is_a_question(
    store: Store, settling: Settling, hub: Hub, answer: bytes | Exception | None
) -> None:
    store.records.commit([Patient(id="p", telecom=PHONES[:1])])
    store.outbox.acknowledge({row.seq: "h1" for row in store.outbox.pending()})
    with store.database.writing() as connection:
        connection.execute(delete(OUTBOX).where(OUTBOX.c.state == "acked"))
    if answer is not None:
        hub.bodies["Patient/p/h1"] = answer
    _edit(store, telecom=PHONES[:2])
    store.records.receive([_body("h2", PHONES[2])])
    assert (_run(settling), _run(settling)) == (0, 0)
    assert len(store.records.conflicts()) == 1
    assert hub.asked == ["Patient/p/h1"], "it is asked once, not at every exchange"


def test_a_record_made_at_two_places_is_a_question(store: Store, settling: Settling, hub: Hub) -> None:
    store.records.commit([Patient(id="p", telecom=PHONES[:1])])
    store.records.receive([_body("h1", PHONES[1])])
    assert _run(settling) == 0
    assert (len(store.records.conflicts()), hub.asked) == (1, [])


def test_what_came_in_a_package_is_a_question_and_the_answer_is_sent_onto_the_hubs_version(
    store: Store, settling: Settling
) -> None:
    store.records.receive([_body("h1", PHONES[0])])
    _edit(store, telecom=PHONES[:2])
    store.records.receive([_body("s7", PHONES[2])], is_from_hub=False)
    assert _run(settling) == 0
    (conflict,) = store.records.conflicts()
    store.records.settle(conflict, conflict.mine)
    assert store.records.hub_version(Patient, "p") == "h1"


def test_what_somebody_signed_is_never_joined_by_itself(store: Store, settling: Settling) -> None:
    who = ProvenanceAgent(who=Reference(reference="Practitioner/x"))
    target = Reference(reference="Patient/p")
    store.records.commit([Provenance(id="s", target=(target,), recorded=FixedClock().now(), agent=(who,))])
    _meet(store)
    assert _run(settling) == 0
    assert len(store.records.conflicts()) == 1


def test_an_edit_made_while_joining_is_not_overwritten(
    store: Store, settling: Settling, monkeypatch: pytest.MonkeyPatch
) -> None:
    _meet(store)
    settle = store.records.settle

    def edited_first(*arguments: Any, **options: Any) -> Any:
        monkeypatch.setattr(store.records, "settle", settle)
        _edit(store, active=True)
        return settle(*arguments, **options)

    monkeypatch.setattr(store.records, "settle", edited_first)
    assert _run(settling) == 0
    assert len(store.records.conflicts()) == 1, "nothing of the attempt stays"
    assert _run(settling) == 1
    assert (len(_now(store)), store.records.get(Patient, "p").active) == (3, True)


def test_a_refused_record_whose_newer_version_did_not_come_is_fetched(
    store: Store, settling: Settling, hub: Hub
) -> None:
    store.records.receive([_body("h1", PHONES[0])])
    _edit(store, telecom=PHONES[:2])
    (row,) = (each for each in store.outbox.pending() if each.type == "Patient")
    store.outbox.conflicted(row.seq, "another version")
    hub.bodies["Patient/p/"] = _body("h2", PHONES[0], PHONES[2])
    assert _run(settling) == 1
    assert sorted(_now(store)) == ["1", "2", "3"]  # type: ignore[type-var]


def test_a_refused_record_that_the_hub_has_just_as_it_is_has_arrived(
    store: Store, settling: Settling, hub: Hub
) -> None:
    """The answer to the first try was lost, and the second was refused for coming too late."""
    store.records.commit([Patient(id="p", telecom=PHONES[:1])])
    (row,) = (each for each in store.outbox.pending() if each.type == "Patient")
    store.outbox.conflicted(row.seq, "it is there")
    hub.bodies["Patient/p/"] = msgspec.json.encode(
        {**msgspec.json.decode(row.body), "meta": {"versionId": "h1", "lastUpdated": "2026-03-05T07:00:00Z"}}
    )
    assert _run(settling) == 0
    assert (store.records.conflicts(), store.outbox.set_aside()) == ((), ())
    assert store.records.hub_version(Patient, "p") == "h1"


def test_a_cut_link_ends_the_exchange_and_the_next_one_asks_again(store: Store, settling: Settling, hub: Hub) -> None:
    store.records.receive([_body("h1", PHONES[0])])
    _edit(store, telecom=PHONES[:2])
    (row,) = (each for each in store.outbox.pending() if each.type == "Patient")
    store.outbox.conflicted(row.seq, "another version")
    hub.bodies["Patient/p/"] = LinkError(Text("The hub cannot be reached."))
    with pytest.raises(LinkError):
        _run(settling)
    hub.bodies["Patient/p/"] = _body("h2", PHONES[0], PHONES[2])
    assert _run(settling) == 1
