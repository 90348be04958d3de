"""Where a hub keeps the pieces of its contents: in its data folder, or in a bucket of an S3-compatible store.

Both hold the same sealed bytes under the same keyed names: who runs the bucket learns how much there is, and nothing
about what. `BlobStore` is the folder, `S3Contents` the
bucket.
"""

from __future__ import annotations

from typing import Final, Protocol

from sqlalchemy import exists, select

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.storage.feed.tables import FEED_PIECE
from clinic_app.storage.memory import put_values
from clinic_app.storage.store import Store
from clinic_app.storage.tables import MEMORY

FOLDER: Final = "folder"
_CONTENT_PLACE: Final = "content-place"


class ContentStore(Protocol):
    """Keeps contents by the SHA-256 of what they are; safe for use from several threads and programs."""

    def put(self, data: bytes) -> str:
        """Keep a content; return its address. Durable on return.

        Raises:
            StorageError: it was not kept.
        """
        ...

    def read(self, sha256: str) -> bytes:
        """Return a whole content.

        Raises:
            NotFoundError: it is not here.
            DamagedError: what is here is not what was written.
            StorageError: the place cannot be reached.
        """
        ...


def claim_place(store: Store, place: str) -> None:
    """Remember where a hub's contents lie.

    Args:
        store: the hub's.
        place: `FOLDER`, or the address of a bucket.

    Raises:
        InvalidInputError: there are contents, and they lie elsewhere; a hub that does not find them looks like one that
            has lost them.
    """
    with store.database.writing() as connection:
        kept = connection.scalar(select(MEMORY.c.value).where(MEMORY.c.name == _CONTENT_PLACE))
        before = bytes(kept).decode() if kept else FOLDER
        if before == place:
            return
        if connection.scalar(select(exists().where(FEED_PIECE.c.sha256.is_not(None)))):
            raise InvalidInputError(
                Text("The contents of this hub lie in “{place}”; start it with that.", place=before)
            )
        put_values(connection, {_CONTENT_PLACE: place.encode()})
