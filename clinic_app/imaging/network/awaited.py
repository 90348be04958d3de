"""Images an archive was asked for: they come by the same port as all others, and do not wait in the inbox.

Source: DICOM PS3.4, C.4.2 (C-MOVE): the archive opens an association of its own and stores what was asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from clinic_app.foundation.errors import ConflictError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.network.storing import Keeping
from clinic_app.imaging.waiting_image import Pieces, WaitingImage

Sink = Callable[[WaitingImage], None]


class Awaited:
    """Stands before the inbox: what somebody is fetching goes to him, all else on to the inbox.

    Args:
        inbox: keeps what nobody asked for.
    """

    def __init__(self, inbox: Keeping) -> None:
        self._inbox = inbox
        self._lock = threading.Lock()
        self._sinks: dict[str, Sink] = {}

    @contextmanager
    def expecting(self, study_uid: str, sink: Sink) -> Iterator[None]:
        """Give images of a study to somebody for as long as he fetches it.

        Raises:
            ConflictError: somebody fetches it already.
        """
        with self._lock:
            if study_uid in self._sinks:
                raise ConflictError(Text("This study is being fetched already."))
            self._sinks[study_uid] = sink
        try:
            yield
        finally:
            with self._lock:
                del self._sinks[study_uid]

    def put(self, pieces: Pieces) -> str:
        """Keep bytes; return their address."""
        return self._inbox.put(pieces)

    def knows(self, sop_uid: str, digest: str) -> bool:
        """Return whether this very image came before; while something is fetched, `take` decides."""
        with self._lock:
            is_awaiting = bool(self._sinks)
        return not is_awaiting and self._inbox.knows(sop_uid, digest)

    def take(self, image: WaitingImage) -> bool:
        """Note an image whose bytes are kept; return whether it is new."""
        with self._lock:
            sink = self._sinks.get(image.study_uid)
        if sink is None:
            return self._inbox.take(image)
        sink(image)
        return True
