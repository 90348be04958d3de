"""Who a facility hub is at the hub above it: the address, the organisation, and its key there or a token.

It lies encrypted in the hub's store, and sealed where that is a database server.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.storage import Store
from clinic_app.storage.kept_secrets import keep_secret, kept_secret
from clinic_app.sync.credentials import Credentials, StaticToken
from clinic_app.sync.device_credentials import DeviceCredentials
from clinic_app.sync.hub_account import HubAccount
from clinic_app.sync.link import is_private

_NAME: Final = "upstream-account"
_IN_CLEAR: Final = b'{"url":'
"""So it begins on a database server where it was kept before such secrets were sealed."""
_ORGANIZATION: Final = re.compile(r"[A-Za-z0-9.-]{1,64}", re.ASCII)
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/=-]{16,200}", re.ASCII)


class UpstreamAccount(msgspec.Struct, frozen=True):
    """The account of one facility hub.

    Args:
        url: address of the hub above.
        organization_id: whose hub this is; all its workstations are of this organisation.
        token: what it shows there; empty for a hub that came in by a code.
        place: its place there, with its own key; None for one that shows a token.
    """

    url: str
    organization_id: str
    token: str = ""
    place: HubAccount | None = None

    def credentials(self, clock: Clock) -> Credentials:
        """Return how it proves who it is, for the loop of one thread."""
        return StaticToken(self.token) if self.place is None else DeviceCredentials(self.place, clock)


def checked_account(url: str, organization_id: str, token: str) -> UpstreamAccount:
    """Return an account with a token, as somebody typed it.

    Raises:
        InvalidInputError: no address that is safe, no organisation, or no token.
    """
    if not _TOKEN.fullmatch(token):
        raise InvalidInputError(Text("This is no token of a hub; its command enrol prints one."))
    return UpstreamAccount(checked_address(url), checked_organization(organization_id), token)


def checked_address(url: str) -> str:
    """Return the address of a hub as it is kept.

    Raises:
        InvalidInputError: what is sent there could be read on the way.
    """
    if not is_private(url):
        raise InvalidInputError(Text("The address of the hub has to begin with https://; nothing was sent to it."))
    return url.rstrip("/")


def checked_organization(organization_id: str) -> str:
    """Return the id of an organisation.

    Raises:
        InvalidInputError: that is none.
    """
    if not _ORGANIZATION.fullmatch(organization_id):
        raise InvalidInputError(Text("An organisation's id has 1 to 64 letters, digits, points and hyphens."))
    return organization_id


def check_hospital(store: Store, organization_id: str) -> None:
    """See that a hub stays the hub of its hospital.

    Raises:
        InvalidInputError: it has served another organisation until now.
    """
    before = kept_account(store)
    if before is not None and before.organization_id != organization_id:
        raise InvalidInputError(
            Text("This hub serves the organisation “{id}” and no other one.", id=before.organization_id)
        )


def keep_account(store: Store, account: UpstreamAccount) -> None:
    """Keep the account, in place of the one before.

    Raises:
        InvalidInputError: the hub has served another organisation until now.
    """
    check_hospital(store, account.organization_id)
    keep_secret(store, _NAME, msgspec.json.encode(account))


def kept_account(store: Store) -> UpstreamAccount | None:
    """Return the account, or None where this hub has none above it.

    Raises:
        KeyLockedError: it cannot be opened with this hub's key.
    """
    kept = store.memory.get(_NAME) or b""
    if not kept.startswith(_IN_CLEAR):
        kept = kept_secret(store, _NAME) or b""
    return msgspec.json.decode(kept, type=UpstreamAccount) if kept else None
