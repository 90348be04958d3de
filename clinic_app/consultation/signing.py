"""A signature over records, which stays valid however a node stores them.

What is signed is a digest of each record's content without ``meta`` (versions and audiences belong to the nodes), in
one canonical form: members sorted, numbers as written. The workstation's key signs; its public half is in its Device.

Source: RFC 7515 (JWS); FHIR R4, Provenance.signature.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from clinic_app.access import signing_jwk_of
from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.ids import new_id
from clinic_app.keys import NodeKeys, verify_jws
from clinic_app.records import (
    Coding,
    Device,
    Provenance,
    ProvenanceAgent,
    Reference,
    Resource,
    Signature,
    Task,
    encode,
    reference_to,
)
from clinic_app.storage import Store
from clinic_app.terminology.systems import SIGNATURE_TYPE

JOSE: Final = "application/jose"
_AUTHOR: Final = Coding(system=SIGNATURE_TYPE, code="1.2.840.10065.1.12.1.1", display="Author's Signature")
_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number", order="sorted")


class SignedContent(msgspec.Struct, frozen=True):
    """What a signature says: these contents, by this person, at this time and workstation."""

    contents: Mapping[str, str]
    by: str
    device: str
    at: datetime


def content_digest(body: bytes) -> str:
    """Return the SHA-256 (hex) of a record's content, whatever node its bytes come from."""
    content = _decoder.decode(body)
    content.pop("meta", None)
    return hashlib.sha256(_encoder.encode(content)).hexdigest()


def sign_records(
    records: Sequence[Resource],
    keys: NodeKeys,
    device: Device,
    person: Reference,
    organization: Reference,
    at: datetime,
) -> Provenance:
    """Return the Provenance that signs ``records`` in the name of ``person``."""
    contents = {_name(record): content_digest(encode(record)) for record in records}
    payload = SignedContent(contents, person.reference or "", device.id, at)
    signed = keys.sign_jws(_encoder.encode(payload))
    return Provenance(
        id=new_id(),
        target=tuple(reference_to(record) for record in records),
        recorded=at,
        agent=(
            ProvenanceAgent(who=person, on_behalf_of=organization),
            ProvenanceAgent(who=reference_to(device), on_behalf_of=organization),
        ),
        signature=(
            Signature(
                type=(_AUTHOR,),
                when=at,
                who=reference_to(device),
                sig_format=JOSE,
                data=base64.b64encode(signed.encode("ascii")).decode("ascii"),
            ),
        ),
    )


def is_signed(store: Store, provenance: Provenance, records: Sequence[Resource], task: Task) -> bool:
    """Tell whether ``provenance`` holds: a signature over exactly these records, by a workstation of the performer."""
    try:
        device = store.records.get(Device, provenance.signature[0].who.id if provenance.signature else "")
        if device.owner is None or task.owner is None or device.owner.id != task.owner.id:
            return False
        if device.status == "entered-in-error":  # one that was retired still stands for what it signed in its time
            return False
        signed = base64.b64decode(provenance.signature[0].data or "", validate=True).decode("ascii")
        payload = msgspec.json.decode(verify_jws(signed, signing_jwk_of(device)), type=SignedContent)
    except (ClinicError, ValueError, RecursionError):  # of base64, ASCII or JSON
        return False
    stored = {_name(each): content_digest(store.records.body(type(each), each.id)) for each in records}
    person = provenance.agent[0].who.reference if provenance.agent else ""
    return payload.contents == stored and (payload.by, payload.device) == (person, device.id)


def _name(record: Resource) -> str:
    return f"{record.type_name}/{record.id}"
