"""A thousand hands in the database, each doing one thing to the trail: all are found, but for a cut at its end."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Connection, text

from clinic_app.foundation.ids import new_id
from clinic_app.keys import derive
from clinic_app.records import (
    AuditEvent,
    AuditEventAgent,
    AuditEventEntity,
    AuditEventSource,
    Coding,
    Reference,
)
from clinic_app.storage import Store
from clinic_app.storage.trail.chain import first_broken_link
from tests.helpers.clocks import NOON
from tests.helpers.stores import KEY, opened

ROWS: Final = 24
TAMPERS: Final = 1000
AUDIT_KEY: Final = derive(KEY, "audit")
Tamper = Callable[[Connection, random.Random], None]


def event(number: int) -> AuditEvent:
    """Return the event of a moment, of one of three people about one of four patients."""
    return AuditEvent(
        id=f"e{number:02d}",
        type=Coding(code="rest"),
        subtype=(Coding(code=("read", "update", "search")[number % 3]),),
        action="R",
        recorded=NOON + timedelta(minutes=number),
        outcome="4" if number % 5 == 0 else "0",
        agent=(AuditEventAgent(who=Reference(reference=f"Practitioner/d{number % 3}"), requestor=True),),
        source=AuditEventSource(observer=Reference(reference="Device/d")),
        entity=(AuditEventEntity(what=Reference(reference=f"Patient/p{number % 4}")),),
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder: Path = tmp_path_factory.mktemp("trail")
    with opened(folder) as made:
        for number in range(ROWS):
            made.records.commit([], audit=[event(number)])
        yield made


def _sql(connection: Connection, statement: str, **values: Any) -> None:
    connection.execute(text(statement), values)


def _pick(chance: random.Random, count: int = 1) -> list[int]:
    return chance.sample(range(1, ROWS + 1), count)


def _body(connection: Connection, seq: int) -> tuple[str, bytes]:
    query = (
        "SELECT r.id, r.body FROM audit_chain c JOIN record r ON r.type = 'AuditEvent' AND r.id = c.id WHERE c.seq = :s"
    )
    row = connection.execute(text(query), {"s": seq}).one()
    return row.id, bytes(row.body)


def _edit_a_byte(connection: Connection, chance: random.Random) -> None:
    id_, body = _body(connection, *_pick(chance))
    place = chance.randrange(len(body))
    changed = body[:place] + bytes([body[place] ^ chance.randrange(1, 256)]) + body[place + 1 :]
    _sql(connection, "UPDATE record SET body = :b WHERE type = 'AuditEvent' AND id = :i", b=changed, i=id_)


def _cut_or_lengthen_a_body(connection: Connection, chance: random.Random) -> None:
    id_, body = _body(connection, *_pick(chance))
    changed = body[: chance.randrange(len(body))] if chance.random() < 0.5 else body + b" "
    _sql(connection, "UPDATE record SET body = :b WHERE type = 'AuditEvent' AND id = :i", b=changed, i=id_)


def _remove_an_event(connection: Connection, chance: random.Random) -> None:
    id_, _ = _body(connection, *_pick(chance))
    for table in ("outbox", "index_entry", "record"):
        _sql(connection, f"DELETE FROM {table} WHERE type = 'AuditEvent' AND id = :i", i=id_)


def _remove_a_link(connection: Connection, chance: random.Random) -> None:
    _sql(connection, "DELETE FROM audit_chain WHERE seq = :s", s=_pick(chance)[0])


def _remove_event_link_and_line(connection: Connection, chance: random.Random) -> None:
    """Everything of one event, not the last, gone without a trace elsewhere."""
    seq = chance.randrange(1, ROWS)
    id_, _ = _body(connection, seq)
    for table in ("audit_chain", "audit_line", "audit_patient"):
        _sql(connection, f"DELETE FROM {table} WHERE seq = :s", s=seq)
    for table in ("outbox", "index_entry", "record", "history"):
        _sql(connection, f"DELETE FROM {table} WHERE type = 'AuditEvent' AND id = :i", i=id_)


def _swap_links(connection: Connection, chance: random.Random) -> None:
    one, other = _pick(chance, 2)
    for new, old in ((-1, one), (one, other), (other, -1)):
        _sql(connection, "UPDATE audit_chain SET seq = :n WHERE seq = :o", n=new, o=old)


def _swap_bodies(connection: Connection, chance: random.Random) -> None:
    one, other = (_body(connection, seq) for seq in _pick(chance, 2))
    for (id_, _), (_, body) in ((one, other), (other, one)):
        _sql(connection, "UPDATE record SET body = :b WHERE type = 'AuditEvent' AND id = :i", b=body, i=id_)


def _forge_a_link(connection: Connection, chance: random.Random) -> None:
    id_, _ = _body(connection, *_pick(chance))
    _sql(connection, "INSERT INTO audit_chain (id, mac) VALUES (:i, :m)", i=id_, m=chance.randbytes(32))


def _change_a_mac(connection: Connection, chance: random.Random) -> None:
    _sql(connection, "UPDATE audit_chain SET mac = :m WHERE seq = :s", m=chance.randbytes(32), s=_pick(chance)[0])


def _copy_a_mac(connection: Connection, chance: random.Random) -> None:
    one, other = _pick(chance, 2)
    copied = "UPDATE audit_chain SET mac = (SELECT mac FROM audit_chain WHERE seq = :a) WHERE seq = :b"
    _sql(connection, copied, a=one, b=other)


def _point_a_link_elsewhere(connection: Connection, chance: random.Random) -> None:
    one, other = _pick(chance, 2)
    id_, _ = _body(connection, one)
    _sql(connection, "UPDATE audit_chain SET id = :i WHERE seq = :s", i=id_, s=other)


def _slip_an_event_in(connection: Connection, chance: random.Random) -> None:
    """An event that looks like the others, beside the chain."""
    _, body = _body(connection, *_pick(chance))
    _sql(
        connection,
        "INSERT INTO record (type, id, version_id, body, changed_seq) VALUES ('AuditEvent', :i, 'v', :b, 5)",
        i=new_id(),
        b=body,
    )


def _hide_from_a_filter(connection: Connection, chance: random.Random) -> None:
    column = chance.choice(("person", "action", "outcome", "recorded"))
    _sql(connection, f"UPDATE audit_line SET {column} = 'x' WHERE seq = :s", s=_pick(chance)[0])


def _remove_a_line(connection: Connection, chance: random.Random) -> None:
    table = chance.choice(("audit_line", "audit_patient"))
    _sql(connection, f"DELETE FROM {table} WHERE seq = :s", s=_pick(chance)[0])


def _blame_another_patient(connection: Connection, chance: random.Random) -> None:
    _sql(connection, "INSERT INTO audit_patient (patient, seq) VALUES ('innocent', :s)", s=_pick(chance)[0])


def _a_line_of_nothing(connection: Connection, chance: random.Random) -> None:
    seq = ROWS + chance.randrange(1, 100)
    _sql(connection, "INSERT INTO audit_line VALUES (:s, 'd1', 'read', '0', 'x')", s=seq)


KINDS: Final[tuple[Tamper, ...]] = (
    _edit_a_byte,
    _cut_or_lengthen_a_body,
    _remove_an_event,
    _remove_a_link,
    _remove_event_link_and_line,
    _swap_links,
    _swap_bodies,
    _forge_a_link,
    _change_a_mac,
    _copy_a_mac,
    _point_a_link_elsewhere,
    _slip_an_event_in,
    _hide_from_a_filter,
    _remove_a_line,
    _blame_another_patient,
    _a_line_of_nothing,
)


class _UndoneError(Exception):
    """Takes a tamper back."""


def _take_back() -> None:
    raise _UndoneError


def _verdict_after(store: Store, tamper: Tamper, seed: int) -> str | None:
    found: str | None = None
    with suppress(_UndoneError), store.database.writing() as connection:
        tamper(connection, random.Random(seed))
        found = first_broken_link(connection, AUDIT_KEY)
        _take_back()
    return found


@pytest.mark.parametrize("tamper", KINDS, ids=lambda each: each.__name__.strip("_"))
def test_every_hand_in_the_trail_is_found(store: Store, tamper: Tamper) -> None:
    tries = -(-TAMPERS // len(KINDS))
    unseen = [seed for seed in range(tries) if _verdict_after(store, tamper, seed) is None]
    assert unseen == [], f"{len(unseen)} of {tries} were not found"


def test_the_trail_is_whole_when_nobody_touched_it(store: Store) -> None:
    verdict = store.audit.verify()
    assert (verdict.rows, verdict.is_whole, verdict.broken_id) == (ROWS, True, None)
    assert (verdict.head, verdict.rows) == store.audit.head()


def test_another_key_finds_every_trail_broken(store: Store) -> None:
    with store.database.reading() as connection:
        assert first_broken_link(connection, bytes(32)) == "e00"


def test_a_cut_at_the_end_is_seen_only_by_whoever_noted_the_head(store: Store) -> None:
    """The one thing a chain cannot show by itself; the head on paper or at the hub does."""

    def cut(connection: Connection, _: random.Random) -> None:
        id_, _body_of = _body(connection, ROWS)
        for table in ("audit_chain", "audit_line", "audit_patient"):
            _sql(connection, f"DELETE FROM {table} WHERE seq = :s", s=ROWS)
        for table in ("outbox", "index_entry", "record", "history"):
            _sql(connection, f"DELETE FROM {table} WHERE type = 'AuditEvent' AND id = :i", i=id_)
        last = connection.execute(text("SELECT mac FROM audit_chain ORDER BY seq DESC LIMIT 1")).scalar_one()
        heads.append(bytes(last).hex())

    heads: list[str] = []
    assert _verdict_after(store, cut, 0) is None
    assert heads != [store.audit.head()[0]]


def test_a_trail_longer_than_a_page_is_checked_to_its_end(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        for start in range(0, 2500, 500):
            store.records.commit(
                [], audit=[event(0).__class__(**_renamed(number)) for number in range(start, start + 500)]
            )
        assert store.audit.verify().is_whole
        with store.database.writing() as connection:
            _sql(connection, "UPDATE audit_line SET outcome = 'x' WHERE seq = 2499")
        assert store.audit.verify().broken_id == "n2498"


def _renamed(number: int) -> dict[str, Any]:
    made = event(number)
    return {name: getattr(made, name) for name in made.__struct_fields__} | {"id": f"n{number}"}
