"""Both rooms over the real services of two hospitals: asked, opened, signed, read, closed, printed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget

from clinic_app.access import Trail
from clinic_app.documents import Documents
from clinic_app.encounters import Encounters, VitalsForm
from clinic_app.imaging import Imaging, KeyImages, Window
from clinic_app.records import Patient, audience_of, decode
from clinic_app.referral.cases import package_of
from clinic_app.waveforms import RecordedChannel, Recording, Recordings
from tests.helpers.consultation_room import consultation_screen
from tests.helpers.fake_referral import NOW
from tests.helpers.nodes import CENTRE, DISTRICT, Node, introduce, node, patient_with_evidence
from tests.helpers.rooms import Room
from tests.helpers.waiting import wait_until
from ui import language
from ui.consultation.view_model import ConsultationViewModel
from ui.referral.referral_screen import ReferralScreen
from ui.referral.summary_file import SummaryFiles
from ui.referral.view_model import ReferralViewModel

CTRL = Qt.KeyboardModifier.ControlModifier


def _station(here: Node) -> SimpleNamespace:
    trail = Trail(here.store, here.clock)
    made = (here.store, trail, here.clock)
    return SimpleNamespace(
        referrals=here.referrals,
        consultations=here.consultations,
        recordings=Recordings(*made),
        imaging=Imaging(*made),
        key_images=KeyImages(*made),
        encounters=Encounters(*made),
        documents=Documents(*made),
    )


def _furnish(here: Node, patient: Patient) -> None:
    """Record vital signs and an ECG, and mark a slice of the patient's CT."""
    station, doctor = _station(here), here.session("doctor")
    values = VitalsForm(systolic="150", diastolic="90", heart_rate="88")
    station.encounters.record_vitals(here.session("nurse"), patient.id, values)
    beat = np.sin(np.linspace(0, 60, 5000)).astype(np.float32) * 800
    channel = RecordedChannel("MDC_ECG_LEAD_II", "II", "uV", 500.0, beat)
    station.recordings.save(doctor, patient.id, Recording((channel,), NOW, "CardioPoint 12"))
    (study,) = station.imaging.studies(doctor, patient.id)
    sop_uid = study.series[0].instance[0].uid
    station.key_images.mark(doctor, study, sop_uid, 1, Window(40, 400))


def _carry(sender: Node, reader: Node) -> None:
    """Carry what waits to the other hospital, as the hub would: only what it may see."""
    rows = sender.store.outbox.pending(1000)
    seen = [row.body for row in rows if row.type == "Task" or reader.organization_id in audience_of(decode(row.body))]
    reader.store.records.receive(seen)
    sender.store.outbox.acknowledge({row.seq: f"hub-{row.seq}" for row in rows})


class Story:
    """Two hospitals and a patient of the first."""

    def __init__(self, district: Node, centre: Node, patient: Patient) -> None:
        self.district, self.centre, self.patient = district, centre, patient

    def send_package(self) -> None:
        (case,) = self.district.referrals.cases(self.district.session("doctor"))
        document = package_of(self.district.store, case.request)
        assert document is not None
        _carry(self.district, self.centre)
        self.centre.referrals.open_package(self.district.store.blobs.read(document.content[0].attachment.sha256))
        self.centre.referrals.receive_arrivals()


@pytest.fixture
def story(qapp: object, tmp_path: Path) -> Iterator[Story]:
    language.use("en")
    with ExitStack() as stack:
        district = stack.enter_context(node(tmp_path / "district", DISTRICT))
        centre = stack.enter_context(node(tmp_path / "centre", CENTRE))
        introduce(district, centre)
        patient, _references = patient_with_evidence(district)
        _furnish(district, patient)
        yield Story(district, centre, patient)
    language.use("kk")


def _doctor(story: Story) -> Room:
    room = Room(ReferralScreen, ReferralViewModel, _station(story.district), story.district.session("doctor"))
    room.hand.take(story.patient)
    return room


def _specialist(story: Story) -> Room:
    return Room(consultation_screen, ConsultationViewModel, _station(story.centre), story.centre.session("specialist"))


def _ask(room: Room) -> None:
    room.screen.write()
    room.settle()
    room.choose("referral.specialty", "cardiology")
    room.choose("referral.destination", CENTRE)
    room.click("referral.urgency.stat")
    room.write("referral.question", "Rhythm? Treatment?")
    for item in room.model.form.items:
        room.model.form.tick(item.key, True)
    room.press(Qt.Key.Key_Return, CTRL)
    wait_until(lambda: room.model.cases, what="the referral to be in the list")


def test_a_question_is_asked_answered_signed_read_and_printed(story: Story, tmp_path: Path) -> None:
    doctor = _doctor(story)
    _ask(doctor)
    assert doctor.cell("referrals.list", 0, 4) in ("saved here", "queued")
    story.send_package()
    specialist = _specialist(story)
    specialist.open_row("worklist.list")
    assert specialist.words("consultation.question") == "Rhythm? Treatment?"
    assert specialist.screen.case.evidence.list.count() >= 3
    specialist.write("consultation.opinion", "Sinus rhythm, no ST shift.")
    specialist.write("consultation.plan", "Repeat in an hour.")
    specialist.click("consultation.sign")
    specialist.click("consultation.confirm")
    wait_until(lambda: specialist.model.case.answer, what="the signature")
    specialist.close()
    _carry(story.centre, story.district)
    doctor.screen.entered()
    doctor.settle()
    doctor.open_row("referrals.list")
    assert doctor.words("case.opinion") == "Sinus rhythm, no ST shift."
    assert doctor.words("case.verdict") == "Signature valid"
    shown: list[Path] = []
    doctor.screen.case.files = SummaryFiles(lambda _parent, name: tmp_path / name, shown.append)
    doctor.click("case.make_summary")
    wait_until(lambda: shown, what="the PDF")
    assert shown[0].read_bytes().startswith(b"%PDF")
    doctor.click("case.read_and_close")
    assert doctor.words("case.progress") == "closed"
    assert doctor.notices[-1][1] == "ok"
    doctor.close()


def test_every_piece_of_evidence_opens_at_the_specialists(story: Story) -> None:
    doctor = _doctor(story)
    _ask(doctor)
    story.send_package()
    doctor.close()
    specialist = _specialist(story)
    specialist.open_row("worklist.list")
    rows = specialist.find("consultation.evidence", QListWidget)
    kinds = [piece.kind for piece in specialist.model.case.pieces]
    assert {"recording", "key-image", "series", "vitals"} <= set(kinds)
    view = specialist.screen.case.evidence
    expected = {
        "recording": view.recording, "key-image": view.picture, "series": view.desk, "vitals": view.vitals,
    }  # fmt: skip
    for row, kind in enumerate(kinds):
        rows.setCurrentRow(row)
        specialist.settle()
        assert expected[kind].isVisible(), kind
    specialist.close()


def test_a_draft_never_leaves_the_specialists_workstation(story: Story) -> None:
    doctor = _doctor(story)
    _ask(doctor)
    doctor.close()
    story.send_package()
    specialist = _specialist(story)
    specialist.open_row("worklist.list")
    specialist.write("consultation.opinion", "Half a thought")
    specialist.press(Qt.Key.Key_Escape)
    waiting = b"".join(row.body for row in story.centre.store.outbox.pending(1000))
    assert b"Half a thought" not in waiting
    specialist.open_row("worklist.list")
    assert specialist.model.case.form.opinion == "Half a thought"
    specialist.close()
