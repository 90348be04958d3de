"""What a node keeps of its place at a hub: its own key there, and the key by which it knows that hub again.

It lies in the encrypted store and nowhere else; the address lies in the settings, where IT can change it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.keys.signing_key import ERASE, SigningKey, said_by
from clinic_app.storage import Store

HUB_ACCOUNT: Final = "hub-account"
_FOREIGN: Final = Text("The signature does not fit: the content was changed or comes from elsewhere.")


class HubAccount(msgspec.Struct, frozen=True):
    """A place at one hub.

    ``device_id`` is this node's name there and ``key`` its secret key; ``hub_jwk`` is the hub's public key, pinned when
    the node came in; ``audience`` is what the hub is called in proofs.
    """

    device_id: str
    key: bytes
    hub_name: str
    hub_jwk: dict[str, str]
    audience: str
    since: datetime

    @property
    def signing_key(self) -> SigningKey:
        """The secret key.

        Raises:
            KeyLockedError: it cannot be read.
        """
        return SigningKey.from_bytes(self.key)

    def __repr__(self) -> str:
        return f"HubAccount({self.device_id} at {self.hub_name})"


class EraseOrder(msgspec.Struct, frozen=True):
    """The hub's order to erase the keys of this node's data, whose signature was looked at."""

    hub: str
    at: datetime
    because: str = ""


def kept_account(store: Store) -> HubAccount | None:
    """Return the place at the hub, or None where there is none by a key."""
    kept = store.memory.get(HUB_ACCOUNT)
    return msgspec.json.decode(kept, type=HubAccount) if kept else None


def keep_account(store: Store, account: HubAccount) -> None:
    """Keep the place at the hub, in place of a former one."""
    store.memory.put(HUB_ACCOUNT, msgspec.json.encode(account))


def checked_order(order: str, account: HubAccount) -> EraseOrder:
    """Return what an order says.

    Raises:
        UnreadableFileError: it is not from the hub this node came into, or for somebody else.
    """
    claims = said_by(order, account.hub_jwk, ERASE)
    if claims.get("device") != account.device_id:
        raise UnreadableFileError(_FOREIGN)
    try:
        return msgspec.convert(claims, EraseOrder)
    except msgspec.ValidationError as error:
        raise UnreadableFileError(_FOREIGN) from error
