"""How a workstation comes into a hub: an address, a look at who answers there, and a code that IT of the hub told.

The person compares the hub's fingerprint with the one printed beside the code; from then on the workstation knows that
hub by its key. The workstation's own key is made here and never leaves the encrypted store.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

import httpx
import msgspec

from clinic_app.access import Session, Trail, own_device, own_organization
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ConflictError, InvalidInputError, LinkError
from clinic_app.foundation.texts import Text
from clinic_app.keys.enrolment_code import read_code
from clinic_app.keys.signing_key import SigningKey, fingerprint
from clinic_app.storage import Store
from clinic_app.sync.discovery import NearbyHub, confirmed_certificate
from clinic_app.sync.hub_account import HubAccount, keep_account, kept_account
from clinic_app.sync.hub_certificate import keep_certificate, tls_of
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


@dataclass(frozen=True)
class HubPlace:
    """How this workstation stands to its hub.

    Args:
        url: the hub's address; empty for a workstation that stands alone.
        hub_name: its name; empty for one that is known by a static token.
        fingerprint: of the hub's key; empty likewise.
        since: when the workstation came in; None likewise.
        organization_id: this hospital's id, which IT of the hub makes a code for.
        organization: its name.
        device: what this workstation is called.
    """

    url: str
    hub_name: str
    fingerprint: str
    since: datetime | None
    organization_id: str
    organization: str
    device: str


class HubEnrolment:
    """Connects one workstation to a hub, for its administrator.

    Args:
        store: the workstation's store.
        trail: says who may, and notes that he did.
        clock: the time.
        address: returns the address the settings name.
        keep_address: puts an address into the settings.
        transport: for tests, in place of the network.
    """

    def __init__(
        self,
        store: Store,
        trail: Trail,
        clock: Clock,
        address: Callable[[], str],
        keep_address: Callable[[str], None],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._store = store
        self._trail = trail
        self._clock = clock
        self._address = address
        self._keep_address = keep_address
        self._transport = transport

    def place(self, session: Session) -> HubPlace:
        """Return how the workstation stands to its hub.

        Raises:
            NotAllowedError: only an administrator asks.
        """
        self._trail.require(session, "update", "Device")
        account, own, device = kept_account(self._store), own_organization(self._store), own_device(self._store)
        return HubPlace(
            url=self._address(),
            hub_name=account.hub_name if account else "",
            fingerprint=fingerprint(account.hub_jwk) if account else "",
            since=account.since if account else None,
            organization_id=own.id,
            organization=own.name or own.id,
            device=next((each.name for each in device.device_name), ""),
        )

    def look(self, session: Session, typed: str) -> HubFound:
        """Ask who answers at an address; nothing is told to him.

        Raises:
            NotAllowedError: only an administrator connects a workstation.
            InvalidInputError: no address a hub may have.
            LinkError: nobody is there, or it is no hub.
        """
        self._trail.require(session, "update", "Device")
        url = typed.strip()
        url = (url if "://" in url or not url else f"https://{url}").rstrip("/")
        if not is_private(url):
            raise InvalidInputError(Text("Type the address of the hub; it begins with https://."), "address")
        identity = _told(self._asked("GET", url, "/identity", None), _Identity)
        return HubFound(url, _name(identity), _fingerprint(identity), identity.jwk, identity.audience)

    def nearby(self, session: Session, look_s: float = 3.0) -> tuple[NearbyHub, ...]:
        """Return the hubs that tell of themselves on the local network; takes ``look_s`` seconds.

        Raises:
            NotAllowedError: only an administrator connects a workstation.
            LinkError: this computer has no network.
        """
        from clinic_app.sync.listening import nearby_hubs  # not at the start of every day

        self._trail.require(session, "update", "Device")
        return nearby_hubs(look_s)

    def trust(self, session: Session, hub: NearbyHub) -> HubFound:
        """Trust the certificate of a hub nearby, whose fingerprint a person has compared, and ask who answers there.

        Raises:
            NotAllowedError: only an administrator connects a workstation.
            LinkError: nobody is there, or he shows another certificate.
        """
        self._trail.require(session, "update", "Device")
        certificate = confirmed_certificate(hub)
        event = self._trail.happening(
            session, "keys", own_device(self._store), description=f"trust-certificate {hub.fingerprint}"
        )
        self._store.records.commit((), audit=(event,))
        keep_certificate(self._store, hub.url, certificate)
        return self.look(session, hub.url)

    def connect(self, session: Session, hub: HubFound, typed: str) -> HubPlace:
        """Come into a hub by a code, with a fresh key; the exchange begins with the next start of the program.

        Raises:
            NotAllowedError: only an administrator connects a workstation.
            InvalidInputError: the code is not good.
            ConflictError: the code is for another hospital, or the hub is not the one that was looked at.
            LinkError: the hub cannot be reached; the same code can be tried again.
        """
        self._trail.require(session, "update", "Device")
        code = read_code(typed)
        kept = self._store.memory.get(_BEGUN) or self._begun()
        key = SigningKey.from_bytes(kept)  # the same again, if only the answer is lost on the way
        own = own_organization(self._store)
        asking = {"code": code, "jwk": key.public_jwk, "organization": own.id}
        admitted = _told(self._asked("POST", hub.url, "/enrol", asking), _Admitted)
        if admitted.hub.jwk != hub.jwk or admitted.hub.audience != hub.audience:
            raise ConflictError(Text("Another hub answers now than the one that was looked at. Look again."))
        if admitted.organization != own.id:
            raise ConflictError(Text("This code is for another hospital."))
        account = HubAccount(admitted.device, kept, hub.name, hub.jwk, hub.audience, self._clock.now())
        device = own_device(self._store)
        event = self._trail.happening(session, "keys", device, description=f"connect-hub {hub.fingerprint}")
        self._store.records.commit((), audit=(event,))
        keep_account(self._store, account)
        self._keep_address(hub.url)
        self._store.memory.put(_BEGUN, b"")
        return self.place(session)

    def _begun(self) -> bytes:
        """Make this workstation's key and keep it before anything is sent."""
        made = SigningKey.create().to_bytes()
        self._store.memory.put(_BEGUN, made)
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
