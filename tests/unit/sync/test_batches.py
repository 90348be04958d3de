"""What goes together and what comes first: edits as one, references before what refers, circles, what must wait."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from clinic_app.foundation.errors import LinkError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.records import (
    AuditEvent,
    HumanName,
    Observation,
    Patient,
    Reference,
    Resource,
    Task,
    reference_to,
)
from clinic_app.records.datatypes import CodeableConcept
from clinic_app.storage import Lane, OutboxRow, Store
from clinic_app.storage.exchange.exchange import Write, Written
from clinic_app.sync.batches import Batches, references
from clinic_app.sync.link import HubLink
from clinic_app.sync.push import Push
from clinic_app.sync.wire import MEDIA_TYPE, decode_transaction, encode_outcome, encode_transaction_response
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import opened

PLENTY = 1 << 20


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "store") as made:
        yield made


class JudgingHub:
    """Takes what is not forbidden, and remembers the transactions it took."""

    def __init__(self) -> None:
        self.taken: list[list[Write]] = []
        self.asked = 0
        self.forbidden: set[str] = set()
        self.is_cut = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        writes = decode_transaction(request.content)
        if any(write.id in self.forbidden for write in writes):
            body = encode_outcome("invalid", Text("no"))
            return httpx.Response(422, stream=httpx.ByteStream(body), headers={"Content-Type": MEDIA_TYPE})
        self.taken.append(list(writes))
        if self.is_cut:
            raise httpx.ReadError("the answer is lost")
        written = [Written(each.type_name, each.id, f"v{self.asked}", NOON) for each in writes]
        body = encode_transaction_response(written)
        return httpx.Response(200, stream=httpx.ByteStream(body), headers={"Content-Type": MEDIA_TYPE})

    @property
    def ids(self) -> list[list[str]]:
        """The ids in each transaction that was taken."""
        return [[write.id for write in each] for each in self.taken]


def _push(store: Store, hub: JudgingHub) -> None:
    async def talk() -> None:
        link = HubLink("http://hub.invalid", "token", FixedClock(), httpx.MockTransport(hub))
        try:
            await Push(store, link, lambda _: None).run()
        finally:
            await link.close()

    asyncio.run(talk())


def _patient(ident: str = "", **fields: Any) -> Patient:
    return Patient(id=ident or new_id(), **fields)


def _pulse(about: Patient, name: str = "") -> Observation:
    return Observation(
        id=name or new_id(), status="final", code=CodeableConcept(text="pulse"), subject=reference_to(about)
    )


def _keep(store: Store, *records: Resource, lane: Lane = "records") -> None:
    store.records.commit(records, lane=lane)


def _edited(store: Store, patient: Patient, day: str) -> Patient:
    newest = store.records.get(Patient, patient.id)
    (saved,) = store.records.commit([msgspec.structs.replace(newest, birth_date=day)])
    assert isinstance(saved, Patient)
    return saved


def _states(store: Store, name: str, type_name: str = "Observation") -> list[str]:
    return [row.state for row in store.outbox.rows_for(type_name, name)]


def test_what_is_referred_to_comes_first_even_out_of_a_lane_that_could_wait(store: Store) -> None:
    card = _patient("card")
    _keep(store, card, lane="bulk")
    _keep(store, _patient("other"), lane="records")
    _keep(store, _pulse(card, "pulse"), lane="emergency")
    (first,) = [Batches(store.outbox).next(PLENTY)]
    assert [each.row.id for each in first] == ["card", "pulse", "other"]


def test_a_chain_of_references_goes_from_its_beginning(store: Store) -> None:
    card = _patient("card")
    strip = _pulse(card, "strip")
    pulse = msgspec.structs.replace(_pulse(_patient("nobody"), "pulse"), derived_from=(_to("strip"),))
    _keep(store, pulse, lane="emergency")
    _keep(store, strip)
    _keep(store, card, lane="bulk")
    batch = Batches(store.outbox).next(PLENTY)
    assert [each.row.id for each in batch] == ["card", "strip", "pulse"]


def test_a_circle_of_references_goes_together(store: Store) -> None:
    one = _patient("one")
    first = Observation(id="first", status="final", code=CodeableConcept(text="a"), derived_from=(_to("second"),))
    second = Observation(id="second", status="final", code=CodeableConcept(text="b"), derived_from=(_to("first"),))
    _keep(store, one, first, second)
    batch = Batches(store.outbox).next(PLENTY)
    assert sorted(each.row.id for each in batch) == ["first", "one", "second"]


def _to(name: str) -> Reference:
    return Reference(reference=f"Observation/{name}")


def test_a_record_that_refers_to_itself_is_no_circle_without_end(store: Store) -> None:
    _keep(store, Observation(id="me", status="final", code=CodeableConcept(text="a"), derived_from=(_to("me"),)))
    assert [each.row.id for each in Batches(store.outbox).next(PLENTY)] == ["me"]


def test_a_record_that_refers_to_what_the_hub_refused_waits_and_the_others_go_on(store: Store) -> None:
    hub = JudgingHub()
    card, other = _patient("card"), _patient("other")
    hub.forbidden = {"card"}
    _keep(store, card)
    _push(store, hub)
    _keep(store, _pulse(card, "waits"), _pulse(other, "goes"), other)
    _push(store, hub)
    assert _states(store, "card", "Patient") == ["quarantined"]
    assert (_states(store, "waits"), _states(store, "goes")) == (["held"], ["acked"])
    (row,) = store.outbox.rows_for("Observation", "waits")
    assert row.last_error == "Patient/card"
    asked = hub.asked
    _push(store, hub)
    assert hub.asked == asked, "what waits for another record is not tried in vain"


def test_what_was_held_goes_as_soon_as_the_record_it_waits_for_was_mended(store: Store) -> None:
    hub = JudgingHub()
    card = _patient("card")
    hub.forbidden = {"card"}
    _keep(store, card)
    _push(store, hub)
    _keep(store, _pulse(card, "waits"))
    _push(store, hub)
    hub.forbidden = set()
    _edited(store, card, "1964-03-05")
    _push(store, hub)
    assert hub.ids == [["card", "waits"]]
    assert _states(store, "waits") == ["acked"]
    assert _states(store, "card", "Patient") == ["acked", "acked"]


def test_an_emergency_does_not_wait_for_a_card_the_hub_refused(store: Store) -> None:
    hub = JudgingHub()
    card = _patient("card")
    hub.forbidden = {"card"}
    _keep(store, card)
    _push(store, hub)
    _keep(store, _pulse(card, "pressing"), lane="emergency")
    _push(store, hub)
    assert _states(store, "pressing") == ["acked"]


def test_a_correction_the_hub_refused_does_not_hold_up_what_refers_to_the_version_it_has(store: Store) -> None:
    hub = JudgingHub()
    card = _patient("card")
    _keep(store, card)
    _push(store, hub)
    hub.forbidden = {"card"}
    _edited(store, card, "1900-01-01")
    _keep(store, _pulse(card, "goes"))
    _push(store, hub)
    assert _states(store, "card", "Patient") == ["acked", "quarantined"]
    assert _states(store, "goes") == ["acked"]


def test_many_that_wait_do_not_stand_in_the_way_of_the_others(store: Store) -> None:
    hub = JudgingHub()
    card = _patient("card")
    hub.forbidden = {"card"}
    _keep(store, card)
    _push(store, hub)
    _keep(store, *(_pulse(card) for _ in range(450)), _patient("other"))
    _push(store, hub)
    assert hub.ids == [["other"]]
    assert store.outbox.count() == 450


def test_the_trail_follows_nobody(store: Store) -> None:
    body = b'{"resourceType":"AuditEvent","reference":"Patient/card"}'
    row = OutboxRow(1, "op", AuditEvent.__name__, "a", body, None, "audit", 0, "queued", "")
    assert tuple(references(row)) == ()
    assert tuple(references(_in(row, "records"))) == (("Patient", "card"),)


def _in(row: OutboxRow, lane: Lane) -> OutboxRow:
    return OutboxRow(row.seq, row.op_id, row.type, row.id, row.body, None, lane, 0, "queued", "")


def test_every_step_of_a_task_goes_up_because_the_hub_judges_each(store: Store) -> None:
    hub = JudgingHub()
    task = Task(id="t", status="draft", intent="order")
    _keep(store, task)
    for status in ("requested", "cancelled"):
        newest = store.records.get(Task, "t")
        _keep(store, msgspec.structs.replace(newest, status=status))
    _push(store, hub)
    assert [len(each) for each in hub.taken] == [1, 1, 1]
    assert [each[0].base_version for each in hub.taken] == [None, "v1", "v2"]


def test_what_may_have_arrived_goes_again_as_it_was_before_any_newer_edit(store: Store) -> None:
    hub = JudgingHub()
    card = _patient("card", birth_date="1964")
    _keep(store, card)
    _edited(store, card, "1965")
    hub.is_cut = True
    with pytest.raises(LinkError):
        _push(store, hub)
    _edited(store, card, "1966")
    hub.is_cut = False
    _push(store, hub)
    assert [each[0].body for each in hub.taken[:1]] == [each[0].body for each in hub.taken[1:2]]
    assert b"1965" in hub.taken[1][0].body
    assert (hub.taken[2][0].base_version, b"1966" in hub.taken[2][0].body) == ("v2", True)
    assert _states(store, "card", "Patient") == ["acked"] * 3


def test_a_kill_while_the_answer_is_awaited_leaves_the_mark_that_it_was_sent(store: Store) -> None:
    marks: list[list[int]] = []

    class Dying(JudgingHub):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            marks.append([row.attempts for row in store.outbox.pending()])
            return super().__call__(request)

    _keep(store, _patient("card"))
    _push(store, Dying())
    assert marks == [[1]]


def test_a_refused_edit_speaks_for_those_it_carries_and_is_one_thing_to_mend(store: Store) -> None:
    hub = JudgingHub()
    card = _patient("card")
    hub.forbidden = {"card"}
    _keep(store, card)
    _edited(store, card, "1965")
    _push(store, hub)
    assert _states(store, "card", "Patient") == ["acked", "quarantined"]
    hub.forbidden = set()
    store.outbox.release(store.outbox.set_aside()[0].seq)
    _push(store, hub)
    assert (hub.taken[0][0].base_version, b"1965" in hub.taken[0][0].body) == (None, True)


def test_a_transaction_has_room_for_so_many_bytes_and_one_record_may_be_larger(store: Store) -> None:
    long = (HumanName(text="x" * 4000),)
    _keep(store, *(_patient(str(number), name=long) for number in range(5)))
    batches = Batches(store.outbox)
    assert len(batches.next(10_000)) == 2
    assert len(batches.next(100)) == 1


def test_a_family_larger_than_a_transaction_goes_from_its_beginning(store: Store) -> None:
    hub = JudgingHub()
    many = [_patient(f"p{number:03}") for number in range(260)]
    links = tuple(reference_to(each) for each in many)
    big = Observation(id="big", status="final", code=CodeableConcept(text="a"), performer=links)
    _keep(store, big, lane="emergency")
    _keep(store, *many)
    _push(store, hub)
    assert [len(each) for each in hub.ids] == [200, 61]
    assert "big" in hub.ids[1]


def test_what_is_written_while_it_is_sent_has_its_turn_next_time(store: Store) -> None:
    class Talkative(JudgingHub):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            _keep(store, _patient())
            return super().__call__(request)

    _keep(store, _patient())
    _push(store, Talkative())
    assert store.outbox.count() == 1
