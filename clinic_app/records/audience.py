"""Which organisations a record is meant for, besides the one that wrote it.

A record stays with its own organisation unless the room that wrote it says otherwise: it is tagged, and the hub
hands it to the organisations in the tags and to nobody else. A draft carries no tag and so has no reader elsewhere.
"""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

from clinic_app.records.datatypes import Coding, Meta
from clinic_app.records.resource import Resource

AUDIENCE: Final = "urn:dala:audience"
EVERYBODY: Final = "*"

R = TypeVar("R", bound=Resource)


def with_audience(record: R, *organization_ids: str) -> R:
    """Return ``record`` meant for these organisations too; `EVERYBODY` means all."""
    meta = record.meta or Meta()
    kept = tuple(tag for tag in meta.tag if tag.system != AUDIENCE)
    tags = tuple(Coding(system=AUDIENCE, code=each) for each in sorted(set(organization_ids)))
    return msgspec.structs.replace(record, meta=msgspec.structs.replace(meta, tag=kept + tags))


def audience_of(record: Resource) -> frozenset[str]:
    """Return the ids of the organisations a record is meant for, besides its own."""
    tags = record.meta.tag if record.meta else ()
    return frozenset(tag.code for tag in tags if tag.system == AUDIENCE and tag.code)
