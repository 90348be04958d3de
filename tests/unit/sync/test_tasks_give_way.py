"""A step of a Task that no Task takes gives way to what the hub has; any other refusal stays for a person."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import httpx
import msgspec
import pytest

from clinic_app.foundation.errors import LinkError
from clinic_app.foundation.texts import Text
from clinic_app.records import Annotation, Meta, Patient, Resource, Task, encode
from clinic_app.storage import Store
from clinic_app.sync.link import HubLink
from clinic_app.sync.push import Push
from clinic_app.sync.wire import MEDIA_TYPE, encode_outcome
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "store") as made:
        yield made


class Refusing:
    """Refuses every transaction, and says what it has itself."""

    def __init__(self, status: int, has: bytes | Exception, answer: int = 200) -> None:
        self.status = status
        self.has = has
        self.answer = answer
        self.pushed = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            self.pushed += 1
            return _fhir(encode_outcome("conflict", Text("no such step")), self.status)
        if isinstance(self.has, Exception):
            raise self.has
        return _fhir(self.has, self.answer)


def _fhir(body: bytes, status: int = 200) -> httpx.Response:
    return httpx.Response(status, stream=httpx.ByteStream(body), headers={"Content-Type": MEDIA_TYPE})


def _push(store: Store, hub: Refusing) -> None:
    async def talk() -> None:
        link = HubLink("http://hub.invalid", "token", FixedClock(), httpx.MockTransport(hub))
        try:
            await Push(store, link, lambda _: None).run()
        finally:
            await link.close()

    asyncio.run(talk())


def _at_hub(record: Resource, version: str) -> bytes:
    return encode(msgspec.structs.replace(record, meta=Meta(version_id=version)))


TASK = Task(id="t", status="completed", intent="order", priority="routine")


def _signed_again(store: Store) -> None:
    """The hub has the case as answered; here it is answered once more."""
    store.records.receive([_at_hub(TASK, "h1")])
    newest = store.records.get(Task, "t")
    store.records.commit([msgspec.structs.replace(newest, priority="urgent")])
    store.records.commit([msgspec.structs.replace(store.records.get(Task, "t"), status="failed")])


def _states(store: Store, kind: str = "Task") -> list[str]:
    return [row.state for row in store.outbox.rows_for(kind, "t")]


def test_a_second_end_of_a_case_gives_way_and_stays_in_the_history(store: Store) -> None:
    _signed_again(store)
    hub = Refusing(409, _at_hub(TASK, "h1"))
    _push(store, hub)
    assert store.records.get(Task, "t").priority == "routine"
    assert store.records.hub_version(Task, "t") == "h1"
    assert _states(store) == ["acked", "acked"]
    assert [each.priority for each in store.records.versions(Task, "t")][:2] == ["routine", "urgent"]
    assert (store.outbox.count(), store.outbox.set_aside(), hub.pushed) == (0, (), 1)


def test_a_question_that_was_open_about_it_is_closed(store: Store) -> None:
    _signed_again(store)
    store.records.receive([_at_hub(msgspec.structs.replace(TASK, priority="asap"), "h2")])
    assert len(store.records.conflicts()) == 1
    conflict = store.records.conflicts()[0]
    store.records.settle(conflict, store.records.get(Task, "t"))
    theirs = msgspec.structs.replace(TASK, priority="asap")
    _push(store, Refusing(409, _at_hub(theirs, "h2")))
    assert store.records.conflicts() == ()
    assert store.records.get(Task, "t").priority == "asap"
    assert store.outbox.count() == 0


NOT_TO_BE_HAD: dict[str, tuple[bytes, int]] = {
    "another version": (_at_hub(TASK, "h9"), 200),
    "not there": (encode_outcome("not-found", Text("no")), 404),
    "not ours to see": (encode_outcome("forbidden", Text("no")), 403),
    "no Task": (b'{"resourceType":"Patient","id":"t"}', 200),
}


@pytest.mark.parametrize("kind", sorted(NOT_TO_BE_HAD))
def test_without_the_very_version_ours_was_made_from_it_stays_a_conflict(store: Store, kind: str) -> None:
    _signed_again(store)
    body, status = NOT_TO_BE_HAD[kind]
    _push(store, Refusing(409, body, status))
    assert "conflict" in _states(store)
    assert store.records.get(Task, "t").status == "failed"


def test_a_step_made_from_another_version_stays_a_conflict_and_is_not_asked_for(store: Store) -> None:
    _signed_again(store)
    _push(store, Refusing(412, ZeroDivisionError()))
    assert "conflict" in _states(store)


def test_a_new_task_and_a_card_do_not_give_way(store: Store) -> None:
    store.records.commit([Task(id="t", status="requested", intent="order")])
    _push(store, Refusing(409, ZeroDivisionError()))
    assert _states(store) == ["conflict"]
    store.records.commit([Patient(id="t")])
    _push(store, Refusing(409, ZeroDivisionError()))
    assert _states(store, "Patient") == ["conflict"]


def test_a_link_that_breaks_while_the_hubs_version_is_asked_for_loses_nothing(store: Store) -> None:
    _signed_again(store)
    with pytest.raises(LinkError):
        _push(store, Refusing(409, httpx.ReadError("cut")))
    assert _states(store) == ["queued", "queued"]
    assert store.records.get(Task, "t").status == "failed"


REQUESTED = Task(id="t", status="requested", intent="order", priority="routine")


def _said(store: Store, *statuses: Literal["received", "in-progress", "completed"]) -> None:
    store.records.receive([_at_hub(REQUESTED, "h1")])
    for status in statuses:
        store.records.commit([msgspec.structs.replace(store.records.get(Task, "t"), status=status)])


def test_a_colleague_who_said_received_first_is_believed(store: Store) -> None:
    _said(store, "received")
    _push(store, Refusing(412, _at_hub(msgspec.structs.replace(REQUESTED, status="received"), "h2")))
    assert _states(store) == ["acked"]
    assert store.records.hub_version(Task, "t") == "h2"
    assert (store.records.conflicts(), store.outbox.set_aside()) == ((), ())


def test_an_answer_written_since_a_colleague_said_received_first_goes_on_from_there(store: Store) -> None:
    _said(store, "received", "in-progress", "completed")
    _push(store, Refusing(412, _at_hub(msgspec.structs.replace(REQUESTED, status="received"), "h2")))
    first, *later = store.outbox.rows_for("Task", "t")
    assert first.state == "acked"
    assert {row.base_hub_version for row in later} == {"h2"}
    assert store.records.get(Task, "t").status == "completed"
    assert store.records.conflicts() == ()


def test_an_answer_to_a_case_a_colleague_has_answered_is_a_question(store: Store) -> None:
    _said(store, "received", "completed")
    theirs = msgspec.structs.replace(REQUESTED, status="completed", note=(Annotation(text="another"),))
    _push(store, Refusing(412, _at_hub(theirs, "h2")))
    assert len(store.records.conflicts()) == 1
    assert "queued" not in _states(store)[1:]
    assert store.records.get(Task, "t").status == "completed"
