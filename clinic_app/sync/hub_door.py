"""The door of a hub, as a node stands before it: who answers there, and coming in by a code.

A person compares the hub's fingerprint with the one printed beside the code; from then on the node knows that hub by
its key. The node's own key is made here and never leaves its store. Who may do this, and what else is noted, is the
caller's: an administrator of a workstation (`clinic_app.sync.enrolment`), or IT at the command line of a facility hub.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeVar

import httpx
import msgspec

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ConflictError, InvalidInputError, LinkError
from clinic_app.foundation.texts import Text
from clinic_app.keys.enrolment_code import read_code
from clinic_app.keys.signing_key import SigningKey, fingerprint
from clinic_app.storage import Store
from clinic_app.storage.kept_secrets import forget_secret, keep_secret, kept_secret
from clinic_app.sync.hub_account import HubAccount
from clinic_app.sync.hub_certificate import tls_of
from clinic_app.sync.link import is_private
from clinic_app.sync.wire import MEDIA_TYPE, nonsense, outcome_words

T = TypeVar("T")
_BEGUN: Final = "hub-account-begun"
_LARGEST: Final = 1 << 16
_TIMEOUT: Final = httpx.Timeout(15.0, connect=10.0)
_LONGEST_NAME: Final = 200


class _Identity(msgspec.Struct, frozen=True):
    name: str
    audience: str
    jwk: dict[str, str]


class _Admitted(msgspec.Struct, frozen=True):
    device: str
    organization: str
    hub: _Identity
    name: str = ""


@dataclass(frozen=True)
class Hospital:
    """To which hospital a code let somebody in: its id, and its name, which may be empty."""

    id: str
    name: str


@dataclass(frozen=True)
class HubFound:
    """A hub that answered, before anything was told to it.

    Args:
        url: its address.
        name: what it calls itself.
        fingerprint: of its key, to be compared by a person.
        jwk: its key, and ``audience`` its name in proofs.
    """

    url: str
    name: str
    fingerprint: str
    jwk: dict[str, str]
    audience: str


class HubDoor:
    """The door of whatever hub is at an address, for one node.

    Args:
        store: the node's; keeps its key from before it is sent until the place is kept.
        clock: the time.
        transport: for tests, in place of the network.
    """

    def __init__(self, store: Store, clock: Clock, transport: httpx.BaseTransport | None = None) -> None:
        self._store = store
        self._clock = clock
        self._transport = transport

    def look(self, typed: str) -> HubFound:
        """Ask who answers at an address; nothing is told to him.

        Raises:
            InvalidInputError: no address a hub may have.
            LinkError: nobody is there, or it is no hub.
        """
        url = typed.strip()
        url = (url if "://" in url or not url else f"https://{url}").rstrip("/")
        if not is_private(url):
            raise InvalidInputError(Text("Type the address of the hub; it begins with https://."), "address")
        identity = _told(self._asked("GET", url, "/identity", None), _Identity)
        return HubFound(url, _name(identity), _fingerprint(identity), identity.jwk, identity.audience)

    def enter(self, hub: HubFound, typed: str, organization_id: str) -> HubAccount:
        """Come in by a code, with a fresh key, and return the place there; it counts once the caller has kept it.

        Args:
            hub: as it was looked at, and its fingerprint compared.
            typed: the code.
            organization_id: to which the node belongs.

        Raises:
            InvalidInputError: the code is not good.
            ConflictError: the code is for another hospital, or the hub is not the one that was looked at.
            LinkError: the hub cannot be reached; the same code can be tried again.
        """
        return self.enter_as(hub, typed, organization_id)[0]

    def enter_as(self, hub: HubFound, typed: str, organization_id: str) -> tuple[HubAccount, Hospital]:
        """Do the same; return also which hospital the code is for. An empty id comes into whichever it is.

        Raises:
            InvalidInputError: the code is not good.
            ConflictError: the code is for another hospital, or the hub is not the one that was looked at.
            LinkError: the hub cannot be reached; the same code can be tried again.
        """
        code = read_code(typed)
        kept = kept_secret(self._store, _BEGUN) or self._begun()
        key = SigningKey.from_bytes(kept)  # the same again, if only the answer is lost on the way
        asking = {"code": code, "jwk": key.public_jwk, "organization": organization_id}
        admitted = _told(self._asked("POST", hub.url, "/enrol", asking), _Admitted)
        if admitted.hub.jwk != hub.jwk or admitted.hub.audience != hub.audience:
            raise ConflictError(Text("Another hub answers now than the one that was looked at. Look again."))
        if organization_id and admitted.organization != organization_id:
            raise ConflictError(Text("This code is for another hospital."))
        account = HubAccount(admitted.device, kept, hub.name, hub.jwk, hub.audience, self._clock.now())
        return account, Hospital(admitted.organization, admitted.name)

    def entered(self) -> None:
        """Take note that the place is kept: whoever comes in again makes another key."""
        forget_secret(self._store, _BEGUN)

    def _begun(self) -> bytes:
        """Make this node's key and keep it before anything is sent."""
        made = SigningKey.create().to_bytes()
        keep_secret(self._store, _BEGUN, made)
        return made

    def _asked(self, method: str, url: str, path: str, told: object) -> httpx.Response:
        """Return a small answer of a hub.

        Raises:
            InvalidInputError: the hub does not take the code.
            ConflictError: the code is for another hospital.
            LinkError: no hub, or nonsense.
        """
        try:
            with (
                httpx.Client(
                    timeout=_TIMEOUT, trust_env=False, verify=tls_of(self._store, url), transport=self._transport
                ) as client,
                client.stream(method, f"{url}{path}", json=told, headers={"Accept-Encoding": "identity"}) as response,
            ):
                body = bytearray()
                for piece in response.iter_raw():
                    body += piece
                    if len(body) > _LARGEST:
                        raise nonsense()
                kind = {"Content-Type": response.headers.get("content-type", "")}  # and no encoding that would unpack
                answer = httpx.Response(response.status_code, headers=kind, content=bytes(body))
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise LinkError(Text("The hub cannot be reached.")) from error
        _check(answer)
        return answer


def _check(answer: httpx.Response) -> None:
    """Raise what an answer that is no success means."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    status = answer.status_code
    if status == 200 and kind == "application/json":
        return
    words = outcome_words(answer.content) if kind == MEDIA_TYPE else ""
    if not words or status == 404:  # a hub, and not here
        raise LinkError(Text("There is no hub at this address."))
    if status == 403:
        raise InvalidInputError(
            Text("The hub does not take this code: it was used, is too old, or was mistyped. Ask for a new one."),
            "code",
        )
    if status == 410:
        raise InvalidInputError(
            Text("This code lets no more computers in: its places are taken, or its time is over. Ask for a new one."),
            "code",
        )
    if status == 409:
        raise ConflictError(Text("This code is for another hospital."))
    if status == 429:
        raise LinkError(Text("Too many tries. Wait some minutes, then ask for a new code."))
    raise LinkError(Text("The hub is out of order at the moment: {words}", words=words))


def _told(answer: httpx.Response, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise LinkError(Text("There is no hub at this address.")) from error


def _name(identity: _Identity) -> str:
    printable = "".join(each for each in identity.name if each.isprintable()).strip()
    return printable[:_LONGEST_NAME] or "?"


def _fingerprint(identity: _Identity) -> str:
    try:
        return fingerprint(identity.jwk)
    except InvalidInputError as error:
        raise LinkError(Text("There is no hub at this address.")) from error
