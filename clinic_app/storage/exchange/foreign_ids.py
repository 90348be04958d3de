"""What a record of ours is called on a server that gives names of its own, and at which version it stands there.

Kept among the small values, under the server's address: another server has other names. Both directions are written in
one transaction, so that neither ever says what the other does not know.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

import msgspec
from sqlalchemy import select

from clinic_app.storage.engines.database import Database
from clinic_app.storage.memory import put_values
from clinic_app.storage.tables import MEMORY

_AT_ONCE: Final = 400
Address = tuple[str, str]
"""Type and id."""


class Known(msgspec.Struct, frozen=True, omit_defaults=True):
    """One record of ours on a foreign server.

    Args:
        type_name: FHIR type.
        id: its id here.
        foreign_id: its id there.
        version: its version there when it was last seen; empty where that is not stored yet.
        at: when that version was written, by the server's clock (ISO 8601); empty where it did not say.
        is_gone: the server has deleted it.
    """

    type_name: str
    id: str
    foreign_id: str
    version: str = ""
    at: str = ""
    is_gone: bool = False


class ForeignIds:
    """The names of one server.

    Args:
        database: where they are kept.
        url: the server's address.
    """

    def __init__(self, database: Database, url: str) -> None:
        self._database = database
        digest = hashlib.sha256(url.encode()).hexdigest()[:16]
        self._ours, self._theirs = f"foreign/{digest}/of/", f"foreign/{digest}/as/"

    def get(self, type_name: str, record_id: str) -> Known | None:
        """Return what a record of ours is there, or None where it was never there."""
        return self.of([(type_name, record_id)]).get((type_name, record_id))

    def of(self, addresses: Collection[Address]) -> dict[Address, Known]:
        """Return those of our records that are known there, by type and our id."""
        values = self._values(self._ours, addresses)
        return {address: msgspec.json.decode(value, type=Known) for address, value in values.items()}

    def ours(self, addresses: Collection[Address]) -> dict[Address, str]:
        """Return our ids of the server's records, by type and its id."""
        return {address: value.decode() for address, value in self._values(self._theirs, addresses).items()}

    def put(self, known: Iterable[Known]) -> None:
        """Keep what is known of records, in place of what was."""
        values: dict[str, bytes] = {}
        for each in known:
            values[f"{self._ours}{each.type_name}/{each.id}"] = msgspec.json.encode(each)
            values[f"{self._theirs}{each.type_name}/{each.foreign_id}"] = each.id.encode()
        if values:
            with self._database.writing() as connection:
                put_values(connection, values)

    def all(self, type_name: str) -> Iterator[Known]:
        """Yield every record of one type that is known there."""
        prefix = f"{self._ours}{type_name}/"
        query = select(MEMORY.c.value).where(MEMORY.c.name.startswith(prefix, autoescape=True))
        with self._database.reading() as connection:
            values = connection.execute(query).scalars().all()
        yield from (msgspec.json.decode(value, type=Known) for value in values)

    def _values(self, prefix: str, addresses: Collection[Address]) -> Mapping[Address, bytes]:
        names = {f"{prefix}{type_name}/{each}": (type_name, each) for type_name, each in addresses}
        found: dict[Address, bytes] = {}
        wanted = list(names)
        with self._database.reading() as connection:
            for start in range(0, len(wanted), _AT_ONCE):
                some = wanted[start : start + _AT_ONCE]
                query = select(MEMORY.c.name, MEMORY.c.value).where(MEMORY.c.name.in_(some))
                found.update({names[row.name]: bytes(row.value) for row in connection.execute(query)})
        return found
