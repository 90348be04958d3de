"""Codes that FHIR does not leave open, in elements we do not model: a word nobody knows is refused before it is stored.

What we model is checked where it is decoded (`clinic_app.records`). The rest of a record is kept byte for byte, and so
this is the last place where somebody still can be asked what was meant by ``"gender": "xx"``.

Source: FHIR R4, terminology bindings of strength "required" of each resource and data type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text

_GENDER: Final = frozenset({"male", "female", "other", "unknown"})
_NAME_USE: Final = frozenset({"usual", "official", "temp", "nickname", "anonymous", "old", "maiden"})
_ADDRESS_USE: Final = frozenset({"home", "work", "temp", "old", "billing"})
_ADDRESS_TYPE: Final = frozenset({"postal", "physical", "both"})
_CONTACT_SYSTEM: Final = frozenset({"phone", "fax", "email", "pager", "url", "sms", "other"})
_CONTACT_USE: Final = frozenset({"home", "work", "temp", "old", "mobile"})
_COMPARATOR: Final = frozenset({"<", "<=", ">=", ">"})
_URGENCY: Final = frozenset({"routine", "urgent", "asap", "stat"})
_COMPOSITION_STATUS: Final = frozenset({"preliminary", "final", "amended", "entered-in-error"})
_LINK: Final = frozenset({"replaced-by", "replaces", "refer", "seealso"})
_ALLERGY_STATE: Final = frozenset({"active", "inactive", "resolved"})
_ALLERGY_SURE: Final = frozenset({"unconfirmed", "confirmed", "refuted", "entered-in-error"})
_CRITICALITY: Final = frozenset({"low", "high", "unable-to-assess"})
_NARRATIVE: Final = frozenset({"generated", "extensions", "additional", "empty"})
_ACTIVITY_KIND: Final = frozenset(
    {
        "Appointment", "CommunicationRequest", "DeviceRequest", "MedicationRequest", "NutritionOrder", "Task",
        "ServiceRequest", "VisionPrescription",
    }
)  # fmt: skip
_UDI: Final = frozenset({"barcode", "rfid", "manual", "card", "self-reported", "unknown"})
_NETWORK: Final = frozenset({"1", "2", "3", "4", "5"})
_PROVENANCE_ROLE: Final = frozenset({"derivation", "revision", "quotation", "source", "removal"})
_PERSON: Final[Mapping[str, frozenset[str]]] = {
    "gender": _GENDER,
    "name.use": _NAME_USE,
    "address.use": _ADDRESS_USE,
    "address.type": _ADDRESS_TYPE,
    "telecom.system": _CONTACT_SYSTEM,
    "telecom.use": _CONTACT_USE,
}
_OF_ALL: Final[Mapping[str, frozenset[str]]] = {"text.status": _NARRATIVE}
_OF_TYPES: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    "Patient": {
        **_PERSON,
        **{f"contact.{name}": words for name, words in _PERSON.items()},
        "link.type": _LINK,
    },
    "Practitioner": _PERSON,
    "Organization": {
        "telecom.system": _CONTACT_SYSTEM,
        "telecom.use": _CONTACT_USE,
        "address.use": _ADDRESS_USE,
        "address.type": _ADDRESS_TYPE,
        "contact.telecom.system": _CONTACT_SYSTEM,
        "contact.telecom.use": _CONTACT_USE,
    },
    "Device": {"udiCarrier.entryType": _UDI},
    "Observation": {
        "valueQuantity.comparator": _COMPARATOR,
        "component.valueQuantity.comparator": _COMPARATOR,
    },
    "AllergyIntolerance": {
        "clinicalStatus.coding.code": _ALLERGY_STATE,
        "verificationStatus.coding.code": _ALLERGY_SURE,
        "type": frozenset({"allergy", "intolerance"}),
        "category": frozenset({"food", "medication", "environment", "biologic"}),
        "criticality": _CRITICALITY,
        "reaction.severity": frozenset({"mild", "moderate", "severe"}),
    },
    "Encounter": {"location.status": frozenset({"planned", "active", "reserved", "completed"})},
    "Appointment": {"participant.required": frozenset({"required", "optional", "information-only"})},
    "CarePlan": {"activity.detail.kind": _ACTIVITY_KIND},
    "Communication": {"priority": _URGENCY},
    "DocumentReference": {
        "docStatus": _COMPOSITION_STATUS,
        "relatesTo.code": frozenset({"replaces", "transforms", "signs", "appends"}),
    },
    "AuditEvent": {"agent.network.type": _NETWORK},
    "Provenance": {"entity.role": _PROVENANCE_ROLE},
}
"""Elements by their path, lists looked through, and the words each may have."""


def check_codes(type_name: str, body: bytes) -> None:
    """Look at the codes of a record that is otherwise whole; one that cannot be read is somebody else's to refuse.

    Raises:
        InvalidInputError: a word that FHIR does not know there.
    """
    try:
        record = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    if not isinstance(record, dict):
        return
    for table in (_OF_ALL, _OF_TYPES.get(type_name, {})):
        for path, words in table.items():
            first, _, rest = path.partition(".")
            if first in record:
                _check(path, _values(record[first], rest), words)


def _check(path: str, values: Iterator[Any], words: frozenset[str]) -> None:
    for value in values:
        if not (isinstance(value, str) and value in words):
            raise _unknown_word(str(value), path)


def _values(element: Any, path: str) -> Iterator[Any]:  # noqa: ANN401 - JSON of any shape
    """Yield what stands at the end of a path; ``null`` stands for an extension beside it."""
    if isinstance(element, list):
        for each in element:
            yield from _values(each, path)
    elif not path:
        if element is not None:
            yield element
    elif isinstance(element, dict):
        first, _, rest = path.partition(".")
        if first in element:
            yield from _values(element[first], rest)


def _unknown_word(value: str, path: str) -> InvalidInputError:
    detail = f"Invalid enum value '{value[:80]}' - at `$.{path}`"
    return InvalidInputError(Text("This record cannot be read: {detail}", detail=detail))
