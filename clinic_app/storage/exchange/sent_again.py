"""What a hub had taken and is sent once more, because it was restored from an older backup.

Each node sends what it wrote itself, in no order among them, so a row may come before the one it was made from. What
the hub has now is therefore looked for in our own history of the record: if it stands there behind the row, the hub has
the row or what was made of it; if it stands before, the hub has still to get what lies between, from whoever wrote it.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, select, update

from clinic_app.storage.tables import HISTORY, OUTBOX

PATIENCE: Final = 40
"""So often a row is sent in vain before the hub gets it without what lay between; that one's writer may never come."""
Meeting = Literal["settled", "rebased", "waits", "new"]
"""The hub has it; it is made from what the hub has, and goes again; it waits; the hub has something else."""


def content_of(body: bytes) -> dict[str, Any]:
    """Return what a body says, without what a node adds when it stores it."""
    content: dict[str, Any] = msgspec.json.decode(body)
    meta = content.pop("meta", {})
    rest = {name: value for name, value in meta.items() if name not in ("versionId", "lastUpdated")}
    return {**content, "meta": rest}


class Past:
    """Our history of one record, the oldest version first.

    Args:
        connection: an open transaction.
        type_name: of the record, and ``record_id`` its id.
    """

    def __init__(self, connection: Connection, type_name: str, record_id: str) -> None:
        of_record = _is(HISTORY, type_name, record_id)
        versions = select(HISTORY.c.body).where(*of_record).order_by(HISTORY.c.seq)
        self._bodies = [bytes(body) for body in connection.execute(versions).scalars()]

    def place_of(self, row_body: bytes) -> int:
        """Return where a version of ours stands; behind everything for one that was removed."""
        found = [place for place, body in enumerate(self._bodies) if body == row_body]
        return found[-1] if found else len(self._bodies)

    def place_saying(self, body: bytes) -> int | None:
        """Return the last place at which the record said the same; None where it never did."""
        wanted = content_of(body)
        found = [place for place, each in enumerate(self._bodies) if content_of(each) == wanted]
        return found[-1] if found else None


def meet(connection: Connection, row: Any, body: bytes, hub_version: str) -> Meeting:  # noqa: ANN401 - a row of OUTBOX
    """Return what it means for a row the hub refused that the hub has this body now; a rebased row is queued.

    Args:
        connection: an open writing transaction.
        row: of the outbox.
        body: what the hub has.
        hub_version: as the hub calls it.
    """
    past = Past(connection, row.type, row.id)
    there, here = past.place_saying(body), past.place_of(bytes(row.body))
    if there is None or row.base_hub_version == hub_version:
        return "new"
    if there >= here:
        return "settled" if row.hub_version is not None else "new"
    if there < here - 1 and row.attempts <= PATIENCE:
        return "waits"
    anew = update(OUTBOX).where(OUTBOX.c.seq == row.seq)
    connection.execute(anew.values(base_hub_version=hub_version, hub_version=None, state="queued"))
    return "rebased"


def settle_behind(connection: Connection, type_name: str, record_id: str, body: bytes) -> bool:
    """Settle rows sent again that stand behind what came from the hub; return whether there were any."""
    again = (OUTBOX.c.state.in_(("queued", "conflict")), OUTBOX.c.hub_version.is_not(None))
    waiting = select(OUTBOX.c.seq, OUTBOX.c.body).where(*_is(OUTBOX, type_name, record_id), *again)
    rows = connection.execute(waiting).all()
    if not rows:
        return False
    past = Past(connection, type_name, record_id)
    there = past.place_saying(body)
    behind = [row.seq for row in rows if there is not None and past.place_of(bytes(row.body)) <= there]
    connection.execute(update(OUTBOX).where(OUTBOX.c.seq.in_(behind)).values(state="acked", last_error=""))
    return bool(behind)


def _is(table: Table, type_name: str, record_id: str) -> tuple[ColumnElement[bool], ...]:
    return (table.c.type == type_name, table.c.id == record_id)
