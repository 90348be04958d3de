"""Setting up a workstation: its organisation, itself as a device with public keys, its first people."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import msgspec

from clinic_app.access.own import HUB_TOKEN, NODE_KEYS, OWN_DEVICE, OWN_ORGANIZATION, is_enrolled
from clinic_app.access.passwords import Passwords
from clinic_app.access.people import new_person
from clinic_app.access.permissions import Role
from clinic_app.foundation.errors import ConflictError, InvalidInputError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.keys import NodeKeys
from clinic_app.records import (
    EVERYBODY,
    Device,
    DeviceName,
    Extension,
    Organization,
    Practitioner,
    Resource,
    reference_to,
    with_audience,
)
from clinic_app.storage import Account, Store
from clinic_app.terminology.systems import AGE_RECIPIENT, SIGNING_JWK

_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")
"""FHIR R4, datatype id."""


@dataclass(frozen=True)
class NewUser:
    """Somebody who may sign in from the first day."""

    login: str
    password: str
    name: str
    role: Role


@dataclass(frozen=True)
class EnrolmentForm:
    """What a workstation is told when it is set up.

    Args:
        facility_name: name of the hospital as its papers bear it.
        device_name: what this computer is called in the hospital.
        organization_id: the hospital's id at the hub; empty for a new one.
        hub_token: what this workstation shows the hub; empty for one that stands alone.
        users: the first people; at least one should be an administrator.
    """

    facility_name: str
    device_name: str = "Dala"
    organization_id: str = ""
    hub_token: str = ""
    users: tuple[NewUser, ...] = ()


def enrol(store: Store, keys: NodeKeys, form: EnrolmentForm, passwords: Passwords | None = None) -> Device:
    """Set up an empty data folder, in one transaction; return the workstation's own record.

    Raises:
        ConflictError: it was set up before.
        InvalidInputError: one of the values, for its field.
    """
    if is_enrolled(store):
        raise ConflictError(Text("This workstation is set up already."))
    if not form.facility_name.strip():
        raise InvalidInputError(Text("Type the name of the hospital as its papers bear it."), "facility")
    if form.organization_id and not _ID.fullmatch(form.organization_id):
        raise InvalidInputError(Text("This is no id of a hospital."), "organization_id")
    token = form.hub_token.strip()
    if not (token.isascii() and (token.isprintable() or not token)):
        raise InvalidInputError(Text("This is no token of the hub."), "hub_token")
    organization = Organization(id=form.organization_id or new_id(), active=True, name=form.facility_name.strip())
    device = _workstation(organization, form.device_name.strip(), keys)
    staff = _staff(form, passwords or Passwords())
    records: list[Resource] = [with_audience(organization, EVERYBODY), with_audience(device, EVERYBODY)]
    values = {
        OWN_ORGANIZATION: organization.id.encode(),
        OWN_DEVICE: device.id.encode(),
        NODE_KEYS: keys.to_bytes(),
        HUB_TOKEN: token.encode(),
    }
    records.extend(practitioner for practitioner, _ in staff)
    accounts = [account for _, account in staff]
    saved = store.records.commit(records, accounts=accounts, values=values)[1]
    assert isinstance(saved, Device)
    return saved


def signing_jwk_of(device: Device) -> dict[str, str]:
    """Return the public key a workstation's signatures are checked with.

    Raises:
        InvalidInputError: the record carries none that can be read.
    """
    try:
        return msgspec.json.decode(_extension(device, SIGNING_JWK), type=dict[str, str])
    except msgspec.DecodeError as error:
        raise InvalidInputError(Text("This is no signing key.")) from error


def age_recipient_of(device: Device) -> str:
    """Return what is sealed to for a workstation, or an empty string where its record does not say."""
    return _extension(device, AGE_RECIPIENT)


def _staff(form: EnrolmentForm, passwords: Passwords) -> list[tuple[Practitioner, Account]]:
    return [new_person(user.login, user.password, user.name, user.role, passwords) for user in form.users]


def _workstation(organization: Organization, name: str, keys: NodeKeys) -> Device:
    jwk = msgspec.json.encode(keys.public_jwk).decode()
    return Device(
        id=new_id(),
        status="active",
        device_name=(DeviceName(name=name or "Dala", type="user-friendly-name"),),
        owner=reference_to(organization, organization.name),
        extension=(
            Extension(url=AGE_RECIPIENT, value_string=keys.age_recipient),
            Extension(url=SIGNING_JWK, value_string=jwk),
        ),
    )


def _extension(device: Device, url: str) -> str:
    return next((each.value_string or "" for each in device.extension if each.url == url), "")
