"""A record as a foreign server gets it, and as it comes back: other names, the same content; pure.

The server names records itself. So each record carries our name as an identifier (as a tag, where its type has none),
by which it is created once and found again; references are written in the server's names. What they point to and the
server does not have is named by that identifier, not by an address that would lead nowhere. On the way back all of it
is undone. Every other value keeps its bytes.

Source: FHIR R4, References (logical references), Transaction (urn:uuid, conditional create).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Collection, Iterator
from typing import Final

import msgspec

RECORD_SYSTEM: Final = "urn:dala:record"
"""Whose values are ``Patient/0190...``: a record's address on the workstation that made it."""
_IDENTIFIED: Final = frozenset(
    {
        "AllergyIntolerance", "Appointment", "CarePlan", "Communication", "Device", "DiagnosticReport",
        "DocumentReference", "Encounter", "ImagingStudy", "Observation", "Organization", "Patient", "Practitioner",
        "ServiceRequest", "Task",
    }
)  # fmt: skip
"""Types of which ``identifier`` is a list."""
_ADDRESS: Final = re.compile(r"([A-Z][A-Za-z]{2,40})/([A-Za-z0-9.-]{1,64})(?:/_history/[A-Za-z0-9.-]{1,64})?", re.ASCII)
_OF_THE_SERVER: Final = ("versionId", "lastUpdated")

Part = dict[str, msgspec.Raw]
Resolve = Callable[[str, str], str | None]
"""Takes type and id, returns the whole reference or None for none that leads anywhere."""


def search_for(type_name: str, record_id: str, hides_identifiers: Collection[str] = ()) -> tuple[str, str]:
    """Return the search parameter, and its value, that finds a record of ours on the server.

    Args:
        type_name: FHIR type.
        record_id: our id.
        hides_identifiers: types the server does not find by an identifier.
    """
    name = "identifier" if type_name in _IDENTIFIED and type_name not in hides_identifiers else "_tag"
    return name, f"{RECORD_SYSTEM}|{type_name}/{record_id}"


def full_url(type_name: str, record_id: str) -> str:
    """Return what a record is called within one transaction."""
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{RECORD_SYSTEM}:{type_name}/{record_id}')}"


def outgoing(body: bytes, foreign_id: str | None, resolve: Resolve, hides_identifiers: Collection[str] = ()) -> bytes:
    """Return a record as the server gets it.

    Args:
        body: JSON of it.
        foreign_id: its id there; None for a new one.
        resolve: the server's references for ours.
        hides_identifiers: types the server does not find by an identifier; they are named by a tag, too.
    """
    members = _members(_rewritten(body, lambda part: _out(part, resolve)))
    type_name, record_id = _string(members.get("resourceType")), _string(members.pop("id", None))
    meta = _members(members.pop("meta", msgspec.Raw(b"{}")))
    name = {"system": RECORD_SYSTEM}
    if type_name in _IDENTIFIED:
        members["identifier"] = _with(members.get("identifier"), {**name, "value": f"{type_name}/{record_id}"})
    if type_name not in _IDENTIFIED or type_name in hides_identifiers:
        meta["tag"] = _with(meta.get("tag"), {**name, "code": f"{type_name}/{record_id}"})
    meta = {key: value for key, value in meta.items() if key not in _OF_THE_SERVER}
    head: Part = {"resourceType": members.pop("resourceType")}
    if foreign_id is not None:
        head["id"] = _raw(foreign_id)
    return msgspec.json.encode({**head, **({"meta": meta} if meta else {}), **members})


def incoming(body: bytes | msgspec.Raw, record_id: str, base_url: str, resolve: Resolve) -> bytes:
    """Return a record of the server as we keep it.

    Args:
        body: JSON of it.
        record_id: its id here.
        base_url: of the server, which some write into every reference.
        resolve: our references for the server's.
    """
    members = _members(_rewritten(bytes(body), lambda part: _in(part, base_url, resolve)))
    members["id"] = _raw(record_id)
    _strip(members, "identifier")
    if "meta" in members:
        meta = _members(members["meta"])
        _strip(meta, "tag")
        if _string(meta.get("source")).startswith("#"):  # a server's note on which request it came with
            del meta["source"]
        members["meta"] = msgspec.Raw(msgspec.json.encode(meta))
    return msgspec.json.encode(members)


def own_id(body: bytes | msgspec.Raw) -> str | None:
    """Return our id of a record that some workstation of ours made, or None for anybody else's."""
    members = _members(body)
    type_name = _string(members.get("resourceType"))
    meta = _members(members["meta"]) if "meta" in members else {}
    for items in (members.get("identifier"), meta.get("tag")):
        for item in _items(items):
            named = _named(item)
            match = _ADDRESS.fullmatch(named or "")
            if match is not None and match[1] == type_name:
                return match[2]
    return None


def references(body: bytes | msgspec.Raw, base_url: str) -> Iterator[tuple[str, str]]:
    """Yield type and id of everything a record points to."""
    for reference in re.findall(rb'"reference"\s*:\s*"([^"\\]{1,400})"', bytes(body)):
        match = _ADDRESS.fullmatch(_relative(reference.decode(errors="replace"), base_url))
        if match is not None:
            yield match[1], match[2]


def _out(part: Part, resolve: Resolve) -> Part:
    """Return a Reference in the server's names."""
    match = _ADDRESS.fullmatch(_string(part.get("reference")))
    if match is None:
        return part
    found = resolve(match[1], match[2])
    if found is not None:
        return {**part, "reference": _raw(found)}
    if "identifier" in part:
        return part
    rest = {name: value for name, value in part.items() if name != "reference"}
    named = {"system": RECORD_SYSTEM, "value": f"{match[1]}/{match[2]}"}
    return {**rest, "identifier": msgspec.Raw(msgspec.json.encode(named))}


def _in(part: Part, base_url: str, resolve: Resolve) -> Part:
    """Return a Reference in our names."""
    if "reference" not in part:
        named = _named(part["identifier"])
        if named is None:
            return part
        rest = {name: value for name, value in part.items() if name != "identifier"}
        return {"reference": _raw(named), **rest}
    match = _ADDRESS.fullmatch(_relative(_string(part["reference"]), base_url))
    found = resolve(match[1], match[2]) if match is not None else None
    return part if found is None else {**part, "reference": _raw(found)}


def _relative(reference: str, base_url: str) -> str:
    return reference.removeprefix(f"{base_url.rstrip('/')}/")


def _rewritten(raw: bytes, change: Callable[[Part], Part]) -> bytes:
    """Return JSON with every Reference changed; what holds none keeps its bytes."""
    if b'"reference"' not in raw and RECORD_SYSTEM.encode() not in raw:
        return raw
    first = raw.lstrip()[:1]
    if first == b"[":
        items = msgspec.json.decode(raw, type=list[msgspec.Raw])
        return msgspec.json.encode([msgspec.Raw(_rewritten(bytes(each), change)) for each in items])
    if first != b"{":
        return raw
    members = {name: msgspec.Raw(_rewritten(bytes(value), change)) for name, value in _members(raw).items()}
    if _is_string(members.get("reference")) or ("reference" not in members and _named(members.get("identifier"))):
        members = change(members)
    return msgspec.json.encode(members)


def _named(raw: msgspec.Raw | None) -> str | None:
    """Return the address in an Identifier or a Coding of ours."""
    if raw is None or not bytes(raw).lstrip().startswith(b"{"):
        return None
    part = _members(raw)
    if _string(part.get("system")) != RECORD_SYSTEM:
        return None
    named = _string(part.get("value")) or _string(part.get("code"))
    return named if _ADDRESS.fullmatch(named) else None


def _strip(members: Part, name: str) -> None:
    """Take our name out of a list of identifiers or tags."""
    items = _items(members.get(name))
    kept = [each for each in items if _named(each) is None]
    if len(kept) < len(items):
        members[name] = msgspec.Raw(msgspec.json.encode(kept))
        if not kept:
            del members[name]


def _with(raw: msgspec.Raw | None, item: dict[str, str]) -> msgspec.Raw:
    kept = [each for each in _items(raw) if _named(each) is None]
    return msgspec.Raw(msgspec.json.encode([*kept, item]))


def _items(raw: msgspec.Raw | None) -> list[msgspec.Raw]:
    if raw is None or not bytes(raw).lstrip().startswith(b"["):
        return []
    return msgspec.json.decode(raw, type=list[msgspec.Raw])


def _members(raw: bytes | msgspec.Raw) -> Part:
    return msgspec.json.decode(raw, type=dict[str, msgspec.Raw]) if bytes(raw).lstrip().startswith(b"{") else {}


def _is_string(raw: msgspec.Raw | None) -> bool:
    return raw is not None and bytes(raw).lstrip().startswith(b'"')


def _string(raw: msgspec.Raw | None) -> str:
    return msgspec.json.decode(raw, type=str) if raw is not None and _is_string(raw) else ""


def _raw(value: str) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
