"""The inbox of images: what devices sent waits here, encrypted, until a person says whose it is.

Images never file themselves, whatever stands on them. They are kept before their device is answered; the same image
sent again is the same image, also after it was filed. Waiting images are no records: they go to no hub and into
nobody's chart. Filing them is one transaction, which also closes their order, and it can be taken back.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import msgspec

from clinic_app.access import Session, Trail, own_organization
from clinic_app.foundation.apart import HERE, Apart
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ClinicError, ConflictError, InvalidInputError, NotFoundError, StorageError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.imaging.filed_images import SEEN, Seen, as_ours, digest_of, files_in, ours_of, records_of, seen_of
from clinic_app.imaging.image_matching import ImageMatch, agreement, matches_of
from clinic_app.imaging.importing import merged
from clinic_app.imaging.order_record import OrderState, state_of, with_state
from clinic_app.imaging.orders import ImageOrder, ImageOrders
from clinic_app.imaging.shared_study import is_another_persons, studies_of, study_named
from clinic_app.imaging.shelf import Opened, Shelf
from clinic_app.imaging.waiting_image import HandledStudy, Pieces, StudyInInbox, WaitingImage, as_found
from clinic_app.records import ImagingStudy, Patient, Reference, Resource, ServiceRequest
from clinic_app.storage import Store

MOST_WAITING: Final = 20_000
KEPT: Final = timedelta(days=7)
"""So long what was filed or put aside can be taken back."""
REMEMBERED: Final = timedelta(days=400)
"""So long an image that is sent again is known."""
_WAITING: Final = "images/waiting/"
_HANDLED: Final = "images/handled/"
_NOBODY: Final = Patient(id="inbox")


@dataclass(frozen=True)
class WaitingStudy:
    """A study in the inbox.

    Args:
        study: its images.
        matches: patients it may be of, as far as the reader may see them.
        is_closed: a number on it is of a patient whose record the reader may not open.
        is_shared: its device has given the same study number to somebody else, too.
    """

    study: StudyInInbox
    matches: tuple[ImageMatch, ...] = ()
    is_closed: bool = False
    is_shared: bool = False


class ImageInbox:
    """Keeps images until they have a patient.

    Args:
        store: the workstation's store.
        trail: makes the audit events.
        clock: says when something was filed.
        orders: the orders images come back for.
        apart: decodes what strangers sent.
    """

    def __init__(self, store: Store, trail: Trail, clock: Clock, orders: ImageOrders, apart: Apart = HERE) -> None:
        self._store = store
        self._trail = trail
        self._clock = clock
        self._orders = orders
        self._apart = apart
        self._lock = threading.RLock()
        self._images: dict[str, WaitingImage] | None = None
        self._sops: dict[str, list[str]] = {}
        self._noted: frozenset[str] = frozenset()
        self._noted_handled: frozenset[str] = frozenset()
        self._forgotten_on: date | None = None
        self.version = 0
        """Another number after every change; a screen reads the list again when it differs."""

    # --- for the listener: nobody is signed in ---

    def put(self, pieces: Pieces) -> str:
        """Keep the bytes of an image; return their address. Durable on return.

        Raises:
            StorageError: they cannot be kept, or too many images wait already.
        """
        with self._lock:
            if len(self._waiting()) >= MOST_WAITING:
                raise StorageError(Text("{count} images wait in the inbox; no more are taken.", count=MOST_WAITING))
        return self._store.blobs.put_pieces(pieces)

    def knows(self, sop_uid: str, digest: str) -> bool:
        """Return whether this very image waits, or came before."""
        with self._lock:
            waits = any(each.sop_uid == sop_uid and each.digest == digest for each in self._of_sop(sop_uid))
            return waits or digest in self._seen(sop_uid)

    def take(self, image: WaitingImage) -> bool:
        """Note an image whose bytes are kept; return whether it is new. Durable on return.

        Raises:
            StorageError: it cannot be noted; the device must not be told that it was.
        """
        with self._lock:
            filed = files_in(records_of(self._store, image.study_uid))
            if self.knows(image.sop_uid, image.digest) or self._is_filed(image, filed.get(image.sop_uid)):
                return False
            is_other = image.sop_uid in filed or bool(self._sops.get(image.sop_uid) or self._seen(image.sop_uid))
            image = msgspec.structs.replace(image, is_other=is_other)
            told = (image.study_uid, image.accession)
            is_first = all((each.study_uid, each.accession) != told for each in self._waiting().values())
            self._store.memory.put(_WAITING + image.key, msgspec.json.encode(image))
            self._waiting()[image.key] = image
            self._sops.setdefault(image.sop_uid, []).append(image.key)
            self.version += 1
        if is_first:
            self._tell_order(image)
        return True

    def keeps(self, sop_uid: str, sop_class: str) -> bool:
        """Return whether an image is kept here for certain: noted, and its bytes on the disk whole.

        What storage commitment asks; it reads the bytes, because a line in a list is no image.
        """
        with self._lock:
            found = [self._waiting()[key] for key in self._sops.get(sop_uid, ())]
            digests = [each.sha256 for each in found if each.sop_class == sop_class] or self._seen_at(sop_uid)
        for sha256 in digests:
            try:
                self._store.blobs.verify(sha256)
            except ClinicError:
                continue
            return True
        return False

    # --- for people ---

    def count(self) -> int:
        """Return how many studies wait."""
        with self._lock:
            images = tuple(self._waiting().values())
        return len(studies_of(images))

    def waiting(self, session: Session) -> tuple[WaitingStudy, ...]:
        """Return what waits, the study that grew last first, with the patients it may be of."""
        self._trail.require(session, "read", "ImagingStudy")
        with self._lock:
            images = tuple(self._waiting().values())
        studies = tuple(self._with_matches(session, study) for study in studies_of(images))
        self._note_list(session, studies)
        return studies

    def opened(self, session: Session, key: str, series_uid: str) -> Opened:
        """Return what a waiting series is, to be looked at before somebody says whose it is.

        Args:
            session: who looks.
            key: of its study in the list.
            series_uid: which series.

        Raises:
            NotFoundError: it waits no longer.
            ConflictError: others share its study's number since the list was read.
            UnreadableFileError: it is damaged.
        """
        self._trail.require(session, "read", "ImagingStudy")
        images = self._of_study(key)
        study = merged(None, _NOBODY, as_found([each for each in images if not each.is_other] or images), "inbox")
        event = self._trail.happening(session, "search", query=f"waiting images {images[0].study_uid}")
        self._store.records.commit((), audit=(event,))
        return Shelf((study,), self._store.blobs.read, self._apart).opened(series_uid)

    def handled(self, session: Session) -> tuple[HandledStudy, ...]:
        """Return what was filed or put aside in the last days, the last first."""
        self._trail.require(session, "read", "ImagingStudy")
        self._forget_old()
        recent = sorted(self._all_handled(), key=lambda each: (each.at, each.id), reverse=True)
        seen = self._trail.permitted(session, "read", "ImagingStudy", recent, lambda each: each.patient_id or None)
        seen_now = frozenset((session.practitioner_id, *(each.id for each in seen)))
        if seen_now != self._noted_handled:
            keys = [key for key in dict.fromkeys(each.patient_id for each in seen) if key]
            patients = [self._store.records.get(Patient, key) for key in keys]
            event = self._trail.happening(session, "search", *patients, query="filed images")
            self._store.records.commit((), audit=(event,))
            self._noted_handled = seen_now
        return seen

    def confirm(self, session: Session, key: str, patient_id: str, *, is_sure: bool = False) -> ImagingStudy:
        """File a study onto the patient a person chose; images that differ under one number stay.

        Args:
            session: who says so.
            key: of the study in the list.
            patient_id: whose it is.
            is_sure: the person was told what on the images is not this patient's, and stands by his choice.

        Raises:
            InvalidInputError: something on the images is another patient's, or all of them differ from filed ones.
            NotFoundError: it waits no longer.
            ConflictError: the study is filed for another patient already, and the same person stands on its images; or
                others share its number since the list was read.
        """
        self._trail.require(session, "create", "ImagingStudy", patient_id)
        patient = self._store.records.get(Patient, patient_id)
        with self._lock:
            every = self._of_study(key)
            study_uid = every[0].study_uid
            records_here = records_of(self._store, study_uid)
            filed = [each for each in records_here if each.subject.id == patient.id]
            theirs = [each for each in records_here if each.subject.id != patient.id]
            files = files_in(filed)  # some may have been filed from a disc meanwhile
            waiting = [each for each in every if not each.is_other]
            images = [
                each for each in waiting if each.sop_uid not in files or self._is_filed(each, files[each.sop_uid])
            ]
            if not images:
                raise InvalidInputError(Text("Other images are filed under the same numbers; these are not filed."))
            self._refuse_anothers(images, theirs, is_sure=is_sure)
            orders = self._orders_of(StudyInInbox(tuple(images)), is_shared=bool(theirs))
            self._refuse(images, patient, orders, is_sure=is_sure)
            own = own_organization(self._store).id
            known = ours_of(self._store, filed, own)
            fresh = [each for each in images if each.sop_uid not in files]
            study = merged(known, patient, as_found(fresh), known.id if known else new_id()) if fresh else filed[0]
            study = study if known or not fresh else as_ours(self._store, study, own)
            order = next((each for each in orders if each.patient.id == patient.id), None)
            records: list[Resource] = [_for_order(study, order)] if fresh else []
            if order is not None:
                records.append(with_state(order.record, "done"))
            done = HandledStudy(
                id=new_id(),
                images=tuple(images),
                how="filed",
                at=self._clock.now(),
                by=session.practitioner_id,
                by_name=session.name,
                patient_id=patient_id,
                patient_name=patient.full_name,
                study_id=study.id,
                order_id=order.id if order else "",
                order_was=order.state if order else "",
                known=tuple(each.sop_uid for each in images if each.sop_uid in files),
            )
            event = self._trail.event(session, "update" if known or not fresh else "create", *(records or [study]))
            saved = self._leave(records, event, done)
        return next((each for each in saved if isinstance(each, ImagingStudy)), study)

    def set_aside(self, session: Session, key: str) -> None:
        """Take a study out of the inbox that is no patient's: a phantom, a trial, a mistake.

        Raises:
            NotFoundError: it waits no longer.
            ConflictError: others share its number since the list was read.
        """
        self._trail.require(session, "update", "ImagingStudy")
        with self._lock:
            images = self._of_study(key)
            done = HandledStudy(
                id=new_id(),
                images=tuple(images),
                how="aside",
                at=self._clock.now(),
                by=session.practitioner_id,
                by_name=session.name,
            )
            said = f"put aside: {len(images)} images, {images[0].sender}, {images[0].study_uid}"
            self._leave((), self._trail.happening(session, "import", description=said[:500]), done)

    def undo(self, session: Session, id: str) -> None:
        """Put a study back into the inbox; what it became in the records is taken out again, and its order is open.

        Raises:
            NotFoundError: it is in the list no longer.
            NotAllowedError: this person may not change that patient's images.
        """
        self._trail.require(session, "update", "ImagingStudy")
        with self._lock:
            body = self._store.memory.get(_HANDLED + id)
            if not body:
                raise NotFoundError(Text("These images cannot be taken back any more."))
            done = msgspec.json.decode(body, type=HandledStudy)
            records = list(self._taken_back(session, done))
            event = (
                self._trail.event(session, "update", *records)
                if records
                else self._trail.happening(session, "import", description="images put back into the inbox")
            )
            self._store.records.commit(
                records,
                audit=(event,),
                values={_WAITING + each.key: msgspec.json.encode(each) for each in done.images},
                forgotten=(_HANDLED + id, *(SEEN + each.sop_uid for each in done.images)),
            )
            self._reload()

    # --- within ---

    def _taken_back(self, session: Session, done: HandledStudy) -> Iterator[Resource]:
        if done.study_id and len(done.known) < len(done.images):
            study = self._trail.require_stored(session, "update", ImagingStudy, done.study_id)
            gone = {each.sop_uid for each in done.images} - set(done.known)
            series = tuple(
                msgspec.structs.replace(each, instance=kept, number_of_instances=len(kept))
                for each in study.series
                if (kept := tuple(one for one in each.instance if one.uid not in gone))
            )
            count = sum(len(each.instance) for each in series)
            yield (
                msgspec.structs.replace(study, series=series, number_of_series=len(series), number_of_instances=count)
                if series
                else msgspec.structs.replace(study, status="entered-in-error")
            )
        if done.order_id:
            order = self._store.records.get(ServiceRequest, done.order_id)
            if state_of(order) == "done":
                was: OrderState = "in-progress" if done.order_was == "in-progress" else "arrived"
                yield with_state(order, was)

    def _leave(self, records: Sequence[Resource], event: Resource, done: HandledStudy) -> tuple[Resource, ...]:
        """Take images out of the inbox in one transaction with what they become."""
        at = done.at.isoformat()
        seen = {
            SEEN + each.sop_uid: msgspec.json.encode(
                Seen(tuple(dict.fromkeys((*self._seen(each.sop_uid), each.digest))), f"{at} {each.sha256}")
            )
            for each in done.images
        }
        saved = self._store.records.commit(
            records,
            audit=(event,),  # type: ignore[arg-type]
            values={_HANDLED + done.id: msgspec.json.encode(done), **seen},
            forgotten=tuple(_WAITING + each.key for each in done.images),
        )
        self._reload()
        return saved

    def _refuse_anothers(
        self, images: Sequence[WaitingImage], theirs: Sequence[ImagingStudy], *, is_sure: bool
    ) -> None:
        """Refuse images that may belong to what is filed for somebody else under the same number."""
        if not theirs:
            return
        told = {each.person for each in images if each.patient_name or each.ids}
        is_elses = bool(told) and not is_another_persons(self._store, theirs, told)
        if is_elses or {each.sop_uid for each in images} & files_in(theirs).keys():
            raise ConflictError(Text("This study is filed for another patient already."))
        if not told and not is_sure:
            raise InvalidInputError(
                Text("The study's number is another patient's, and these images do not say whose they are."), "patient"
            )

    def _orders_of(self, study: StudyInInbox, *, is_shared: bool) -> tuple[ImageOrder, ...]:
        """Return the orders whose numbers stand on images; the UID says nothing where several share it."""
        orders = self._orders.named(study.accessions, study.uid)
        if not is_shared:
            return orders
        return tuple(
            each
            for each in orders
            if each.accession in study.accessions or agreement(each.patient, study.images, self._issuers()) != "other"
        )

    def _refuse(
        self, images: Sequence[WaitingImage], patient: Patient, orders: Sequence[ImageOrder], *, is_sure: bool
    ) -> None:
        if is_sure:
            return
        study = StudyInInbox(tuple(images))
        named = matches_of(self._store, study, orders, self._issuers())
        is_elses = bool(named) and patient.id not in {match.patient.id for match in named}
        if is_elses or agreement(patient, images, self._issuers()) == "other":
            raise InvalidInputError(Text("What stands on these images is not this patient's."), "patient")

    def _with_matches(self, session: Session, study: StudyInInbox) -> WaitingStudy:
        is_shared = study.sharers > 0 or self._is_filed_for_another(study)
        orders = self._orders_of(study, is_shared=is_shared)
        found = matches_of(self._store, study, orders, self._issuers())
        seen = self._trail.permitted(session, "read", "Patient", found, lambda match: match.patient)
        return WaitingStudy(study, seen, len(seen) < len(found), is_shared)

    def _is_filed_for_another(self, study: StudyInInbox) -> bool:
        """Return whether images of certainly another person are filed under the number of a study."""
        people = {each.person for each in study.images}
        return any(is_another_persons(self._store, (each,), people) for each in records_of(self._store, study.uid))

    def _tell_order(self, image: WaitingImage) -> None:
        """Say at its order that images came; where that fails the images are here all the same."""
        try:
            orders = self._orders.named((image.accession,), image.study_uid)
            for order in sorted(orders, key=lambda each: each.accession != image.accession)[:1]:
                if order.state in ("ordered", "in-progress"):
                    record = with_state(order.record, "arrived")
                    self._store.records.commit((record,), audit=(self._trail.arrival(record),))
        except ClinicError:
            return

    def _is_filed(self, image: WaitingImage, sha256: str | None) -> bool:
        """Return whether this very image is in a record already, by whatever way its file came there."""
        try:
            return bool(sha256) and digest_of(self._store.blobs.read(sha256 or "")) == image.digest
        except ClinicError:  # its bytes are not here yet, or damaged: then these are needed
            return False

    def _of_study(self, key: str) -> list[WaitingImage]:
        with self._lock:
            found = study_named(self._waiting().values(), key)
        if found is None:
            raise NotFoundError(Text("These images wait no longer: somebody has filed them or put them aside."))
        return list(found.images)

    def _of_sop(self, sop_uid: str) -> list[WaitingImage]:
        waiting = self._waiting()
        return [waiting[key] for key in self._sops.get(sop_uid, ())]

    def _waiting(self) -> dict[str, WaitingImage]:
        if self._images is None:
            bodies = self._store.memory.starting(_WAITING).values()
            found = [msgspec.json.decode(body, type=WaitingImage) for body in bodies if body]
            self._images = {each.key: each for each in found}
            self._sops = {}
            for each in found:
                self._sops.setdefault(each.sop_uid, []).append(each.key)
        return self._images

    def _reload(self) -> None:
        self._images = None
        self._waiting()
        self.version += 1

    def _seen(self, sop_uid: str) -> tuple[str, ...]:
        seen = seen_of(self._store, sop_uid)
        return seen.digests if seen else ()

    def _seen_at(self, sop_uid: str) -> list[str]:
        seen = seen_of(self._store, sop_uid)
        return [seen.sha256] if seen else []

    def _all_handled(self) -> list[HandledStudy]:
        bodies = self._store.memory.starting(_HANDLED).values()
        return [msgspec.json.decode(body, type=HandledStudy) for body in bodies if body]

    def _issuers(self) -> tuple[str, ...]:
        own = own_organization(self._store)
        return own.id, own.name or ""

    def _forget_old(self) -> None:
        """What cannot be taken back any more is only remembered, and that not for ever."""
        now = self._clock.now()
        if self._forgotten_on == now.date():
            return
        self._forgotten_on = now.date()
        old = [_HANDLED + each.id for each in self._all_handled() if now - each.at > KEPT]
        late = (now - REMEMBERED).isoformat()
        seen = self._store.memory.starting(SEEN)
        gone = [name for name, body in seen.items() if body and msgspec.json.decode(body, type=Seen).at < late]
        if old or gone:
            self._store.records.commit((), forgotten=(*old, *gone))

    def _note_list(self, session: Session, studies: Sequence[WaitingStudy]) -> None:
        """A list that a screen reads again and again is one access for each person and each change of the list."""
        seen = frozenset((session.practitioner_id, *(each.study.uid for each in studies)))
        if seen != self._noted:
            patients = {match.patient.id: match.patient for each in studies for match in each.matches}
            event = self._trail.happening(session, "search", *patients.values(), query="waiting images")
            self._store.records.commit((), audit=(event,))
            self._noted = seen


def _for_order(study: ImagingStudy, order: ImageOrder | None) -> ImagingStudy:
    if order is None:
        return study
    reference = Reference(reference=f"ServiceRequest/{order.id}")
    if any(each.reference == reference.reference for each in study.based_on):
        return study
    return msgspec.structs.replace(study, based_on=(*study.based_on, reference))
