"""A FHIR R4 server that is not ours, spoken to as if it were: the same push, the same pages of news.

It knows no change feed, names records itself, and a lost answer cannot be asked for again. So nothing is ever written
without a condition: a new record is created under our own name for it, an edit only onto the version it was made from.
What became of an answer that was lost is looked up before anything is sent again. News are what its past and its
searches tell; `clinic_app.sync.foreign_news` says how none of them is missed.

Pictures and recordings do not go to such a server: it has no place that takes them in pieces.

Source: FHIR R4, RESTful API (conditional create, If-Match, transaction); versions are compared for equality only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlencode, urljoin, urlsplit

import httpx
import msgspec

from clinic_app.foundation.errors import LinkError
from clinic_app.foundation.texts import Text
from clinic_app.storage import Store
from clinic_app.storage.exchange.exchange import Change, Write, Written
from clinic_app.storage.exchange.foreign_ids import Address, ForeignIds, Known
from clinic_app.sync.foreign_bodies import full_url, incoming, outgoing, own_id, references, search_for
from clinic_app.sync.foreign_news import News
from clinic_app.sync.foreign_wire import (
    Abilities,
    Answered,
    ForeignPage,
    ForeignRecord,
    Request,
    decode_answers,
    decode_page,
    encode_requests,
    moment,
    read_abilities,
    read_record,
)
from clinic_app.sync.link import AnswerError, HubLink, HubPage, HubRefusalError, whole_message
from clinic_app.sync.wire import MEDIA_TYPE, nonsense, outcome_words

_JSON: Final = frozenset({MEDIA_TYPE, "application/json", ""})
_FOUND_AT_ONCE: Final = 20
_PAST: Final = 50
"""Versions of one record that are looked through for what we sent."""
_FAULTS: Final = frozenset({500, 501})
"""How servers answer that fall over what they were sent; all others of the kind mean that they are not there."""
_TRY_LATER: Final = frozenset({401, 408, 425, 429})


class ForeignLink(HubLink):
    """The server at one address.

    Args:
        store: keeps the server's names for our records.
        *arguments: as `HubLink`.
        **options: as `HubLink`.
    """

    def __init__(self, store: Store, url: str, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - HubLink's
        super().__init__(url, *arguments, **options)
        self._store = store
        self.url = url.rstrip("/")
        self._ids = ForeignIds(store.database, self.url)
        self._abilities: Abilities | None = None
        self._done: dict[tuple[str, str, str], Written] = {}
        self._unbearable: dict[tuple[str, str, str], HubRefusalError] = {}
        self._is_unsure = True
        self._news = News(self, store, self._ids)
        self.date: datetime | None = None
        """The server's clock in its last answer."""

    async def abilities(self) -> Abilities:
        """Return what the server says it can do, asked once for each run of the program."""
        if self._abilities is None:
            self._abilities = read_abilities(await self.meet())
        return self._abilities

    async def push(self, writes: Sequence[Write], key: str) -> tuple[Written, ...]:  # noqa: ARG002 - HubLink's
        """Hand in records, each under its condition; what was taken in part is not sent a second time.

        Raises:
            HubRefusalError: the server refused one of them, and so the whole transaction.
            LinkError: no server, or nonsense.
        """
        can = await self.abilities()
        for write in writes:
            if write.type_name not in can.writes:
                words = Text("The hub does not keep {type}.", type=write.type_name).render("en")
                raise HubRefusalError(422, words)
        self._check_bearable(writes)
        waiting = [write for write in writes if _mark(write) not in self._done]
        waiting = await self._without_arrived(waiting, can)
        try:
            await self._hand_in(waiting, can)
        except LinkError:
            self._is_unsure = True
            raise
        self._is_unsure = False
        return tuple(self._done.pop(_mark(write)) for write in writes)

    async def changes(self, cursor: str, *, with_own: bool = False, wait_s: int = 0) -> HubPage:  # noqa: ARG002
        """Return the next news; an empty page where there are no more for now. See `HubLink.changes`."""
        return await self._news.page(cursor, await self.abilities())

    async def record(self, type_name: str, record_id: str, version: str = "") -> bytes | None:
        """Return a record as it is there, in our names, or as it was in one version; None where there is none."""
        known = self._ids.get(type_name, record_id)
        found = await self.fetch(type_name, known.foreign_id, version) if known else None
        if known is None:
            found = (await self._find([(type_name, record_id)])).get((type_name, record_id))
        if found is None or found.body is None:
            return None
        (change,) = await self.translated([found])
        return change.body

    async def fetch(self, type_name: str, foreign_id: str, version: str = "") -> ForeignRecord | None:
        """Return a record by the server's own name, or None where it has none (any more)."""
        past = f"/_history/{quote(version, safe='')}" if version else ""
        body = await self._read(f"/{type_name}/{quote(foreign_id, safe='')}{past}")
        return read_record(body, version) if body is not None else None

    async def bundle(self, url: str) -> ForeignPage:
        """Return one page of a search or of a past; only from this very server.

        Raises:
            LinkError: it sends us on to another host, cannot be reached, or talks nonsense.
        """
        whole = urljoin(f"{self.url}/", url)
        here, there = urlsplit(self.url), urlsplit(whole)
        if (here.scheme, here.netloc) != (there.scheme, there.netloc):
            host = there.netloc[:100]
            raise LinkError(Text("The hub sends us on to another address, {host}; nothing was asked there.", host=host))
        page = decode_page(await self._message("GET", whole, {"Cache-Control": "no-cache"}))
        next_url = urljoin(whole, page.next_url) if page.next_url else ""
        return ForeignPage(page.records, next_url)

    async def translated(self, records: Sequence[ForeignRecord]) -> list[Change]:
        """Return versions of the server in our names; their names are kept, their versions are not noted yet."""
        bodies = [each.body or b"" for each in records]
        pointed = {address for body in bodies for address in references(body, self.url)}
        pointed |= {(each.type_name, each.foreign_id) for each in records}
        ours = self._ids.ours(pointed)
        here = {(each.type_name, each.foreign_id) for each in records}
        unknown = await self._named(sorted(pointed - here - ours.keys()))
        ours |= self._learned([*records, *unknown], ours)

        def resolve(type_name: str, foreign_id: str) -> str:
            return f"{type_name}/{ours.get((type_name, foreign_id), foreign_id)}"

        now = self.date or self._clock.now()
        return [
            Change(
                each.type_name,
                name := ours[each.type_name, each.foreign_id],
                incoming(body, name, self.url, resolve),
                moment(each.at) or now,
            )
            for each, body in zip(records, bodies, strict=True)
        ]

    def _learned(self, records: Sequence[ForeignRecord], ours: Mapping[Address, str]) -> dict[Address, str]:
        """Keep which of our names the records bear that are not known, and return these names."""
        new = {(each.type_name, each.foreign_id): each for each in records}
        names = {a: own_id(each.body or b"") or a[1] for a, each in new.items() if a not in ours}
        holders = self._ids.of({(address[0], name) for address, name in names.items()})
        learned: dict[Address, Known] = {}
        for (type_name, foreign_id), name in names.items():
            holder = holders.get((type_name, name))  # two of the server's records may claim to be one of ours
            ours_of_it = name if holder is None or holder.foreign_id == foreign_id else foreign_id
            known = Known(type_name, ours_of_it, foreign_id)
            learned[type_name, foreign_id] = holders[type_name, ours_of_it] = known
        self._ids.put(learned.values())
        return {address: known.id for address, known in learned.items()}

    async def _named(self, addresses: Sequence[Address]) -> list[ForeignRecord]:
        """Return records that others point to before they have come themselves: they may bear our names."""
        can = await self.abilities()
        found: list[ForeignRecord] = []
        for type_name in dict.fromkeys(each for each, _id in addresses if each in can.asked):
            ids = [foreign_id for each, foreign_id in addresses if each == type_name]
            for start in range(0, len(ids), _FOUND_AT_ONCE):
                query = {"_id": ",".join(ids[start : start + _FOUND_AT_ONCE]), "_count": 2 * _FOUND_AT_ONCE}
                page = await self.bundle(f"{type_name}?{urlencode(query)}")
                found += [each for each in page.records if each.type_name == type_name and each.foreign_id in ids]
        return found

    async def close(self) -> None:
        """Let go of every connection."""
        await self._news.close()
        await super().close()

    async def _hand_in(self, writes: Sequence[Write], can: Abilities) -> None:
        """Send what is left, together where the server takes transactions, else one by one."""
        if not can.takes_transactions:
            for write in writes:
                await self._single(write)
        elif writes:
            try:
                await self._together(writes)
            except AnswerError as error:
                if error.status not in _FAULTS or len(writes) == 1:
                    raise
                await self._tell_apart(writes, error)

    async def _together(self, writes: Sequence[Write]) -> None:
        """Send one transaction."""
        requests = await self._requests(writes)
        headers = {"Content-Type": MEDIA_TYPE, "Prefer": "return=minimal"}
        body = await self._packed("POST", "/", headers, encode_requests(requests))
        answers = decode_answers(body, len(requests))
        for write, request, answer in zip(writes, requests, answers, strict=True):
            await self._note(write, request, answer)

    async def _tell_apart(self, writes: Sequence[Write], fault: AnswerError) -> None:
        """Send records one by one over which the server fell: where it takes some, it cannot bear the others.

        Raises:
            HubRefusalError: it cannot bear one of them.
            LinkError: it takes none, so it is the server that is out of order.
        """
        failed = []
        for write in writes:
            try:
                await self._together([write])
            except HubRefusalError as error:
                self._unbearable[_mark(write)] = error
            except AnswerError as error:
                if error.status not in _FAULTS:
                    raise
                failed.append(write)
        if len(failed) == len(writes):
            raise fault
        for write in failed:
            words = Text("The hub met a fault over this record each time it was sent.").render("en")
            self._unbearable[_mark(write)] = HubRefusalError(fault.status, words)
        self._check_bearable(writes)

    def _check_bearable(self, writes: Sequence[Write]) -> None:
        """Refuse what the server has fallen over, or refused, when it was sent alone; once, for it may be renewed."""
        for write in writes:
            refusal = self._unbearable.get(_mark(write))
            if refusal is not None:
                if len(writes) == 1:
                    del self._unbearable[_mark(write)]
                raise refusal

    async def _requests(self, writes: Sequence[Write]) -> list[Request]:
        """Return the entries for some records; each must be at the version it was made from."""
        hidden = (await self.abilities()).hides_identifiers
        together = {(each.type_name, each.id): full_url(each.type_name, each.id) for each in writes}
        pointed = {address for each in writes for address in references(each.body, self.url)}
        known = self._ids.of({*together, *pointed})

        def resolve(type_name: str, record_id: str) -> str | None:
            there = known.get((type_name, record_id))
            if there is not None:
                return f"{type_name}/{there.foreign_id}"
            return together.get((type_name, record_id))

        return [_request(each, known.get((each.type_name, each.id)), resolve, hidden) for each in writes]

    async def _single(self, write: Write) -> None:
        """Send one record by itself."""
        (request,) = await self._requests([write])
        headers = {"Content-Type": MEDIA_TYPE, "Prefer": "return=minimal"}
        if request.if_match:
            headers["If-Match"] = f'W/"{request.if_match}"'
        else:
            headers["If-None-Exist"] = request.if_none_exist
        async with self._answer(request.method, f"/{request.url}", headers, request.body) as response:
            await self._refuse(response)
            told = response.headers
            answer = Answered(str(response.status_code), told.get("location", ""), told.get("etag", ""), "")
        await self._note(write, request, answer)

    async def _note(self, write: Write, request: Request, answer: Answered) -> None:
        """Keep what became of one record, once it is sure that it is ours that stands there."""
        known = self._ids.get(write.type_name, write.id)
        foreign_id = answer.foreign_id or (known.foreign_id if known else "")
        is_written = answer.status.startswith("201") or bool(request.if_match)
        if not (is_written and foreign_id and answer.version):
            stands = await self.fetch(write.type_name, foreign_id) if foreign_id else None
            if stands is None:
                raise nonsense()
            await self._recognise(write, stands)
            return
        at = answer.last_modified if moment(answer.last_modified) else ""
        self._ids.put([Known(write.type_name, write.id, foreign_id, answer.version, at)])
        received_at = moment(at) or self.date or self._clock.now()
        self._done[_mark(write)] = Written(write.type_name, write.id, answer.version, received_at, is_new=True)

    async def _recognise(self, write: Write, stands: ForeignRecord) -> None:
        """Take what stands there for ours, if one of its versions says the same; else a person has to look.

        Raises:
            HubRefusalError: somebody else's stands there.
        """
        self._ids.put([Known(write.type_name, write.id, stands.foreign_id)])
        same = stands if await self._says_the_same(stands, write) else await self._in_the_past(write, stands)
        if same is None or not same.version:
            words = Text("The hub has another version of this record.").render("en")
            raise HubRefusalError(412, words)
        received_at = moment(same.at) or self.date or self._clock.now()
        self._done[_mark(write)] = Written(write.type_name, write.id, same.version, received_at, is_new=False)

    async def _in_the_past(self, write: Write, stands: ForeignRecord) -> ForeignRecord | None:
        """Return the version that says what we sent, where somebody has edited it since."""
        if write.type_name not in (await self.abilities()).tells_history:
            return None
        page = await self.bundle(f"{write.type_name}/{quote(stands.foreign_id, safe='')}/_history?_count={_PAST}")
        for each in page.records:
            if each.body is not None and await self._says_the_same(each, write):
                return each
        return None

    async def _says_the_same(self, there: ForeignRecord, write: Write) -> bool:
        (change,) = await self.translated([there])
        return _content(change.body) == _content(write.body)

    async def _without_arrived(self, writes: Sequence[Write], can: Abilities) -> list[Write]:
        """Return those of some writes that are not there; a new one whose answer was lost is found by our name for it.

        A server that creates under a condition keeps it itself; yet a request it has not ended may still run, so after
        a lost answer it is asked first, too.
        """
        known = self._ids.of([(each.type_name, each.id) for each in writes])
        new = [each for each in writes if each.base_version is None or (each.type_name, each.id) not in known]
        asked = [each for each in new if self._is_unsure or each.type_name not in can.creates_once]
        found = await self._find([(each.type_name, each.id) for each in asked])
        for write in asked:
            stands = found.get((write.type_name, write.id))
            if stands is not None:
                await self._recognise(write, stands)
        return [each for each in writes if _mark(each) not in self._done]

    async def _find(self, addresses: Sequence[Address]) -> dict[Address, ForeignRecord]:
        """Return the server's records that bear our names."""
        found: dict[Address, ForeignRecord] = {}
        hidden = (await self.abilities()).hides_identifiers
        for type_name in dict.fromkeys(each for each, _id in addresses):
            ids = [record_id for each, record_id in addresses if each == type_name]
            for start in range(0, len(ids), _FOUND_AT_ONCE):
                named = [search_for(type_name, each, hidden) for each in ids[start : start + _FOUND_AT_ONCE]]
                query = {named[0][0]: ",".join(value for _, value in named), "_count": 2 * _FOUND_AT_ONCE}
                page = await self.bundle(f"{type_name}?{urlencode(query)}")
                for each in page.records:
                    if each.type_name == type_name and each.body is not None and (name := own_id(each.body)):
                        found.setdefault((type_name, name), each)
        return found

    async def _read(self, path: str) -> bytes | None:
        try:
            return await self._message("GET", path, {"Cache-Control": "no-cache"})
        except HubRefusalError as error:
            if error.status in (404, 410):
                return None
            raise

    async def _message(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        *,
        wait_s: int = 0,
    ) -> bytes:
        async with self._answer(method, path, headers or {}, content, wait_s) as response:
            await self._refuse(response)
            if not 200 <= response.status_code < 300 or _kind(response) not in _JSON:
                raise nonsense()
            return await whole_message(response)

    async def _refuse(self, response: httpx.Response) -> None:
        """Raise what an answer that is no success means; a stranger need not give a reason in FHIR's words."""
        status = response.status_code
        if 400 <= status < 500 and status not in _TRY_LATER and _kind(response) in _JSON:
            words = outcome_words(await whole_message(response)) or response.reason_phrase or str(status)
            raise HubRefusalError(status, words)
        await super()._refuse(response)

    def _note_date(self, response: httpx.Response) -> None:
        super()._note_date(response)
        if response.headers.get("date"):
            offset_s = self._clock.now().timestamp() + self.clock_offset_s
            self.date = datetime.fromtimestamp(offset_s, UTC)


def _request(
    write: Write, known: Known | None, resolve: Callable[[str, str], str | None], hidden: frozenset[str]
) -> Request:
    """Return the entry of one record; one the server never had is new, whatever another hub called it.

    Raises:
        HubRefusalError: the server has deleted it.
    """
    name, value = search_for(write.type_name, write.id, hidden)
    if write.base_version is None or known is None:
        body = outgoing(write.body, None, resolve, hidden)
        query = urlencode({name: value})
        return Request(full_url(write.type_name, write.id), body, write.type_name, if_none_exist=query)
    if known.is_gone:
        raise HubRefusalError(410, Text("The hub has deleted this record.").render("en"))
    url = f"{write.type_name}/{known.foreign_id}"
    body = outgoing(write.body, known.foreign_id, resolve, hidden)
    return Request(full_url(write.type_name, write.id), body, url, if_match=write.base_version)


def _mark(write: Write) -> tuple[str, str, str]:
    return write.type_name, write.id, hashlib.sha256(write.body).hexdigest()


def _content(body: bytes) -> dict[str, Any]:
    """Return what a record says, without what servers add or lose when they store it: words about it, last zeros."""
    content: dict[str, Any] = msgspec.json.decode(body)
    return {name: value for name, value in content.items() if name not in ("meta", "text", "id")}


def _kind(response: httpx.Response) -> str:
    return str(response.headers.get("content-type", "")).partition(";")[0].strip().lower()
