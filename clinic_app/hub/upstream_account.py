"""Who a facility hub is at the hub above it: the address, the organisation, the token; kept encrypted in its store."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.storage import Store
from clinic_app.sync.link import is_private

_NAME: Final = "upstream-account"
_ORGANIZATION: Final = re.compile(r"[A-Za-z0-9.-]{1,64}", re.ASCII)
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/=-]{16,200}", re.ASCII)


class UpstreamAccount(msgspec.Struct, frozen=True):
    """The account of one facility hub.

    Args:
        url: address of the hub above.
        organization_id: whose hub this is; all its workstations are of this organisation.
        token: what it shows there.
    """

    url: str
    organization_id: str
    token: str


def checked_account(url: str, organization_id: str, token: str) -> UpstreamAccount:
    """Return an account as somebody typed it.

    Raises:
        InvalidInputError: no address that is safe, no organisation, or no token.
    """
    if not is_private(url):
        raise InvalidInputError(Text("The address of the hub has to begin with https://; nothing was sent to it."))
    if not _ORGANIZATION.fullmatch(organization_id):
        raise InvalidInputError(Text("An organisation's id has 1 to 64 letters, digits, points and hyphens."))
    if not _TOKEN.fullmatch(token):
        raise InvalidInputError(Text("This is no token of a hub; its command enrol prints one."))
    return UpstreamAccount(url.rstrip("/"), organization_id, token)


def keep_account(store: Store, account: UpstreamAccount) -> None:
    """Keep the account, in place of the one before.

    Raises:
        InvalidInputError: the hub has served another organisation until now.
    """
    before = kept_account(store)
    if before is not None and before.organization_id != account.organization_id:
        raise InvalidInputError(
            Text("This hub serves the organisation “{id}” and no other one.", id=before.organization_id)
        )
    store.memory.put(_NAME, msgspec.json.encode(account))


def kept_account(store: Store) -> UpstreamAccount | None:
    """Return the account, or None where this hub has none above it."""
    kept = store.memory.get(_NAME)
    return msgspec.json.decode(kept, type=UpstreamAccount) if kept else None
