"""What a facility hub had taken and gives back, because the hub above it has something else, or does not want it.

The workstation had ticked the version off. It stands open again: a conflict meets the other version, which comes with
it, as any unsent edit does; what is not taken waits for a person with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select, update

from clinic_app.records import decode
from clinic_app.storage.engines.database import Database
from clinic_app.storage.exchange.exchange import Change, GivenBack
from clinic_app.storage.exchange.outbox import UNSETTLED, OutboxState
from clinic_app.storage.record_rows import queue_row
from clinic_app.storage.tables import HISTORY, OUTBOX, RECORD


def take_back(database: Database, changes: Sequence[Change]) -> None:
    """Open again what of ours the hub gives back in some changes; safe to repeat, and to be done before they are taken.

    Args:
        database: of the workstation.
        changes: one page of the hub's feed.
    """
    given = [(change, each) for change in changes for each in change.given_back]
    taken = _taken_after_all(database, changes)
    if given or taken:
        with database.writing(may_use_reserve=True) as connection:
            settled = update(OUTBOX).where(OUTBOX.c.seq.in_(taken), OUTBOX.c.state == "quarantined")
            connection.execute(settled.values(state="acked", last_error=""))
            for change, each in given:
                _take_back(connection, change, each)


def _taken_after_all(database: Database, changes: Sequence[Change]) -> list[int]:
    """Return the rows of what was given back as not wanted, and comes again without that word."""
    columns = (OUTBOX.c.seq, OUTBOX.c.type, OUTBOX.c.id, OUTBOX.c.hub_version)
    refused = select(*columns).where(OUTBOX.c.state == "quarantined", OUTBOX.c.hub_version.is_not(None))
    with database.reading() as connection:
        rows = connection.execute(refused).all()
    shown = {(change.type_name, change.id): {each.version for each in change.given_back} for change in changes}
    return [row.seq for row in rows if row.hub_version not in shown.get((row.type, row.id), {row.hub_version})]


def _take_back(connection: Connection, change: Change, given: GivenBack) -> None:
    is_record = (RECORD.c.type == change.type_name, RECORD.c.id == change.id)
    if connection.scalar(select(RECORD.c.hub_version).where(*is_record)) != given.version:
        return  # the record has moved on since, or was never here
    seq, base = _own_row(connection, change, given)
    if seq is None:
        return
    state: OutboxState = "conflict" if given.is_conflict else "quarantined"
    values: dict[str, object] = {"state": state, "last_error": given.words}
    if given.is_conflict:  # our edit is no version of the hub's any more; one that is not taken still is
        values["hub_version"] = None
        connection.execute(update(RECORD).where(*is_record).values(hub_version=base))
    connection.execute(update(OUTBOX).where(OUTBOX.c.seq == seq).values(**values))


def _own_row(connection: Connection, change: Change, given: GivenBack) -> tuple[int | None, str | None]:
    """Return the row of the version that is given back and what it was made from; no row where it is a colleague's."""
    of_record = (OUTBOX.c.type == change.type_name, OUTBOX.c.id == change.id)
    sent = select(OUTBOX.c.seq, OUTBOX.c.base_hub_version).where(*of_record, OUTBOX.c.hub_version == given.version)
    row = connection.execute(sent.order_by(OUTBOX.c.seq.desc()).limit(1)).first()
    if row is not None:
        return row.seq, row.base_hub_version
    if connection.execute(select(OUTBOX.c.seq).where(*of_record, OUTBOX.c.state.in_(UNSETTLED)).limit(1)).first():
        return None, None
    versions = select(HISTORY.c.origin, HISTORY.c.body, HISTORY.c.written_at).where(
        HISTORY.c.type == change.type_name, HISTORY.c.id == change.id
    )
    newest = connection.execute(versions.order_by(HISTORY.c.seq.desc()).limit(1)).one()
    if newest.origin != "local":
        return None, None
    written_at = datetime.fromisoformat(newest.written_at)
    queue_row(connection, decode(newest.body), newest.body, base_hub_version=None, lane="records", at=written_at)
    return connection.scalar(select(OUTBOX.c.seq).where(*of_record).order_by(OUTBOX.c.seq.desc()).limit(1)), None
