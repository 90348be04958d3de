"""Writes as callers of the FHIR API word them: by an address, by a search, as a patch; made real in one transaction.

What a search finds is looked up in the transaction that writes, and no other writer comes between: eight who create
"the patient with this number, unless there is one" make one patient. What is not the caller's to see is not found.

After a record was written under a search it has to be the one and only that the search finds. Otherwise the same
request, sent again because its answer was lost, would make a second one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, ParamSpec, TypeVar

from sqlalchemy import Connection

from clinic_app.foundation.errors import ClinicError, InvalidInputError, NotFoundError, StorageError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.storage.exchange.exchange import Write, Written
from clinic_app.storage.feed.feed import Feed, Judge, PreconditionError, RefusedError
from clinic_app.storage.feed.rows import Caller, Incoming, looked_at
from clinic_app.storage.feed.search import FeedSearch, Version
from clinic_app.storage.feed.terms import Term

P = ParamSpec("P")
T = TypeVar("T")


class UnconditionalError(ClinicError):
    """The record is there already, and the writer does not say which version he edited."""


@dataclass(frozen=True)
class Wish:
    """One write as it was asked for.

    Args:
        method: POST makes a record and PUT puts one in a place, both from ``body``; PATCH makes one from another.
        type_name: what is written.
        id: which; empty where the hub gives the id or a search finds it.
        body: the record, or the patch.
        search: the one record that meets these terms is meant; empty for none.
        version: the version the record has to be at; None for whatever it is at.
        is_new: whether there must be no record yet.
        full_url: what other records of the same request call it.
        is_ready: whether ``body`` is the record as it is to be stored.
        place: which entry of its request it is, counted from 0.
    """

    method: Literal["POST", "PUT", "PATCH"]
    type_name: str
    id: str = ""
    body: bytes = b""
    search: tuple[Term, ...] = ()
    version: str | None = None
    is_new: bool = False
    full_url: str = ""
    is_ready: bool = False
    place: int = 0


@dataclass(frozen=True)
class Target:
    """What a wish is about: the id, and the record as it is now where that had to be looked up."""

    wish: Wish
    id: str
    current: Version | None = None

    @property
    def has_all(self) -> bool:
        """Whether nothing is left to do: who creates what is there already gets what is there."""
        return self.wish.method == "POST" and self.current is not None

    def is_met_by(self, incoming: Incoming) -> bool:
        """Return whether a patch changed nothing, so that there is nothing to store."""
        patched_from = self.current.body if self.wish.method == "PATCH" and self.current else None
        return incoming.write.body == patched_from

    @property
    def address(self) -> str:
        """``Type/id``."""
        return f"{self.wish.type_name}/{self.id}"


Compose = Callable[[Target, Mapping[str, str], FeedSearch], bytes]
"""Returns the record a target becomes; knows the addresses of all full urls and may search."""
Answer = Callable[[Sequence[Written], FeedSearch], bytes]
"""Returns the answer's bytes from what became of the wishes; may read what was just written."""


class FeedWishes:
    """What callers may ask one hub to write.

    Args:
        feed: where it goes.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    def fulfil(
        self,
        caller: Caller,
        wishes: Sequence[Wish],
        compose: Compose,
        judge: Judge,
        answer: Answer,
        key: str,
        digest: str,
    ) -> bytes:
        """Make every wish real, or none, and return the answer; the same key gets the same answer again.

        Args:
            caller: who writes.
            wishes: what.
            compose: makes the record of a wish that is not ready.
            judge: asked for each record before it is stored.
            answer: makes the answer.
            key: the writer's own name for this request; empty for none.
            digest: of the request, so that a key that is used for another one is noticed.

        Raises:
            RefusedError: one wish cannot be; nothing was stored.
            InvalidInputError: the key was used for other contents.
        """
        ready = {
            place: looked_at(_write(wish, wish.id, wish.body)) for place, wish in enumerate(wishes) if wish.is_ready
        }

        def work(connection: Connection) -> bytes:
            search = FeedSearch(_Moment(connection), self._feed)
            targets = [_at(wish, _target, search, caller, wish) for wish in wishes]
            _check_each_once(targets)
            addresses = {each.wish.full_url: each.address for each in targets if each.wish.full_url}
            incoming = {
                place: ready.get(place) or _at(each.wish, _composed, compose, each, addresses, search)
                for place, each in enumerate(targets)
                if not each.has_all
            }
            incoming = {place: each for place, each in incoming.items() if not targets[place].is_met_by(each)}
            written = self._written(connection, caller, targets, incoming, judge)
            for each in targets:
                _at(each.wish, _check_condition, search, caller, each)
            return answer(written, search)

        return self._feed.answered(caller, key, digest, work)

    def _written(
        self,
        connection: Connection,
        caller: Caller,
        targets: Sequence[Target],
        incoming: Mapping[int, Incoming],
        judge: Judge,
    ) -> tuple[Written, ...]:
        places = list(incoming)
        try:
            made = self._feed.put(connection, caller, list(incoming.values()), judge)
        except RefusedError as error:
            wish = targets[places[error.entry]].wish
            raise RefusedError(_explained(error.cause, wish), wish.place) from error
        by_place = dict(zip(places, made, strict=True))
        return tuple(by_place.get(place) or _found(each) for place, each in enumerate(targets))


class _Moment:
    """The transaction that is open, for a search that would open one of its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        yield self._connection


def _at(wish: Wish, step: Callable[P, T], /, *of: P.args, **named: P.kwargs) -> T:
    """Return what a step makes of one wish; what it refuses is refused in the wish's place."""
    try:
        return step(*of, **named)
    except StorageError:
        raise
    except ClinicError as error:
        raise RefusedError(error, wish.place) from error


def _target(search: FeedSearch, caller: Caller, wish: Wish) -> Target:
    """Look up what a wish is about.

    Raises:
        NotFoundError: a patch of nothing.
        PreconditionError: the search finds more than one record, or a patch was made from another version.
        InvalidInputError: the search finds another record than the one in the body.
    """
    current = None
    if wish.search:
        current = _only_one(search, caller, wish)
        if current is not None and wish.id not in ("", current.id):
            raise InvalidInputError(Text("The condition fits another record than the one that was sent."))
    elif wish.method == "PATCH":
        current = search.read(caller, wish.type_name, wish.id)
    if wish.method == "PATCH" and current is None:
        raise NotFoundError(Text("The hub has no such record for you."))
    if wish.method == "PATCH" and current is not None and wish.version not in (None, current.version_id):
        raise PreconditionError(Text("The hub has another version of this record."))
    return Target(wish, current.id if current else wish.id or new_id(), current)


def _only_one(search: FeedSearch, caller: Caller, wish: Wish) -> Version | None:
    found = search.among(caller, wish.type_name, wish.search, 2)
    if len(found) > 1:
        raise PreconditionError(Text("The condition fits more than one record."))
    return found[0] if found else None


def _check_each_once(targets: Sequence[Target]) -> None:
    """Refuse two wishes about one record: nobody could say which of them was meant to stay.

    Raises:
        RefusedError: there are two.
    """
    seen: set[tuple[str, str]] = set()
    names: set[str] = set()
    for each in targets:
        if (each.wish.type_name, each.id) in seen or each.wish.full_url in names:
            raise RefusedError(PreconditionError(Text("Two entries are about the same record.")), each.wish.place)
        seen.add((each.wish.type_name, each.id))
        names |= {each.wish.full_url} - {""}


def _composed(compose: Compose, target: Target, addresses: Mapping[str, str], search: FeedSearch) -> Incoming:
    return looked_at(_write(target.wish, target.id, compose(target, addresses, search), target.current))


def _write(wish: Wish, record_id: str, body: bytes, current: Version | None = None) -> Write:
    """Return the write of a wish; a patch is of what it was made from, and nothing else replaces without a version."""
    base = current.version_id if wish.method == "PATCH" and current else wish.version
    return Write(wish.type_name, record_id, body, base)


def _check_condition(search: FeedSearch, caller: Caller, target: Target) -> None:
    """Look whether a record that was made or put under a search is now the one that the search finds.

    Raises:
        PreconditionError: it is not the only one: another entry made one, too.
        InvalidInputError: it is not found.
    """
    wish = target.wish
    if not wish.search or wish.method == "PATCH" or target.has_all:
        return
    found = _only_one(search, caller, wish)
    if found is None or found.id != target.id:
        raise InvalidInputError(
            Text("The record does not meet its own condition: sent again, it would be there a second time.")
        )


def _found(target: Target) -> Written:
    """Return what is said to one who wanted what is there."""
    assert target.current is not None
    at = target.current
    return Written(at.type_name, at.id, at.version_id, at.received_at, is_new=False)


def _explained(cause: ClinicError, wish: Wish) -> ClinicError:
    """Return why a write was refused, to one who may not have known that he has to name a version."""
    is_blind = wish.method == "PUT" and wish.version is None and not wish.is_new
    if is_blind and isinstance(cause, PreconditionError):
        return UnconditionalError(
            Text(
                "The hub has this record already. Say with If-Match which version was edited, so that no edit is lost."
            )
        )
    return cause
