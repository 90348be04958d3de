"""How a workstation comes into a hub: an address, a look at who answers there, and a code that IT of the hub told.

Only its administrator does this, and it stands in the audit trail; the rest is `clinic_app.sync.hub_door`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import httpx

from clinic_app.access import Session, Trail, own_device, own_organization
from clinic_app.foundation.clock import Clock
from clinic_app.keys.signing_key import fingerprint
from clinic_app.storage import Store
from clinic_app.sync.discovery import NearbyHub, confirmed_certificate
from clinic_app.sync.hub_account import keep_account, kept_account
from clinic_app.sync.hub_certificate import keep_certificate
from clinic_app.sync.hub_door import HubDoor, HubFound


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
        self._address = address
        self._keep_address = keep_address
        self._door = HubDoor(store, clock, transport)

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
        return self._door.look(typed)

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
        account = self._door.enter(hub, typed, own_organization(self._store).id)
        device = own_device(self._store)
        event = self._trail.happening(session, "keys", device, description=f"connect-hub {hub.fingerprint}")
        self._store.records.commit((), audit=(event,))
        keep_account(self._store, account)
        self._keep_address(hub.url)
        self._door.entered()
        return self.place(session)
