"""Orders of images, the inbox of images and the image network in lists, for tests of their screen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np

from clinic_app.access import Session
from clinic_app.foundation.errors import ClinicError, InvalidInputError, LinkError, NotFoundError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.imaging import FrameStack
from clinic_app.imaging.archives import ArchiveLine
from clinic_app.imaging.image_inbox import WaitingStudy
from clinic_app.imaging.image_matching import ImageMatch
from clinic_app.imaging.importing import merged
from clinic_app.imaging.network.commitment import Asked
from clinic_app.imaging.network.peers import Peer
from clinic_app.imaging.network.sending import Sent
from clinic_app.imaging.network.service import NetworkState
from clinic_app.imaging.network.visits import Visit
from clinic_app.imaging.order_record import OrderForm, OrderState, checked, order_of, with_state
from clinic_app.imaging.orders import ImageOrder
from clinic_app.imaging.shelf import Shelf
from clinic_app.imaging.waiting_image import HandledStudy, StudyInInbox, WaitingImage, as_found
from clinic_app.records import HumanName, ImagingStudy, Patient
from tests.helpers.clocks import NOON
from tests.helpers.dicom_files import bytes_of, made_file

GULNUR: Final = Patient(
    id="p-1", name=(HumanName(family="Әлібекқызы", given=("Гүлнұр",)),), birth_date="1964-03-05", gender="female"
)
ERLAN: Final = Patient(
    id="p-2", name=(HumanName(family="Қасымов", given=("Ерлан", "Сәбитұлы")),), birth_date="1985-01-01", gender="male"
)
DOCTOR: Final = Session("n-1", "Ахметова Айгүл", "doctor", "doctor", "org", "Хромтау")


class FakeImageOrders:
    """Orders in a list; ``refusal`` is raised by the next thing somebody wants, while it is set."""

    def __init__(self) -> None:
        self.orders: list[ImageOrder] = []
        self.refusal: ClinicError | None = None
        self.patients = {each.id: each for each in (GULNUR, ERLAN)}

    def furnish(self) -> None:
        """A morning with an order of each state."""
        states: tuple[OrderState, ...] = ("arrived", "in-progress", "ordered", "ordered", "done")
        told = (
            ("US", "Құрсақ қуысы", "Өт тасы бар ма?", "urgent", GULNUR),
            ("CT", "Голова", "Инсульт, 2 часа", "stat", ERLAN),
            ("DX", "Кеуде қуысы", "Пневмония?", "routine", GULNUR),
            ("MR", "Поясничный отдел", "Грыжа диска", "routine", ERLAN),
            ("DX", "Сол қол", "Сынық?", "urgent", ERLAN),
        )
        for place, (state, (kind, part, reason, priority, patient)) in enumerate(zip(states, told, strict=True)):
            at = NOON + timedelta(minutes=30 * place)
            form = OrderForm(kind, part, reason, at, priority, "US4" if kind == "US" else "")  # type: ignore[arg-type]
            self.add(form, patient, state)

    def add(self, form: OrderForm, patient: Patient, state: OrderState = "ordered") -> ImageOrder:
        """Let an order be there."""
        record = order_of(form, patient, DOCTOR, f"AB1226{len(self.orders) + 1:06d}", NOON)
        self.orders.append(ImageOrder(with_state(record, state), patient))
        return self.orders[-1]

    def of_day(self, session: Session, day: date) -> tuple[ImageOrder, ...]:
        self._raise()
        return tuple(each for each in self.orders if each.at.astimezone().date() == day)

    def order(self, session: Session, patient_id: str, form: OrderForm) -> ImageOrder:
        self._raise()
        return self.add(checked(form), self.patients[patient_id])

    def begin(self, session: Session, id: str) -> ImageOrder:
        return self._become(id, "in-progress")

    def finish(self, session: Session, id: str) -> ImageOrder:
        return self._become(id, "done")

    def reopen(self, session: Session, id: str) -> ImageOrder:
        return self._become(id, "ordered")

    def cancel(self, session: Session, id: str, reason: str) -> ImageOrder:
        if not reason.strip():
            raise InvalidInputError(Text("Say why it is cancelled."), "reason")
        return self._become(id, "cancelled")

    def _become(self, id: str, state: OrderState) -> ImageOrder:
        self._raise()
        place = next(place for place, each in enumerate(self.orders) if each.id == id)
        self.orders[place] = replace(self.orders[place], record=with_state(self.orders[place].record, state))
        return self.orders[place]

    def _raise(self) -> None:
        if self.refusal is not None:
            raise self.refusal


class FakeImageInbox:
    """Images in a list."""

    def __init__(self) -> None:
        self.studies: list[WaitingStudy] = []
        self.gone: list[HandledStudy] = []
        self.refusal: ClinicError | None = None
        self.sure: list[bool] = []
        self.version = 0
        self.bytes: dict[str, bytes] = {}

    def furnish(self) -> None:
        """A study with its patient, one of nobody, and one that says another name."""
        self.add("1.1", "Ультразвук, каб. 4", "US", 24, GULNUR, name="Әлібекқызы Гүлнұр", minutes=2)
        self.add("1.2", "КТ, 2 қабат", "CT", 220, None, name="PETROV IVAN", minutes=45)
        self.add("1.3", "Рентген", "DX", 2, ERLAN, name="Сидоров Иван", minutes=60 * 26, is_contradicted=True)

    def add(
        self,
        uid: str,
        sender: str,
        modality: str,
        count: int,
        patient: Patient | None,
        *,
        name: str = "",
        minutes: int = 0,
        is_contradicted: bool = False,
    ) -> WaitingStudy:
        """Let a study come."""
        at = NOON - timedelta(minutes=minutes)
        self.bytes[uid] = bytes_of(made_file(_picture(uid), sop_uid=f"{uid}.0", Modality=modality))
        images = tuple(_image(uid, place, sender, modality, name, at) for place in range(count))
        sameness = "other" if is_contradicted else "identifier"
        matches = (ImageMatch(patient, "iin", None, sameness),) if patient else ()  # type: ignore[arg-type]
        self.studies.append(WaitingStudy(StudyInInbox(images), matches))
        self.version += 1
        return self.studies[-1]

    def count(self) -> int:
        return len(self.studies)

    def waiting(self, session: Session) -> tuple[WaitingStudy, ...]:
        self._raise()
        return tuple(self.studies)

    def handled(self, session: Session) -> tuple[HandledStudy, ...]:
        return tuple(reversed(self.gone))

    def opened(self, session: Session, study_uid: str, series_uid: str) -> Any:
        images = self._taken(study_uid).study.images[:1]
        study = merged(None, GULNUR, as_found(images), "x")
        opened = Shelf((study,), lambda _sha: self.bytes[study_uid]).opened(series_uid)
        assert isinstance(opened, FrameStack)
        return opened

    def confirm(self, session: Session, study_uid: str, patient_id: str, *, is_sure: bool = False) -> None:
        self._raise()
        self.sure.append(is_sure)
        waiting = self._taken(study_uid)
        if not is_sure and any(match.is_contradicted for match in waiting.matches):
            raise InvalidInputError(Text("What stands on these images is not this patient's."), "patient")
        patient = next(each for each in (GULNUR, ERLAN) if each.id == patient_id)
        self._leave(session, waiting, patient)

    def set_aside(self, session: Session, study_uid: str) -> None:
        self._raise()
        self._leave(session, self._taken(study_uid), None)

    def undo(self, session: Session, id: str) -> None:
        self._raise()
        done = next(each for each in self.gone if each.id == id)
        self.gone.remove(done)
        self.studies.insert(0, WaitingStudy(StudyInInbox(done.images)))
        self.version += 1

    def _leave(self, session: Session, waiting: WaitingStudy, patient: Patient | None) -> None:
        self.studies.remove(waiting)
        self.gone.append(
            HandledStudy(
                id=new_id(),
                images=waiting.study.images,
                how="filed" if patient else "aside",
                at=NOON,
                by=session.practitioner_id,
                by_name=session.name,
                patient_id=patient.id if patient else "",
                patient_name=patient.full_name if patient else "",
            )
        )
        self.version += 1

    def _taken(self, study_uid: str) -> WaitingStudy:
        found = next((each for each in self.studies if each.study.key == study_uid), None)
        if found is None:
            raise NotFoundError(Text("These images wait no longer: somebody has filed them or put them aside."))
        return found

    def _raise(self) -> None:
        if self.refusal is not None:
            raise self.refusal


class FakeImageNetwork:
    """A network that does what a test says."""

    def __init__(self) -> None:
        self.now = NetworkState("off", "DALA", "127.0.0.1", 0, None, (), (), ())
        self.version = 0
        self.refusal: ClinicError | None = None
        self.tries = 0

    def furnish(self) -> None:
        """A network in the middle of a day."""
        us = Peer("Ультразвук, каб. 4", "US4", "192.168.20.40", 0, frozenset({"send", "worklist"}))
        pacs = Peer("Мұрағат", "HUBPACS", "192.168.20.2", 4242, frozenset({"store", "query", "commit"}))
        visits = (
            Visit(5, NOON, "US4", "192.168.20.40", us.name, images=12),
            _refused(4, "CT_NEW", "192.168.20.77", Text("This device is not listed.")),
            Visit(3, NOON, "US4", "192.168.20.40", us.name, 24, 1, 1, NOON, Text("The file is too large.")),
            Visit(2, NOON, "US4", "192.168.20.40", us.name, 0, 0, 2, NOON),
        )
        self.become(NetworkState("listening", "DALA", "192.168.20.11", 11112, None, (us, pacs), visits, (visits[1],)))

    def become(self, state: NetworkState) -> None:
        """Change."""
        self.now = state
        self.version += 1

    def state(self, session: Session) -> NetworkState:
        self._raise()
        return self.now

    def peers(self) -> tuple[Peer, ...]:
        return self.now.peers

    def put(self, session: Session, peer: Peer, instead_of: str = "") -> None:
        self._raise()
        if not peer.ae_title:
            raise InvalidInputError(
                Text("The setting “{key}” cannot be “{value}”.", key="ae_title", value=""), "ae_title"
            )
        kept = tuple(each for each in self.now.peers if each.name != instead_of)
        self.become(replace(self.now, peers=(*kept, peer), strangers=()))

    def remove(self, session: Session, name: str) -> None:
        self._raise()
        self.become(replace(self.now, peers=tuple(each for each in self.now.peers if each.name != name)))

    def echo(self, session: Session, name: str) -> float:
        if self.refusal is not None:
            raise LinkError(self.refusal.text)
        return 0.012

    def listen_again(self, session: Session) -> None:
        self.tries += 1
        self._raise()

    def _raise(self) -> None:
        if self.refusal is not None:
            raise self.refusal


class FakeImageSending:
    """An archive that takes what a test says; it waits in the middle while ``gate`` is shut."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ("Мұрағат",)
        self.answer = Sent(3, is_asked_to_keep=True)
        self.told: list[Asked] = []
        self.sent: list[tuple[str, str]] = []
        self.refusal: ClinicError | None = None
        self.gate = threading.Event()
        self.gate.set()

    def archives(self) -> tuple[str, ...]:
        return self.names

    def asked(self, session: Session, study: ImagingStudy) -> tuple[Asked, ...]:
        return tuple(self.told)

    def send(
        self,
        session: Session,
        study: ImagingStudy,
        archive: str,
        *,
        progress: Callable[[int, int], None],
        is_stopped: Callable[[], bool],
    ) -> Sent:
        if self.refusal is not None:
            raise self.refusal
        self.sent.append((study.id, archive))
        progress(1, 3)
        self.gate.wait(20)
        return replace(self.answer, is_stopped=True, sent=1) if is_stopped() else self.answer


class FakeWebArchives:
    """DICOMweb servers in a list; they take all but ``refused`` images."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self.refused = 0
        self.sent: list[tuple[str, str]] = []
        self.secrets: list[tuple[str, str]] = []
        self.refusal: ClinicError | None = None

    def lines(self) -> tuple[ArchiveLine, ...]:
        return tuple(ArchiveLine(each, "web", can_send=True) for each in self.names)

    def send(
        self,
        session: Session,
        study: ImagingStudy,
        archive: str,
        *,
        progress: Callable[[int, int], None],
        is_stopped: Callable[[], bool],
    ) -> tuple[int, int]:
        self._raise()
        self.sent.append((study.id, archive))
        progress(3, 0)
        return 3 - self.refused, self.refused

    def keep_secret(self, session: Session, name: str, secret: str) -> None:
        self._raise()
        self.secrets.append((name, secret))

    def _raise(self) -> None:
        if self.refusal is not None:
            raise self.refusal


class FakeStudies:
    """The studies of every patient."""

    def studies(self, session: Session, patient_id: str) -> tuple[ImagingStudy, ...]:
        images = [_image("1.1", place, "US", "US", "", NOON).found() for place in range(3)]
        return (merged(None, GULNUR, images, "study-1"),)


def _refused(number: int, title: str, host: str, remark: Text) -> Visit:
    return Visit(number, NOON, title, host, ended_at=NOON, remark=remark, is_refused=True)


def _image(uid: str, place: int, sender: str, modality: str, name: str, at: datetime) -> WaitingImage:
    return WaitingImage(
        sop_uid=f"{uid}.{place}",
        sop_class="1.2.840.10008.5.1.4.1.1.2",
        sha256="0" * 64,
        digest=f"{place}",
        study_uid=uid,
        series_uid=f"{uid}.{place % 3}",
        received_at=at,
        size_bytes=500_000,
        sender=sender,
        modality=modality,
        patient_name=name,
        ids=(("640305400123", ""),),
        study_words="Abdomen",
        series_words=f"Серия {place % 3 + 1}",
        number=place + 1,
    )


def _picture(uid: str) -> Any:
    side = np.linspace(-1, 1, 128)
    hill = np.exp(-3 * (side[:, None] ** 2 + side[None, :] ** 2)) * 4000
    return (hill + 300 * np.sin(side * (10 + len(uid)))[None, :]).clip(0, 4095).astype(np.uint16)
