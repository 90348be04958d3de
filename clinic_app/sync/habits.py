"""What one hub was found to do: how messages to it may be packed, how much it takes at once, whose feed it is.

A hub says most of it with every answer. What it does not say is found out by trying, once, and kept for the next start:
a server that answers a packed request with an error gets no other one.
"""

from __future__ import annotations

import threading
from typing import Final

import msgspec

from clinic_app.storage import Memory
from clinic_app.sync.compression import CODINGS, Coding, accepted
from clinic_app.sync.wire import BATCH_BYTES

HABITS: Final = "hub-habits"
LEAST_BATCH_BYTES: Final = 8 << 10
_MOST_EPOCH: Final = 80
_PACKED_FACTOR: Final = 4
"""Records are packed to a tenth of their size; a batch is meant to be small on the wire."""


class Habits(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of one hub.

    Args:
        url: its address; another one is another hub.
        is_met: whether it has answered as a hub.
        offers: codings it says it can unpack; None where it never said.
        refused: codings it could not unpack when they were tried.
        epoch: which life of the hub this is; it begins another one when it is restored from a backup.
        has_forgotten: it has to be told again what it had taken before.
        was_restored: it has forgotten something once.
        batch_bytes: how many bytes of records it takes in one transaction.
    """

    url: str = ""
    is_met: bool = False
    offers: tuple[Coding, ...] | None = None
    refused: tuple[Coding, ...] = ()
    epoch: str = ""
    has_forgotten: bool = False
    was_restored: bool = False
    batch_bytes: int = BATCH_BYTES


class HubHabits:
    """The habits of the hub at one address.

    Args:
        url: its address.
        memory: where they are kept; None forgets them at the end of the program.

    May be asked from any thread.
    """

    def __init__(self, url: str, memory: Memory | None = None) -> None:
        self._memory = memory
        self._lock = threading.Lock()
        self._known = Habits(url)
        if memory is not None and (kept := _read(memory.get(HABITS))).url == url:
            self._known = kept

    @property
    def is_met(self) -> bool:
        """Whether this address has answered as a hub before."""
        return self._known.is_met

    @property
    def epoch(self) -> str:
        """Which life of the hub its last answer came from; empty where it does not say."""
        return self._known.epoch

    def coding(self) -> Coding:
        """Return how the next message is packed: as well as the hub is known to unpack; gzip may be tried."""
        known = self._known
        if not known.is_met and known.offers is None:
            return "identity"
        offered: tuple[Coding, ...] = ("gzip",) if known.offers is None else known.offers
        return next((each for each in offered if each not in known.refused), "identity")

    def offers(self, coding: Coding) -> bool:
        """Return whether the hub itself says that it can unpack this."""
        return coding in (self._known.offers or ())

    def batch_bytes(self) -> int:
        """Return how many bytes of records go into one transaction."""
        return self._known.batch_bytes * (1 if self.coding() == "identity" else _PACKED_FACTOR)

    def met(self) -> None:
        """Note that the hub has answered as one."""
        self._learn(is_met=True)

    def said(self, offers: str | None) -> None:
        """Note what an answer says in Accept-Encoding; an answer without it changes nothing."""
        if offers is not None:
            self._learn(offers=tuple(each for each in accepted(offers) if each != "identity"), refused=())

    def could_not_unpack(self, coding: Coding) -> None:
        """Note that a message packed like this was refused and went through otherwise."""
        if coding != "identity" and coding not in (self._known.offers or ()):
            self._learn(refused=tuple(each for each in CODINGS if each in {*self._known.refused, coding}))

    def took_too_much(self, size_bytes: int) -> None:
        """Note that a transaction of this size was too large; the next ones are at most half of it."""
        factor = 1 if self.coding() == "identity" else _PACKED_FACTOR
        half = max(LEAST_BATCH_BYTES, size_bytes // (2 * factor))
        self._learn(batch_bytes=min(self._known.batch_bytes, half))

    def lived(self, epoch: str | None) -> None:
        """Take in which life of the hub an answer comes from; after another one than before it has to be told again."""
        if epoch and epoch != self._known.epoch:
            is_another = self._known.has_forgotten or bool(self._known.epoch)
            was_restored = self._known.was_restored or is_another
            self._learn(epoch=epoch[:_MOST_EPOCH], has_forgotten=is_another, was_restored=was_restored)

    def forgot(self) -> None:
        """Note that the hub does not know any more what it knew: it was restored from a backup, or is another one."""
        self._learn(has_forgotten=True, was_restored=True)

    @property
    def has_forgotten(self) -> bool:
        """Whether the hub has to be told again what it had taken."""
        return self._known.has_forgotten

    @property
    def was_restored(self) -> bool:
        """Whether the hub has ever been found to have forgotten something."""
        return self._known.was_restored

    def was_told_again(self) -> None:
        """Note that everything it may have lost is in the queue again."""
        self._learn(has_forgotten=False)

    def _learn(self, **news: object) -> None:
        with self._lock:
            known = msgspec.structs.replace(self._known, **news)
            if known == self._known:
                return
            self._known = known
        if self._memory is not None:
            self._memory.put(HABITS, msgspec.json.encode(known))


def _read(kept: bytes | None) -> Habits:
    try:
        return msgspec.json.decode(kept or b"{}", type=Habits)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Habits()
