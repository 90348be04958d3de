"""This workstation itself: which organisation it belongs to, which device it is, its keys."""

from __future__ import annotations

from typing import Final

from clinic_app.foundation.errors import NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.keys import NodeKeys
from clinic_app.records import Device, Organization
from clinic_app.storage import Store

OWN_ORGANIZATION: Final = "own-organization"
OWN_DEVICE: Final = "own-device"
NODE_KEYS: Final = "node-keys"
HUB_TOKEN: Final = "hub-token"  # noqa: S105 - the value's name, not the value


def is_enrolled(store: Store) -> bool:
    """Return whether the data folder was set up."""
    return store.memory.get(OWN_DEVICE) is not None


def own_organization(store: Store) -> Organization:
    """Return the organisation this workstation belongs to.

    Raises:
        NotFoundError: the workstation is not set up.
    """
    return store.records.get(Organization, _kept(store, OWN_ORGANIZATION).decode())


def own_device(store: Store) -> Device:
    """Return this workstation's own record, with its public keys.

    Raises:
        NotFoundError: the workstation is not set up.
    """
    return store.records.get(Device, _kept(store, OWN_DEVICE).decode())


def node_keys(store: Store) -> NodeKeys:
    """Return this workstation's secret keys.

    Raises:
        NotFoundError: the workstation is not set up.
    """
    return NodeKeys.from_bytes(_kept(store, NODE_KEYS))


def hub_token(store: Store) -> str:
    """Return what this workstation shows the hub; empty for one that stands alone."""
    return (store.memory.get(HUB_TOKEN) or b"").decode()


def _kept(store: Store, name: str) -> bytes:
    value = store.memory.get(name)
    if value is None:
        raise NotFoundError(Text("This workstation is not set up yet."))
    return value
