"""Sending one case before everything else: its records, what lies under them, and its pictures and recordings."""

from __future__ import annotations

import re
from typing import Final

from clinic_app.storage import Store
from clinic_app.storage.exchange.unsent import Unsent

MOST_LOOKED_AT: Final = 5000
"""Rows of the queue that are searched for what belongs to the case."""
_DIGEST: Final = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


def rows_of_case(store: Store, patient_id: str, seq: int) -> tuple[Unsent, ...]:
    """Return what waits of one patient, or one row where it is about nobody.

    Args:
        store: whose queue it is.
        patient_id: about whom; empty for nobody.
        seq: of the row that somebody pointed at.
    """
    reference = f'"Patient/{patient_id}"'.encode()
    return tuple(
        row
        for row in store.outbox.unsent(MOST_LOOKED_AT)
        if row.state in ("queued", "held")
        and (row.seq == seq or (patient_id and (row.id == patient_id or reference in row.body)))
    )


def send_first(store: Store, rows: tuple[Unsent, ...]) -> None:
    """Put these rows, and the contents they point to, before everything else."""
    digests = {digest.decode() for row in rows for digest in _DIGEST.findall(row.body)}
    store.outbox.put_first([row.seq for row in rows])
    if digests:
        store.transfers.put_first(digests)
