"""The certificate of a hub that a person has confirmed: for that hub it is trusted, and nothing else is."""

from __future__ import annotations

import ssl
from typing import Final
from urllib.parse import urlsplit

import msgspec

from clinic_app.keys.certificates import trusting
from clinic_app.storage import Store

_NAME: Final = "hub-certificate"


class _Confirmed(msgspec.Struct, frozen=True):
    """Where the hub is, and its certificate (PEM)."""

    place: str
    certificate: str


def keep_certificate(store: Store, url: str, certificate: str) -> None:
    """Trust one certificate (PEM) for the hub at an address, and for that hub nothing else."""
    store.memory.put(_NAME, msgspec.json.encode(_Confirmed(_place(url), certificate)))


def tls_of(store: Store, url: str) -> ssl.SSLContext | bool:
    """Return how the hub at an address proves itself: by the confirmed certificate, else (True) by this computer's."""
    kept = store.memory.get(_NAME)
    confirmed = msgspec.json.decode(kept, type=_Confirmed) if kept else None
    if confirmed is None or confirmed.place != _place(url):
        return True
    return trusting(confirmed.certificate)


def _place(url: str) -> str:
    """Return what names a hub in its address; it was looked at before (`clinic_app.sync.link.is_private`)."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 443}"
