"""Orders of images: written by doctors, seen by those who take pictures, numbered once, cancelled with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from clinic_app.foundation.errors import ConflictError, InvalidInputError, NotAllowedError
from clinic_app.imaging.order_record import (
    MODALITIES,
    OrderForm,
    body_part_of,
    checked,
    is_imaging_order,
    modality_of,
    state_of,
    study_uid_of,
    with_state,
)
from clinic_app.records import AuditEvent, ServiceRequest, decode_as, encode
from tests.helpers.image_desk import Desk, image_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with image_desk(tmp_path) as made:
        yield made


def test_an_order_has_two_numbers_nobody_else_has(desk: Desk) -> None:
    orders = [desk.order() for _ in range(3)]
    assert [each.accession for each in orders] == ["AB1226000001", "AB1226000002", "AB1226000003"]
    uids = {each.study_uid for each in orders}
    assert len(uids) == 3
    assert all(uid.startswith("2.25.") and len(uid) <= 64 for uid in uids)


def test_an_order_is_a_record_that_says_everything(desk: Desk) -> None:
    order = desk.order(modality="CT", body_part=" Chest  ", priority="stat", station="CT1", note="Pregnant")
    kept = decode_as(ServiceRequest, encode(desk.store.records.get(ServiceRequest, order.id)))
    assert is_imaging_order(kept)
    assert (modality_of(kept), body_part_of(kept), kept.priority) == ("CT", "Chest", "stat")
    assert (order.station, order.note, order.reason, order.doctor) == ("CT1", "Pregnant", "Pain", "doctor here")
    assert desk.store.outbox.rows_for("ServiceRequest", order.id)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"modality": "XX"}, "modality"),
        ({"body_part": "  "}, "body_part"),
        ({"body_part": "x" * 65}, "body_part"),
        ({"reason": ""}, "reason"),
        ({"reason": "x" * 301}, "reason"),
        ({"note": "x" * 301}, "note"),
        ({"station": "S" * 17}, "station"),
        ({"priority": "asap"}, "priority"),
        ({"at": datetime(2026, 3, 5)}, "priority"),  # noqa: DTZ001 - that is what is refused
    ],
)
def test_what_is_missing_or_impossible_is_said_by_its_field(desk: Desk, change: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        desk.order(**change)
    assert caught.value.field == field
    assert caught.value.text.render("ru")


def test_states_go_forward_and_back_again(desk: Desk) -> None:
    order = desk.order()
    assert desk.orders.begin(desk.nurse, order.id).state == "in-progress"
    assert desk.orders.finish(desk.nurse, order.id).state == "done"
    with pytest.raises(ConflictError):
        desk.orders.begin(desk.nurse, order.id)
    assert desk.orders.reopen(desk.nurse, order.id).state == "ordered"


def test_a_cancelled_order_says_why_and_is_told_to_no_machine(desk: Desk) -> None:
    order = desk.order()
    with pytest.raises(InvalidInputError):
        desk.orders.cancel(desk.doctor, order.id, "  ")
    cancelled = desk.orders.cancel(desk.doctor, order.id, "He went home")
    assert cancelled.state == "cancelled"
    assert cancelled.note.endswith("He went home")
    assert desk.orders.open_ones() == ()
    assert desk.orders.named((order.accession,), "") == ()
    with pytest.raises(ConflictError):
        desk.orders.cancel(desk.doctor, order.id, "Again")


def test_who_may_do_what(desk: Desk) -> None:
    form = OrderForm("US", "Abdomen", "Pain", desk.clock.now())
    for session in (desk.nurse, desk.registrar):
        with pytest.raises(NotAllowedError):
            desk.orders.order(session, desk.one.id, form)
    order = desk.order()
    for session in (desk.nurse, desk.registrar):
        with pytest.raises(NotAllowedError):
            desk.orders.cancel(session, order.id, "No")
    with pytest.raises(NotAllowedError):
        desk.orders.begin(desk.registrar, order.id)


def test_a_registrar_sees_when_and_where_and_not_why(desk: Desk) -> None:
    desk.order(note="HIV")
    (seen,) = desk.orders.of_day(desk.registrar, desk.clock.now().date())
    assert (seen.reason, seen.note, seen.modality) == ("", "", "US")
    (known,) = desk.orders.of_day(desk.nurse, desk.clock.now().date())
    assert (known.reason, known.note) == ("Pain", "HIV")


def test_the_list_of_a_day_has_its_orders_by_time_and_today_also_what_is_late(desk: Desk) -> None:
    now = desk.clock.now()
    late = desk.order(at=now - timedelta(days=2), body_part="Late")
    done = desk.order(at=now - timedelta(days=2), body_part="Done")
    desk.orders.finish(desk.nurse, done.id)
    desk.order(at=now - timedelta(days=9), body_part="Forgotten")
    second = desk.order(at=now + timedelta(hours=2))
    first = desk.order(at=now + timedelta(hours=1))
    tomorrow = desk.order(at=now + timedelta(days=1))
    today = now.astimezone().date()
    assert [each.id for each in desk.orders.of_day(desk.nurse, today)] == [late.id, first.id, second.id]
    assert [each.id for each in desk.orders.of_day(desk.nurse, today + timedelta(days=1))] == [tomorrow.id]
    assert [each.body_part for each in desk.orders.of_day(desk.nurse, today - timedelta(days=2))] == ["Late", "Done"]


def test_machines_are_told_what_is_open_and_not_too_old(desk: Desk) -> None:
    now = desk.clock.now()
    order = desk.order()
    desk.order(at=now - timedelta(days=9))
    begun = desk.order()
    desk.orders.begin(desk.nurse, begun.id)
    done = desk.order()
    desk.orders.finish(desk.nurse, done.id)
    assert {each.id for each in desk.orders.open_ones()} == {order.id, begun.id}


def test_a_number_finds_its_order_and_the_studys_uid_comes_first(desk: Desk) -> None:
    one, two = desk.order(), desk.order()
    assert [each.id for each in desk.orders.named((one.accession,), two.study_uid)] == [two.id, one.id]
    assert desk.orders.named(("", "7"), "1.2") == ()


def test_every_kind_has_its_word_in_every_language() -> None:
    for words in MODALITIES.values():
        assert len({words.render(language) for language in ("kk", "ru")}) >= 1
        assert words.render("ru") != words.msgid or words.msgid == "ECG"


def test_a_state_leaves_no_trace_of_the_one_before(desk: Desk) -> None:
    record = desk.order(station="US1").record
    there_and_back = with_state(with_state(with_state(record, "arrived"), "in-progress"), "ordered")
    assert there_and_back == record
    assert state_of(with_state(record, "arrived")) == "arrived"
    assert study_uid_of(record) in encode(record).decode()
    assert checked(OrderForm("US", "a  b", "c", desk.clock.now())).body_part == "a b"


def test_a_list_a_screen_reads_again_and_again_is_one_access_for_each_person_and_change(desk: Desk) -> None:
    desk.order()
    day = desk.clock.now().date()

    def noted() -> int:
        return len(desk.store.records.find(AuditEvent, limit=5000))

    counts = [noted()]
    for session in (desk.nurse, desk.nurse, desk.registrar):
        desk.orders.of_day(session, day)
        counts.append(noted())
    desk.order()
    before = noted()
    desk.orders.of_day(desk.registrar, day)
    assert [after - first for first, after in pairwise(counts)] == [1, 0, 1]
    assert noted() == before + 1
