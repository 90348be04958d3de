"""One workstation's conversation with its hub over HTTP, in which every answer is doubted.

A captive portal answers 200 with a web page, a proxy redirects, a broken hub sends megabytes. Whatever is not a bounded
answer of the right type is a `LinkError`, which means: try again later, nothing is lost. Only an OperationOutcome is
believed to be the hub's own refusal.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ipaddress
import re
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx
import msgspec

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ClinicError, LinkError
from clinic_app.foundation.texts import Language, Text
from clinic_app.storage.exchange.exchange import Change, Write, Written
from clinic_app.sync.compression import (
    CODINGS,
    LEAST_BYTES,
    OFFERED,
    Coding,
    PackingError,
    Unpacker,
    digest_header,
    has_digest,
    pack,
)
from clinic_app.sync.credentials import Credentials, UnknownNodeError, credentials_of
from clinic_app.sync.habits import HubHabits
from clinic_app.sync.pace import Pace
from clinic_app.sync.profile import PROFILE_HEADER, PROFILE_VERSION
from clinic_app.sync.wire import (
    EPOCH_HEADER,
    MAX_MESSAGE_BYTES,
    MEDIA_TYPE,
    ON_WAY_HEADER,
    PAGE_ENTRIES,
    decode_history,
    decode_transaction_response,
    encode_transaction,
    is_passing,
    is_statement,
    nonsense,
    outcome_words,
)

_ANSWER_S: Final = 30.0
_CONNECT_S: Final = 10.0
_IN_NO_ADDRESS: Final = re.compile(r"[\s\x00-\x1f\x7f\"'<>\\^`{|}]")
_KEPT_OPEN_S: Final = 70.0
"""Seconds an idle connection is kept: a new one costs two round trips more."""
_JSON: Final = "application/json"
_TUS: Final = {"Tus-Resumable": "1.0.0"}
_UNKNOWN: Final = 401
_TOO_LARGE: Final = 413
_LATER: Final = frozenset({408, 425, 429})
_NOT_THERE: Final = frozenset({404, 410})
_NO_SUCH_PLACE: Final = frozenset({404, 405})
_NOT_CHANGED: Final = 304
_UNPACKED: Final = 415
_MAYBE_PACKED: Final = frozenset({400, 415, 500, 501})
"""How servers answer to what they cannot unpack."""
_MOST_WAIT_S: Final = 3600.0
"""The longest Retry-After that is believed."""


class AnswerError(LinkError):
    """What came back is no refusal to be believed, and nothing to work with: to be tried again.

    Args:
        text: the sentence.
        status: the HTTP status it came with.
        wait_s: seconds the hub asked to be left alone; 0 where it did not say.
    """

    def __init__(self, text: Text, status: int, wait_s: float = 0.0) -> None:
        super().__init__(text)
        self.status = status
        self.wait_s = wait_s


class HubRefusalError(ClinicError):
    """The hub understood and said no; to send the same again is no use.

    Args:
        status: the HTTP status.
        words: what the hub's OperationOutcome says.
    """

    def __init__(self, status: int, words: str) -> None:
        super().__init__(Text("The hub does not take this: {words}", words=words))
        self.status = status
        self.words = words


@dataclass(frozen=True)
class ReleaseWord:
    """What a hub says about releases of the program: files of signed metadata by their names, and its ETag."""

    metadata: Mapping[str, bytes]
    etag: str


@dataclass(frozen=True)
class HubPage:
    """One page of the hub's feed and the cursor behind it."""

    changes: tuple[Change, ...]
    cursor: str


@dataclass(frozen=True)
class UploadState:
    """How much of a content the hub has, in bytes."""

    offset: int
    is_whole: bool


class HubLink:
    """The hub at one address, for one node.

    Args:
        url: the hub's address.
        credentials: who this node is; a word alone is a static token.
        clock: measures how far this computer's clock is from the hub's.
        transport: for tests.
        pace: told how long the hub took for what was sent.
        habits: what is known of the hub at this address.
        is_hub: whether this node is a hub itself, which has to know whose each record is.
        tls: how the hub proves itself; True by an authority this computer trusts.
        language: in which the hub is asked to say why it refuses something.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials | str,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None = None,
        pace: Pace | None = None,
        habits: HubHabits | None = None,
        *,
        is_hub: bool = False,
        tls: ssl.SSLContext | bool = True,
        language: Language = "en",
    ) -> None:
        headers = {
            "Accept": MEDIA_TYPE,
            "Accept-Encoding": OFFERED,
            "Accept-Language": language,
            PROFILE_HEADER: str(PROFILE_VERSION),
        }
        self._credentials = credentials_of(credentials)
        self._is_private = transport is not None or is_private(url)
        self._client = httpx.AsyncClient(
            base_url=url.rstrip("/"),
            headers=headers,
            timeout=httpx.Timeout(_ANSWER_S, connect=_CONNECT_S),
            limits=httpx.Limits(keepalive_expiry=_KEPT_OPEN_S),
            follow_redirects=False,
            trust_env=False,
            verify=tls,
            transport=transport,
        )
        self._clock = clock
        self._pace = pace or Pace()
        self._is_hub = is_hub
        self.habits = habits or HubHabits(url)
        self.clock_offset_s = 0.0
        """Hub's clock minus ours, in seconds, as of the last answer."""
        self.is_on_way = False
        """Whether there is another hub above this one, as of the last answer."""

    async def close(self) -> None:
        """Let go of every connection."""
        await self._client.aclose()
        await asyncio.sleep(0)  # what was closed is let go of in the next turn of the loop, which may be the last

    async def meet(self) -> bytes:
        """Ask what answers at this address whether it is a hub, and return its CapabilityStatement.

        Raises:
            LinkError: it is none, such as the page of a network that first wants to be paid.
        """
        try:
            statement = await self._message("GET", "/metadata")
        except HubRefusalError as error:
            raise nonsense() from error
        if not is_statement(statement):
            raise nonsense()
        self.habits.met()
        return statement

    async def push(self, writes: Sequence[Write], key: str) -> tuple[Written, ...]:
        """Hand in one transaction and return what became of each write.

        Raises:
            HubRefusalError: the hub refused it as a whole.
            LinkError: no hub, or nonsense.
        """
        headers = {"Content-Type": MEDIA_TYPE, "Idempotency-Key": key, "Prefer": "return=minimal"}
        content = encode_transaction(writes)
        try:
            body = await self._packed("POST", "/", headers, content)
        except HubRefusalError as error:
            if error.status in _NO_SUCH_PLACE:  # no hub says that of the place where it takes transactions
                raise nonsense() from error
            if error.status == _TOO_LARGE:
                self.habits.took_too_much(len(content))
            raise
        return decode_transaction_response(body, writes)

    async def changes(self, cursor: str, *, with_own: bool = False, wait_s: int = 0) -> HubPage:
        """Return what came after ``cursor``; what this workstation wrote itself only ``with_own``.

        Where there is nothing yet, a hub that can waits so many seconds for something.

        Raises:
            HubRefusalError: status 410 where the hub does not know the cursor.
            LinkError: no hub, or nonsense.
        """
        asked = {"cursor": cursor, "_count": PAGE_ENTRIES, **({"own": "true"} if with_own else {})}
        query = urlencode(
            {**asked, **({"_owner": "true"} if self._is_hub else {}), **({"_wait": wait_s} if wait_s else {})}
        )
        changes, next_url = decode_history(await self._message("GET", f"/$changes?{query}", wait_s=wait_s))
        try:
            cursors = parse_qs(urlsplit(next_url).query).get("cursor", [])
        except ValueError as error:
            raise nonsense() from error
        if len(cursors) != 1 or not cursors[0]:
            raise nonsense()
        return HubPage(changes, cursors[0])

    async def record(self, type_name: str, record_id: str, version: str = "") -> bytes | None:
        """Return a record as it is, or as it was in one version; None where the hub has none for us.

        Raises:
            HubRefusalError: it says no for another reason.
            LinkError: no hub, or nonsense.
        """
        path = f"/{type_name}/{quote(record_id, safe='')}" + (f"/_history/{quote(version, safe='')}" if version else "")
        try:
            return await self._message("GET", path)
        except HubRefusalError as error:
            if error.status in _NOT_THERE:
                return None
            raise

    async def begin_upload(self, sha256: str, size: int) -> UploadState:
        """Announce content, or learn how much of it the hub has."""
        return await self._upload("POST", sha256, {**_TUS, "Upload-Length": str(size)}, b"")

    async def append(self, sha256: str, offset: int, piece: bytes) -> UploadState:
        """Send the next piece of announced content."""
        checksum = base64.b64encode(hashlib.sha256(piece).digest()).decode("ascii")
        headers = {
            **_TUS,
            "Upload-Offset": str(offset),
            "Upload-Checksum": f"sha256 {checksum}",
            "Content-Type": "application/offset+octet-stream",
        }
        return await self._upload("PATCH", sha256, headers, piece)

    async def content_size(self, sha256: str) -> int:
        """Return how many bytes a content has that the hub gives us.

        Raises:
            HubRefusalError: it has none for us.
            LinkError: no hub, or nonsense.
        """
        headers = {"Range": "bytes=0-0", "Accept": "application/octet-stream"}
        async with self._answer("GET", f"/blob/{sha256}", headers, b"") as response:
            await self._refuse(response)
            _, _, size = response.headers.get("content-range", "").partition("/")
            if not (size.isascii() and size.isdigit() and len(size) <= 12):
                raise nonsense()
            return int(size)

    async def download(self, sha256: str, offset: int) -> AsyncGenerator[bytes, None]:
        """Yield the content from byte ``offset`` on, as it comes."""
        headers = {"Range": f"bytes={offset}-", "Accept": "application/octet-stream"}
        async with self._answer("GET", f"/blob/{sha256}", headers, b"") as response:
            await self._refuse(response)
            if response.status_code != 206 or _content_type(response) != "application/octet-stream":
                raise nonsense()
            async for piece in response.aiter_raw():
                yield piece

    async def report(self, said: bytes) -> dict[str, Any] | None:
        """Tell the hub of this node, and return its answer; None where it takes no reports.

        Raises:
            HubRefusalError: the hub does not take this one.
            LinkError: no hub, or nonsense.
        """
        headers = {"Content-Type": _JSON, "Accept": _JSON}
        async with self._answer("POST", "/report", headers, said) as response:
            if response.status_code in _NO_SUCH_PLACE:
                return None
            await self._refuse(response)
            if response.status_code != 200 or _content_type(response) != _JSON:
                raise nonsense()
            try:
                return msgspec.json.decode(await whole_message(response), type=dict[str, Any])
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise nonsense() from error

    async def releases(self, etag: str) -> ReleaseWord | None:
        """Return what the hub says about releases of the program; None where it has none, or nothing new.

        Args:
            etag: of what it said last; empty for nothing.

        Raises:
            HubRefusalError: the hub does not give it.
            LinkError: no hub, or nonsense.
        """
        headers = {"Accept": _JSON, **({"If-None-Match": etag} if etag else {})}
        async with self._answer("GET", "/releases", headers, b"") as response:
            if response.status_code in _NO_SUCH_PLACE or response.status_code == _NOT_CHANGED:
                return None
            await self._refuse(response)
            if response.status_code != 200 or _content_type(response) != _JSON:
                raise nonsense()
            try:
                told = msgspec.json.decode(await whole_message(response), type=dict[str, str])
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise nonsense() from error
            return ReleaseWord({name: body.encode() for name, body in told.items()}, response.headers.get("etag", ""))

    async def _packed(self, method: str, path: str, headers: Mapping[str, str], content: bytes) -> bytes:
        """Send a message as well packed as the hub can unpack it; one it could not is sent again otherwise."""
        coding: Coding = self.habits.coding() if len(content) >= LEAST_BYTES else "identity"
        in_vain: list[Coding] = []
        while True:
            body = pack(content, coding)
            told = {"Content-Digest": digest_header(body)}
            if coding != "identity":
                told["Content-Encoding"] = coding
            try:
                answer = await self._message(method, path, {**headers, **told}, body)
            except (HubRefusalError, AnswerError) as error:
                if coding == "identity" or not self._may_be_of_packing(error.status, coding):
                    raise
                in_vain.append(coding)
                coding = CODINGS[CODINGS.index(coding) + 1]
                continue
            for each in in_vain:
                self.habits.could_not_unpack(each)
            self._pace.note_packed(len(content), len(body))
            return answer

    def _may_be_of_packing(self, status: int, coding: Coding) -> bool:
        """Whether an error may mean that the message could not be unpacked; who offers to is believed to be able."""
        return status == _UNPACKED or (status in _MAYBE_PACKED and not self.habits.offers(coding))

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
            if response.status_code != 200 or _content_type(response) != MEDIA_TYPE:
                raise nonsense()
            return await whole_message(response)

    async def _upload(self, method: str, sha256: str, headers: Mapping[str, str], piece: bytes) -> UploadState:
        async with self._answer(method, f"/blob/{sha256}", headers, piece) as response:
            await self._refuse(response)
            offset = response.headers.get("upload-offset", "")
            if not (offset.isascii() and offset.isdigit() and len(offset) <= 12):
                raise nonsense()
            return UploadState(int(offset), response.headers.get("upload-complete") == "?1")

    @asynccontextmanager
    async def _answer(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes, wait_s: int = 0
    ) -> AsyncIterator[httpx.Response]:
        if not self._is_private:
            raise LinkError(Text("The address of the hub has to begin with https://; nothing was sent to it."))
        shown = await self._shown()
        async with self._asked(method, path, {**headers, "Authorization": shown}, content, wait_s) as response:
            if response.status_code != _UNKNOWN:
                yield response
                return
            self._credentials.refused()
            if (anew := await self._shown()) == shown:
                yield response
                return
        async with self._asked(method, path, {**headers, "Authorization": anew}, content, wait_s) as response:
            yield response

    async def _shown(self) -> str:
        """Return what says who we are; what can go wrong on the way to it is the link's."""
        with _link_errors():
            return await self._credentials.header(self._client)

    @asynccontextmanager
    async def _asked(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes, wait_s: int
    ) -> AsyncIterator[httpx.Response]:
        began_s = time.monotonic()
        told = dict(headers)
        timeout = httpx.Timeout(_ANSWER_S + wait_s, connect=_CONNECT_S)
        with _link_errors():
            async with self._client.stream(method, path, headers=told, content=content, timeout=timeout) as response:
                self._pace.note(len(content), time.monotonic() - began_s)
                self._note_date(response)
                self.is_on_way = ON_WAY_HEADER in response.headers
                self.habits.said(response.headers.get("accept-encoding"))
                self.habits.lived(response.headers.get(EPOCH_HEADER))
                try:
                    yield response
                finally:
                    self._pace.carried(response.num_bytes_downloaded)

    async def _refuse(self, response: httpx.Response) -> None:
        """Raise what an answer that is no success means."""
        status = response.status_code
        if 200 <= status < 300:
            return
        if status == _UNKNOWN:
            raise UnknownNodeError
        body = await whole_message(response) if _content_type(response) == MEDIA_TYPE else b""
        words = outcome_words(body)
        if words and (status in _LATER or status >= 500 or is_passing(body)):
            text = Text("The hub is out of order at the moment: {words}", words=words)
            raise AnswerError(text, status, self._asked_to_wait_s(response))
        if words and status >= 400:
            raise HubRefusalError(status, words)
        if status == _TOO_LARGE:  # said by what stands before the hub, in its own way
            raise HubRefusalError(status, Text("The request is too large.").render("en"))
        raise AnswerError(nonsense().text, status, self._asked_to_wait_s(response))

    def _asked_to_wait_s(self, response: httpx.Response) -> float:
        """Return the seconds of Retry-After, in whichever of its two forms; 0 for nonsense."""
        typed = response.headers.get("retry-after", "").strip()
        if typed.isascii() and typed.isdigit():
            return min(_MOST_WAIT_S, float(typed[:6]))
        then, now = _moment(typed), _moment(response.headers.get("date", ""))
        if then is None:
            return 0.0
        return min(_MOST_WAIT_S, max(0.0, (then - (now or self._clock.now())).total_seconds()))

    def _note_date(self, response: httpx.Response) -> None:
        theirs = _moment(response.headers.get("date", ""))
        if theirs is not None:
            self.clock_offset_s = (theirs - self._clock.now()).total_seconds()


def is_private(address: str) -> bool:
    """Return whether nobody on the way can read what is sent to an address: over TLS, or within this very computer.

    Names and passwords in an address end in logs, so there are none; nor are signs that no address has.
    """
    if _IN_NO_ADDRESS.search(address):
        return False
    try:
        parts = urlsplit(address)
        host, is_named, _ = parts.hostname or "", parts.username is not None, parts.port
        if parts.scheme == "https":
            return bool(host) and not is_named
        is_here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
    return parts.scheme == "http" and is_here and not is_named


def hub_time(link: HubLink, ours: datetime) -> datetime:
    """Return the hub's time at one of our moments."""
    return datetime.fromtimestamp(ours.timestamp() + link.clock_offset_s, UTC)


@contextmanager
def _link_errors() -> Iterator[None]:
    """Turn what goes wrong on the way into a `LinkError`."""
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        raise LinkError(Text("The hub cannot be reached.")) from error


def _content_type(response: httpx.Response) -> str:
    return str(response.headers.get("content-type", "")).partition(";")[0].strip().lower()


def _moment(typed: str) -> datetime | None:
    """Return the moment of an HTTP date, or None for nonsense."""
    try:
        moment = parsedate_to_datetime(typed)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else None


async def whole_message(response: httpx.Response) -> bytes:
    """Return a message whole, unpacked, and as it was when it was packed."""
    digest = hashlib.sha256()
    try:
        unpacker = Unpacker(response.headers.get("content-encoding", "").strip().lower(), MAX_MESSAGE_BYTES)
        async for piece in response.aiter_raw():
            digest.update(piece)
            unpacker.feed(piece)
        body = unpacker.body()
    except PackingError as error:
        raise nonsense() from error
    if not has_digest(response.headers.get("content-digest"), digest.digest()):
        raise nonsense()
    return body
