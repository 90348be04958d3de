"""Packages that come: found among what the hub sent, fetched, opened, and their records taken in, once each."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from clinic_app.access import Trail, node_keys, own_organization, signing_jwk_of
from clinic_app.foundation.durable_files import disk_errors
from clinic_app.foundation.errors import ClinicError, NotFoundError, StorageError, UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.records import (
    AllergyIntolerance,
    Device,
    DocumentReference,
    Organization,
    Patient,
    Reference,
    Resource,
    ServiceRequest,
    Task,
)
from clinic_app.referral.archive import CAPS, damaged
from clinic_app.referral.bundle import with_source
from clinic_app.referral.cases import package_id
from clinic_app.referral.package import OpenedPackage, open_package, too_large
from clinic_app.referral.sending import PACKAGE_KIND, lane_of
from clinic_app.referral.states import may_move
from clinic_app.storage import Lane, Store
from clinic_app.terminology.systems import DOCUMENT_KIND

_REFUSED: Final = "package-refused/"
_OPENED: Final = "package/"


class UnknownSenderError(NotFoundError):
    """The sender's public key has not arrived here yet."""


def receive_package(store: Store, source: Path | bytes, trail: Trail | None = None) -> Task:
    """Open a package and take its records and contents in; a package that was taken in before changes nothing.

    Args:
        store: where they go.
        source: the sealed file, or its bytes.
        trail: notes what came and about whom, before it is taken in.

    Returns:
        The Task of the referral, as it is here now.

    Raises:
        UnknownSenderError: the sender's workstation is not known here.
        UnreadableFileError: damaged, changed, hostile or foreign; nothing was written.
        NotAllowedError: not addressed to this workstation.
        KeyLockedError: sealed to others.
    """
    opened = open_package(_read(source), node_keys(store), lambda *names: _sender_key(store, *names))
    task = _checked_task(store, opened)
    if store.cursor(_OPENED + opened.manifest.package_id) is None:
        for content in opened.contents.values():
            store.blobs.put(content)
        bodies = _bodies_to_take(store, opened)
        if trail is not None:
            store.records.commit((), audit=(trail.arrival(*opened.records),))
        mark = (_OPENED + opened.manifest.package_id, opened.manifest.created.isoformat())
        store.records.receive(bodies, cursor=mark, is_from_hub=False)
    return store.records.get(Task, task.id)


def queue_wanted(store: Store) -> None:
    """Put every package that is meant for this hospital and is not here yet on its way down."""
    for document in _foreign_packages(store):
        attachment = document.content[0].attachment
        is_here = not attachment.sha256 or store.blobs.has(attachment.sha256)
        if not is_here and store.transfers.get(attachment.sha256, "down") is None:
            store.transfers.queue(attachment.sha256, "down", _lane(store, document), attachment.size or 0)


def open_arrived(store: Store, trail: Trail | None = None) -> None:
    """Open every package that has come; a bad one is remembered with its reason and does not hold up the others.

    Raises:
        StorageError: there is no room for the contents of one; the others are taken in, this one is tried again.
    """
    no_room: StorageError | None = None
    for document in _foreign_packages(store):
        sha256 = document.content[0].attachment.sha256
        if not sha256 or store.memory.get(_REFUSED + sha256) is not None or not store.blobs.has(sha256):
            continue
        try:
            receive_package(store, store.blobs.read(sha256), trail)
        except UnknownSenderError:
            continue
        except StorageError as error:
            no_room = error
        except ClinicError as error:
            store.memory.put(_REFUSED + sha256, error.text.msgid.encode())
    if no_room is not None:
        raise no_room


def refusal_of(store: Store, document: DocumentReference) -> Text | None:
    """Return why a package was not taken in, or None where it was, or has not come."""
    kept = store.memory.get(_REFUSED + document.content[0].attachment.sha256)
    return Text(kept.decode()) if kept else None


def _foreign_packages(store: Store) -> list[DocumentReference]:
    """Return the packages of other hospitals that were not taken in yet."""
    own = own_organization(store).id
    found = store.records.find(DocumentReference, code=f"{DOCUMENT_KIND}|{PACKAGE_KIND}")
    return [
        document
        for document in found
        if document.content
        and all(author.id != own for author in document.author)
        and store.cursor(_OPENED + package_id(document)) is None
    ]


def _checked_task(store: Store, opened: OpenedPackage) -> Task:
    """Return the package's Task, which is between its sender and this hospital."""
    tasks = [record for record in opened.records if isinstance(record, Task)]
    requests = [record for record in opened.records if isinstance(record, ServiceRequest)]
    manifest = opened.manifest
    if [task.id for task in tasks] != [manifest.task] or [each.id for each in requests] != [manifest.service_request]:
        raise damaged()
    task, own = tasks[0], own_organization(store).id
    requester, performer = (reference.id if reference else "" for reference in (task.requester, task.owner))
    if requester != manifest.sender_organization or own not in (requester, performer):
        raise damaged()
    if not may_move(None, task.status, "requester") or not _is_about_one(opened.records, task):
        raise damaged()
    return task


def _is_about_one(records: Sequence[Resource], task: Task) -> bool:
    """Tell whether everything in a package is about the patient of its Task, and its places are the sender's own."""
    patient = task.for_.id if task.for_ else ""
    return all(_patient_id(record, patient) == patient for record in records) and not any(
        isinstance(record, Organization) and (task.requester is None or record.id != task.requester.id)
        for record in records
    )


def _patient_id(record: Resource, otherwise: str) -> str:
    """Return whom a record is about; ``otherwise`` for one that is about nobody."""
    if isinstance(record, Patient):
        return record.id
    about = record.patient if isinstance(record, AllergyIntolerance) else getattr(record, "subject", None)
    return about.id if isinstance(about, Reference) else otherwise


def _bodies_to_take(store: Store, opened: OpenedPackage) -> list[bytes]:
    """Return the bodies to store: never over a record of ours or of a third hospital.

    Request and Task also come from the hub and must be the same bytes there and here; what comes only in packages is
    marked with the sender, who alone may send a newer version of it.
    """
    source = f"Organization/{opened.manifest.sender_organization}"
    bodies = []
    for record, body in zip(opened.records, opened.bodies, strict=True):
        if isinstance(record, (Task, ServiceRequest)):
            if _stored(store, record) is None:
                bodies.append(body)
        else:
            before = _stored(store, record)
            if before is None or (before.meta is not None and before.meta.source == source):
                bodies.append(with_source(body, source))
    return bodies


def _stored(store: Store, record: Resource) -> Resource | None:
    try:
        return store.records.get(type(record), record.id)
    except NotFoundError:
        return None


def _sender_key(store: Store, device_id: str, organization_id: str) -> Mapping[str, Any]:
    try:
        device = store.records.get(Device, device_id)
    except NotFoundError as error:
        raise _unknown_sender() from error
    if device.owner is None or device.owner.id != organization_id or device.status not in ("active", None):
        raise _unknown_sender()
    return signing_jwk_of(device)


def _lane(store: Store, document: DocumentReference) -> Lane:
    subject = document.subject.id if document.subject else ""
    requests = store.records.find(ServiceRequest, subject=subject)
    wanted = f"DocumentReference/{document.id}"
    for request in requests:
        if any(reference.reference == wanted for reference in request.supporting_info):
            return lane_of(request.priority)
    return lane_of(None)


def _read(source: Path | bytes) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        with disk_errors(source), source.open("rb") as file:
            if os.fstat(file.fileno()).st_size > CAPS.sealed_bytes:
                raise too_large()
            return file.read()
    except FileNotFoundError as error:
        raise UnreadableFileError(Text("This file is not there any more.")) from error


def _unknown_sender() -> UnknownSenderError:
    return UnknownSenderError(
        Text("The workstation that sealed this package is not known here yet; exchange with the hub, then try again.")
    )
