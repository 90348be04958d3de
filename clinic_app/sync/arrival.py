"""The way into a hub that IT has prepared: Setup leaves a one-time code, and the first start comes in by it, unasked.

The code lies in a small file in the data folder until it is used or refused, then it is erased. A workstation that is
not set up yet belongs to whatever hospital the code is for; one that is set up comes in as itself. Where the hub cannot
be reached, a workstation that knows its hospital works alone and tries again at its next start; one that does not has
to wait, for its hospital cannot be guessed.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.durable_files import write_atomically
from clinic_app.foundation.errors import ConflictError, InvalidInputError, LinkError
from clinic_app.foundation.notices import JOINED, NOT_JOINED, tell
from clinic_app.foundation.texts import Text
from clinic_app.keys.enrolment_code import printed, read_code
from clinic_app.storage import Store
from clinic_app.sync.discovery import NearbyHub, confirmed_certificate
from clinic_app.sync.hub_account import HubAccount, keep_account, kept_account
from clinic_app.sync.hub_certificate import keep_certificate
from clinic_app.sync.hub_door import HubDoor

FILE_NAME: Final = "enrolment-code.txt"
_LARGEST: Final = 1000
_HEX: Final = frozenset("0123456789abcdef")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Arrival:
    """What IT has left.

    Args:
        code: one-time, good for one device.
        certificate: SHA-256 of the hub's own certificate, 64 signs of lower-case hex; empty where the computer's
            authorities know it.
    """

    code: str
    certificate: str = ""


@dataclass(frozen=True)
class Place:
    """A place that the hub has given to this workstation; it counts once it is kept.

    Args:
        account: of the workstation.
        organization_id: the hospital's.
        organization: its name; may be empty.
    """

    account: HubAccount
    organization_id: str
    organization: str


def arrival_of(code: str, certificate: str = "") -> Arrival:
    """Return what was typed, looked at.

    Raises:
        InvalidInputError: no code, or no fingerprint of a certificate.
    """
    hexed = certificate.lower().replace(":", "").replace(" ", "")
    if hexed and (len(hexed) != 64 or not set(hexed) <= _HEX):
        raise InvalidInputError(Text("The fingerprint of a certificate has 64 letters and digits (SHA-256)."))
    return Arrival(printed(read_code(code)), hexed)


def keep_arrival(folder: Path, arrival: Arrival) -> None:
    """Leave a code for the next start.

    Raises:
        StorageError: the disk refused it.
    """
    write_atomically(folder / FILE_NAME, (f"{arrival.code}\n{arrival.certificate}\n".encode(),))


def kept_arrival(folder: Path) -> Arrival | None:
    """Return what was left; None for nothing, or for what is no code."""
    try:
        with (folder / FILE_NAME).open("rb") as file:
            lines = [*file.read(_LARGEST).decode("utf-8", "replace").splitlines(), "", ""]
        return arrival_of(lines[0], lines[1])
    except FileNotFoundError:
        return None
    except (OSError, InvalidInputError) as error:
        _log.warning("what was left to come into the hub cannot be used: %s", error)
        return None


def forget_arrival(folder: Path) -> None:
    """Erase what was left."""
    try:
        (folder / FILE_NAME).unlink(missing_ok=True)
    except OSError as error:  # the code is used: it opens nothing any more
        _log.warning("the used code could not be erased: %s", error)


def come_in(
    store: Store,
    url: str,
    clock: Clock,
    organization_id: str = "",
    transport: httpx.BaseTransport | None = None,
) -> Place | None:
    """Come into the hub by the code that was left; return the place there, or None where there is none.

    Args:
        store: the workstation's.
        url: the hub's address.
        clock: the time.
        organization_id: the hospital the workstation belongs to; empty before it belongs to any.
        transport: for tests, in place of the network.

    Raises:
        LinkError: the hub cannot be reached, and without it nobody knows which hospital this is.
    """
    folder = store.folder
    arrival = kept_arrival(folder)
    if arrival is None or kept_account(store) is not None:
        forget_arrival(folder)
        return None
    door = HubDoor(store, clock, transport)
    try:
        if arrival.certificate:
            keep_certificate(store, url, confirmed_certificate(NearbyHub("", url, arrival.certificate)))
        account, organization = door.enter_as(door.look(url), arrival.code, organization_id)
    except LinkError:
        tell(NOT_JOINED, "the hub cannot be reached")
        if not organization_id:
            raise
        return None
    except (InvalidInputError, ConflictError) as error:
        _log.warning("the code was refused: %s", error)
        tell(NOT_JOINED, "the code was refused")
        forget_arrival(folder)
        return None
    return Place(account, organization.id, organization.name)


def settle(store: Store, place: Place, clock: Clock) -> None:
    """Keep a place; from now on the workstation is one of the hub's, and its code is erased."""
    keep_account(store, place.account)
    HubDoor(store, clock).entered()
    forget_arrival(store.folder)
    tell(JOINED)
