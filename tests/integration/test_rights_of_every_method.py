"""Every public method of every service, asked by every role for every kind of patient: the table decides, nothing else.

A method that is added to a service without a line here fails; so does one that lets somebody through the table does not
allow, or keeps out somebody it does allow.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from clinic_app.access import ROLES, Action, AuditFilter, Role, Session
from clinic_app.access.permissions import may
from clinic_app.consultation import OpinionForm
from clinic_app.devices import DeviceConfig
from clinic_app.documents import FoundRecording, Stretch
from clinic_app.encounters import VitalsForm
from clinic_app.foundation.errors import ClinicError, NotAllowedError
from clinic_app.foundation.texts import Text
from clinic_app.imaging import Window, from_paths
from clinic_app.imaging.network import Peer
from clinic_app.imaging.network.found import FoundStudy, Wanted
from clinic_app.imaging.order_record import OrderForm
from clinic_app.imaging.outside.image_exit import Chosen, ExitForm
from clinic_app.records import DocumentReference, ImagingStudy, Patient, ServiceRequest
from clinic_app.referral import ReferralForm
from clinic_app.registration import PatientForm
from clinic_app.registration.confidentiality import is_masked
from clinic_app.storage import AuditQuery
from clinic_app.sync import HubFound, NearbyHub, Question, WaitingItem
from clinic_app.waveforms import Limit, Recording
from clinic_app.workstation import Workstation
from tests.helpers.stores import PASSWORD
from tests.helpers.wards import HELD, KINDS, THERE, Kind, Ward, ward

_ALL: Final = AuditQuery()
Ask = Callable[[Ward, Session, Kind], Any]
FORM: Final = PatientForm(family="Жаңа", given="Адам", birth_date="05.03.1964", gender="female", iin="")
OPINION: Final = OpinionForm("Қалыпты.")
UNSENT: Final = WaitingItem(-1, "Patient", Text("x"), "", "records", 1, datetime(2026, 3, 5, 7, tzinfo=UTC))
NO_DEVICE: Final = DeviceConfig("", "", "")
NO_PEER: Final = Peer("", "")
ORDER: Final = OrderForm("", "", "", datetime(2026, 3, 5, 7, tzinfo=UTC))
NOTHING: Final = Recording((), datetime(2026, 3, 5, 7, tzinfo=UTC), "M")
NO_FILE: Final = Path("no such folder") / "nothing" / "x.hea"
FOUND: Final = FoundRecording(NO_FILE, NOTHING, Patient(id="nobody"), "unsaid")
"""Forms are wrong on purpose: the gate comes first, and nothing that is written changes how somebody stands."""


@dataclass(frozen=True)
class Line:
    """One method: what right it needs, and how it is asked.

    Args:
        ask: calls it for a patient of one kind.
        action: the right it needs.
        type_name: on what.
        is_about_one: whether it is about one patient; a list is not, and shows only what its reader may see.
    """

    ask: Ask
    action: Action
    type_name: str
    is_about_one: bool = True


def _of(name: str, *more: Any) -> Ask:
    """Return how a method is asked that takes a patient's id and more."""
    service, _, method = name.partition(".")
    return lambda ward, session, kind: getattr(getattr(ward.station, service), method)(
        session, f"patient-{kind}", *more
    )


def _case(name: str, *more: Any) -> Ask:
    service, _, method = name.partition(".")
    return lambda ward, session, kind: getattr(getattr(ward.station, service), method)(session, f"task-{kind}", *more)


def _stored(ward: Ward, kind: Kind, of: Any) -> Any:
    return ward.record(kind, of)


def _question(kind: Kind) -> Question:
    return Question(-1, "Patient", f"patient-{kind}", Text("x"), f"patient-{kind}", "", None, None, "", (), None)


LINES: Final[dict[str, Line]] = {
    "people.add": Line(
        lambda w, s, k: w.station.people.add(s, f"n{s.role}", PASSWORD, "Жаңа", "nurse"),
        "create", "Practitioner", False,
    ),
    "people.all": Line(lambda w, s, k: w.station.people.all(s), "read", "Practitioner", False),
    "people.set_active": Line(
        lambda w, s, k: w.station.people.set_active(s, "nobody", is_active=True), "update", "Practitioner", False
    ),
    "keys.new_recovery_code": Line(lambda w, s, k: w.station.keys.new_recovery_code(s), "update", "Device", False),
    "keys.escrow_recipient": Line(lambda w, s, k: w.station.keys.escrow_recipient(s), "update", "Device", False),
    "keys.keep_escrow": Line(lambda w, s, k: w.station.keys.keep_escrow(s, "x"), "update", "Device", False),
    "updates.take": Line(lambda w, s, k: w.station.updates.take(s, Path("no-stick")), "update", "Device", False),
    "hub.place": Line(lambda w, s, k: w.station.hub.place(s), "update", "Device", False),
    "hub.look": Line(lambda w, s, k: w.station.hub.look(s, "http://far.away"), "update", "Device", False),
    "hub.nearby": Line(lambda w, s, k: w.station.hub.nearby(s, 0.0), "update", "Device", False),
    "hub.trust": Line(
        lambda w, s, k: w.station.hub.trust(s, NearbyHub("x", "https://localhost:1", "0" * 64)),
        "update", "Device", False,
    ),
    "hub.connect": Line(
        lambda w, s, k: w.station.hub.connect(s, HubFound("http://localhost:1", "", "", {}, ""), "no code"),
        "update", "Device", False,
    ),
    "safekeeping.backups": Line(lambda w, s, k: w.station.safekeeping.backups(s), "update", "Device", False),
    "safekeeping.back_up_now": Line(lambda w, s, k: w.station.safekeeping.back_up_now(s), "update", "Device", False),
    "break_glass.open": Line(_of("break_glass.open", "nonsense", ""), "override", "Patient"),
    "break_glass.to_review": Line(lambda w, s, k: w.station.break_glass.to_review(s), "review", "AuditEvent", False),
    "break_glass.review": Line(
        lambda w, s, k: w.station.break_glass.review(s, "none", True, "оқыдым"), "review", "AuditEvent", False
    ),
    "audit_log.find": Line(lambda w, s, k: w.station.audit_log.find(s, AuditFilter()), "read", "AuditEvent", False),
    "audit_log.counts": Line(lambda w, s, k: w.station.audit_log.counts(s, AuditFilter()), "read", "AuditEvent", False),
    "audit_log.verify": Line(lambda w, s, k: w.station.audit_log.verify(s), "read", "AuditEvent", False),
    "audit_log.people": Line(lambda w, s, k: w.station.audit_log.people(s), "read", "AuditEvent", False),
    "audit_log.patients": Line(lambda w, s, k: w.station.audit_log.patients(s, "Тест"), "read", "AuditEvent", False),
    "audit_log.write_csv": Line(
        lambda w, s, k: w.station.audit_log.write_csv(s, AuditFilter(patient="x"), w.folder / f"{s.role}.csv"),
        "read", "AuditEvent", False,
    ),
    "registration.search": Line(lambda w, s, k: w.station.registration.search(s, "Тест"), "read", "Patient", False),
    "registration.get": Line(_of("registration.get"), "read", "Patient"),
    "registration.possible_duplicates": Line(
        lambda w, s, k: w.station.registration.possible_duplicates(s, FORM), "read", "Patient", False
    ),
    "registration.register": Line(lambda w, s, k: w.station.registration.register(s, FORM), "create", "Patient", False),
    "registration.amend": Line(
        lambda w, s, k: w.station.registration.amend(s, _stored(w, k, Patient), PatientForm()), "update", "Patient"
    ),
    "registration.restrict": Line(
        lambda w, s, k: w.station.registration.restrict(s, _stored(w, k, Patient), k == "restricted"),
        "restrict", "Patient",
    ),
    "encounters.record_vitals": Line(
        _of("encounters.record_vitals", VitalsForm(heart_rate="-")), "create", "Observation"
    ),
    "encounters.vitals": Line(_of("encounters.vitals"), "read", "Observation"),
    "encounters.laboratory": Line(_of("encounters.laboratory"), "read", "Observation"),
    "encounters.orders": Line(_of("encounters.orders"), "read", "ServiceRequest"),
    "encounters.record_allergy": Line(_of("encounters.record_allergy", ""), "create", "AllergyIntolerance"),
    "encounters.allergies": Line(_of("encounters.allergies"), "read", "AllergyIntolerance"),
    "result_inbox.waiting": Line(lambda w, s, k: w.station.result_inbox.waiting(s), "read", "Observation", False),
    "result_inbox.handled": Line(lambda w, s, k: w.station.result_inbox.handled(s), "read", "Observation", False),
    "result_inbox.confirm": Line(
        lambda w, s, k: w.station.result_inbox.confirm(s, ["none"], f"patient-{k}"), "create", "Observation"
    ),
    "result_inbox.set_aside": Line(
        lambda w, s, k: w.station.result_inbox.set_aside(s, ["none"]), "update", "Observation", False
    ),
    "result_inbox.undo": Line(
        lambda w, s, k: w.station.result_inbox.undo(s, ["none"]), "update", "Observation", False
    ),
    "recordings.save": Line(_of("recordings.save", NOTHING), "create", "DocumentReference"),
    "recordings.of_patient": Line(_of("recordings.of_patient"), "read", "DocumentReference"),
    "recordings.load": Line(
        lambda w, s, k: w.station.recordings.load(s, _stored(w, k, DocumentReference)), "read", "DocumentReference"
    ),
    "recording_files.look": Line(_of("recording_files.look", NO_FILE), "create", "DocumentReference"),
    "recording_files.take": Line(_of("recording_files.take", FOUND), "create", "DocumentReference"),
    "recording_files.export": Line(
        lambda w, s, k: w.station.recording_files.export(
            s, _stored(w, k, DocumentReference), NO_FILE.with_suffix(".edf"), "", "en"
        ),
        "read",
        "DocumentReference",
    ),
    "image_orders.order": Line(_of("image_orders.order", ORDER), "create", "ServiceRequest"),
    "image_orders.cancel": Line(
        lambda w, s, k: w.station.image_orders.cancel(s, _stored(w, k, ServiceRequest).id, ""),
        "update",
        "ServiceRequest",
    ),
    "image_orders.begin": Line(
        lambda w, s, k: w.station.image_orders.begin(s, _stored(w, k, ServiceRequest).id), "update", "ImagingStudy"
    ),
    "image_orders.finish": Line(
        lambda w, s, k: w.station.image_orders.finish(s, _stored(w, k, ServiceRequest).id), "update", "ImagingStudy"
    ),
    "image_orders.reopen": Line(
        lambda w, s, k: w.station.image_orders.reopen(s, _stored(w, k, ServiceRequest).id), "update", "ImagingStudy"
    ),
    "image_orders.of_day": Line(
        lambda w, s, k: w.station.image_orders.of_day(s, date(2026, 3, 5)), "read", "Appointment", False
    ),
    "image_inbox.waiting": Line(lambda w, s, k: w.station.image_inbox.waiting(s), "read", "ImagingStudy", False),
    "image_inbox.handled": Line(lambda w, s, k: w.station.image_inbox.handled(s), "read", "ImagingStudy", False),
    "image_inbox.opened": Line(
        lambda w, s, k: w.station.image_inbox.opened(s, "none", "none"), "read", "ImagingStudy", False
    ),
    "image_inbox.confirm": Line(
        lambda w, s, k: w.station.image_inbox.confirm(s, "none", f"patient-{k}"), "create", "ImagingStudy"
    ),
    "image_inbox.set_aside": Line(
        lambda w, s, k: w.station.image_inbox.set_aside(s, "none"), "update", "ImagingStudy", False
    ),
    "image_inbox.undo": Line(lambda w, s, k: w.station.image_inbox.undo(s, "none"), "update", "ImagingStudy", False),
    "image_network.state": Line(lambda w, s, k: w.station.image_network.state(s), "read", "Device", False),
    "image_network.listen_again": Line(
        lambda w, s, k: w.station.image_network.listen_again(s), "update", "Device", False
    ),
    "image_network.put": Line(lambda w, s, k: w.station.image_network.put(s, NO_PEER), "update", "Device", False),
    "image_network.remove": Line(lambda w, s, k: w.station.image_network.remove(s, ""), "update", "Device", False),
    "image_network.echo": Line(lambda w, s, k: w.station.image_network.echo(s, ""), "read", "Device", False),
    "image_sending.asked": Line(
        lambda w, s, k: w.station.image_sending.asked(s, _stored(w, k, ImagingStudy)), "read", "ImagingStudy"
    ),
    "image_sending.send": Line(
        lambda w, s, k: w.station.image_sending.send(s, _stored(w, k, ImagingStudy), ""), "export", "ImagingStudy"
    ),
    "archives.find": Line(
        lambda w, s, k: w.station.archives.find(s, "none", Wanted("1")), "create", "ImagingStudy", False
    ),
    "archives.series": Line(
        lambda w, s, k: w.station.archives.series(s, "none", FoundStudy("1.2")), "create", "ImagingStudy", False
    ),
    "archives.bringing": Line(_of("archives.bringing", "none", FoundStudy("1.2")), "create", "ImagingStudy"),
    "archives.fetch": Line(_of("archives.fetch", "none", FoundStudy("1.2")), "create", "ImagingStudy"),
    "archives.send": Line(
        lambda w, s, k: w.station.archives.send(s, _stored(w, k, ImagingStudy), "none"), "export", "ImagingStudy"
    ),
    "archives.keep_secret": Line(
        lambda w, s, k: w.station.archives.keep_secret(s, "none", "x"), "update", "Device", False
    ),
    "imaging.gather": Line(_of("imaging.gather", from_paths([Path("no such folder")])), "create", "ImagingStudy"),
    "imaging.take_in": Line(_of("imaging.take_in", ()), "create", "ImagingStudy"),
    "imaging.studies": Line(_of("imaging.studies"), "read", "ImagingStudy"),
    "imaging.opened": Line(
        lambda w, s, k: w.station.imaging.opened(s, _stored(w, k, ImagingStudy), "1.2"), "read", "ImagingStudy"
    ),
    "imaging.keep_presentation": Line(
        lambda w, s, k: w.station.imaging.keep_presentation(s, _stored(w, k, ImagingStudy), "1.2.9", NOTHING),
        "create", "ImagingStudy",
    ),
    "imaging.keep_key_object": Line(
        lambda w, s, k: w.station.imaging.keep_key_object(s, _stored(w, k, ImagingStudy), [("1.2.9", 1)]),
        "create", "ImagingStudy",
    ),
    "image_exit.look": Line(
        lambda w, s, k: w.station.image_exit.look(s, _stored(w, k, ImagingStudy), ["1.2"]), "export", "ImagingStudy"
    ),
    "image_exit.tags": Line(
        lambda w, s, k: w.station.image_exit.tags(s, _stored(w, k, ImagingStudy), "1.2.9"), "read", "ImagingStudy"
    ),
    "image_exit.note": Line(
        lambda w, s, k: w.station.image_exit.note(s, _stored(w, k, ImagingStudy), "PNG"), "export", "ImagingStudy"
    ),
    "image_exit.take_out": Line(
        lambda w, s, k: w.station.image_exit.take_out(
            s, ExitForm((Chosen(_stored(w, k, ImagingStudy), "1.2"),)), NO_FILE
        ),
        "export",
        "ImagingStudy",
    ),
    "imaging.stack": Line(
        lambda w, s, k: w.station.imaging.stack(s, _stored(w, k, ImagingStudy), "1.2"), "read", "ImagingStudy"
    ),
    "key_images.mark": Line(
        lambda w, s, k: w.station.key_images.mark(s, _stored(w, k, ImagingStudy), "1.2.3", 1, Window(1, 1)),
        "create", "DocumentReference",
    ),
    "marks.layers": Line(
        lambda w, s, k: w.station.marks.layers(s, _stored(w, k, ImagingStudy)), "read", "ImagingStudy"
    ),
    "marks.keep": Line(
        lambda w, s, k: w.station.marks.keep(s, _stored(w, k, ImagingStudy), (), "en"), "create", "ImagingStudy"
    ),
    "key_images.unmark": Line(
        lambda w, s, k: w.station.key_images.unmark(s, _stored(w, k, ImagingStudy), "1.2.3", 1),
        "update", "DocumentReference",
    ),
    "key_images.of_patient": Line(_of("key_images.of_patient"), "read", "DocumentReference"),
    "documents.file": Line(_of("documents.file", b"%PDF", "t", "kk"), "create", "DocumentReference"),
    "documents.open": Line(
        lambda w, s, k: w.station.documents.open(s, _stored(w, k, DocumentReference)), "read", "DocumentReference"
    ),
    "referrals.destinations": Line(lambda w, s, k: w.station.referrals.destinations(s), "read", "Organization", False),
    "referrals.send": Line(
        _of("referrals.send", ReferralForm("cardiology", "stat", "?", THERE)), "send", "ServiceRequest"
    ),
    "referrals.cases": Line(lambda w, s, k: w.station.referrals.cases(s), "read", "Task", False),
    "referrals.received": Line(lambda w, s, k: w.station.referrals.received(s), "read", "Task", False),
    "referrals.case": Line(_case("referrals.case"), "read", "Task"),
    "referrals.save_package": Line(
        lambda w, s, k: w.station.referrals.save_package(s, f"task-{k}", w.folder), "send", "ServiceRequest"
    ),
    "consultations.worklist": Line(lambda w, s, k: w.station.consultations.worklist(s), "read", "Task", False),
    "consultations.open": Line(_case("consultations.open"), "update", "DiagnosticReport"),
    "consultations.evidence": Line(_case("consultations.evidence"), "read", "Task"),
    "consultations.draft": Line(_case("consultations.draft"), "update", "DiagnosticReport"),
    "consultations.save_draft": Line(_case("consultations.save_draft", OPINION), "update", "DiagnosticReport"),
    "consultations.sign": Line(_case("consultations.sign", OpinionForm("")), "sign", "DiagnosticReport"),
    "consultations.answer": Line(_case("consultations.answer"), "read", "DiagnosticReport"),
    "consultations.make_summary": Line(_case("consultations.make_summary", "kk"), "create", "DocumentReference"),
    "statistics.report": Line(
        lambda w, s, k: w.station.statistics.report(s, date(2025, 1, 1), date(2025, 12, 31)),
        "read", "MeasureReport", False,
    ),
    "statistics.write_csv": Line(
        lambda w, s, k: w.station.statistics.write_csv(
            s, date(2025, 1, 1), date(2025, 12, 31), w.folder / f"counts-{s.role}.csv", "kk"
        ),
        "read", "MeasureReport", False,
    ),
    "exchange.waiting": Line(lambda w, s, k: w.station.exchange.waiting(s), "read", "Device", False),
    "exchange.contents": Line(lambda w, s, k: w.station.exchange.contents(s), "read", "Device", False),
    "exchange.summary": Line(lambda w, s, k: w.station.exchange.summary(s), "read", "Device", False),
    "exchange.retry": Line(lambda w, s, k: w.station.exchange.retry(s, UNSENT), "read", "Device", False),
    "exchange.send_first": Line(lambda w, s, k: w.station.exchange.send_first(s, UNSENT), "read", "Device", False),
    "exchange.conflicts": Line(lambda w, s, k: w.station.exchange.conflicts(s), "read", "Device", False),
    "exchange.joined": Line(lambda w, s, k: w.station.exchange.joined(s), "read", "Device", False),
    "exchange.settle": Line(lambda w, s, k: w.station.exchange.settle(s, _question(k), {}), "update", "Patient"),
    "consultations.mark_read": Line(_case("consultations.mark_read"), "update", "ServiceRequest"),
    "devices.add": Line(lambda w, s, k: w.station.devices.add(s, NO_DEVICE), "update", "Device", False),
    "devices.change": Line(lambda w, s, k: w.station.devices.change(s, "", NO_DEVICE), "update", "Device", False),
    "devices.remove": Line(lambda w, s, k: w.station.devices.remove(s, ""), "update", "Device", False),
    "devices.test": Line(lambda w, s, k: w.station.devices.test(s, NO_DEVICE), "update", "Device", False),
    "long_recordings.start": Line(_of("long_recordings.start", ""), "create", "DocumentReference"),
    "long_recordings.stop": Line(
        lambda w, s, k: w.station.long_recordings.stop(s, _stored(w, k, DocumentReference).id),
        "update", "DocumentReference",
    ),
    "long_recordings.go_on": Line(
        lambda w, s, k: w.station.long_recordings.go_on(s, _stored(w, k, DocumentReference).id, ""),
        "update", "DocumentReference",
    ),
    "long_recordings.mark": Line(
        lambda w, s, k: w.station.long_recordings.mark(s, _stored(w, k, DocumentReference).id, NOTHING.started_at, ""),
        "update", "DocumentReference",
    ),
    "long_recordings.open": Line(
        lambda w, s, k: w.station.long_recordings.open(s, _stored(w, k, DocumentReference).id),
        "read", "DocumentReference",
    ),
    "long_files.cut_out": Line(
        lambda w, s, k: w.station.long_files.cut_out(s, _stored(w, k, DocumentReference).id, Stretch()),
        "create", "DocumentReference",
    ),
    "long_files.export": Line(
        lambda w, s, k: w.station.long_files.export(
            s, _stored(w, k, DocumentReference).id, Stretch(), Path("x.edf"), "edf", "en"
        ),
        "read", "DocumentReference",
    ),
    "long_recordings.of_patient": Line(_of("long_recordings.of_patient"), "read", "DocumentReference"),
    "long_recordings.listed": Line(_of("long_recordings.listed"), "read", "DocumentReference"),
    "long_recordings.interrupted": Line(
        lambda w, s, k: w.station.long_recordings.interrupted(s), "read", "DocumentReference", False
    ),
    "limits.set": Line(lambda w, s, k: w.station.limits.set(s, "bed", "x", Limit()), "create", "Observation", False),
    "limits.reset": Line(lambda w, s, k: w.station.limits.reset(s, "bed"), "create", "Observation", False),
}  # fmt: skip
ASKS_NOBODY: Final[dict[str, str]] = {
    "people.is_empty": "tells only whether the workstation is new",
    "people.facility_name": "the name on the door",
    "people.change_password": "one's own, with the old one",
    "people.sign_in": "the way in itself",
    "keys.ways": "names of locks",
    "keys.has_recovery_code": "whether there is one",
    "safekeeping.note_restoration": "the program's own, at its start",
    "safekeeping.state": "numbers of the disk",
    "safekeeping.subscribe": "news about the disk",
    "safekeeping.space": "numbers of the disk",
    "break_glass.active": "one's own emergencies",
    "break_glass.end": "one's own emergencies",
    "updates.look": "versions of the program",
    "updates.said_to_hub": "versions of the program",
    "preferences.get": "one's own",
    "preferences.put": "one's own",
    "preferences.of_computer": "the size of a screen",
    "preferences.put_for_computer": "the size of a screen",
    "drafts.all": "one's own words",
    "drafts.keep": "one's own words",
    "recent_people.note": "who signed in here",
    "recent_people.all": "names at the door",
    "registration.check": "looks at a form and at no record",
    "key_images.places": "reads what the caller holds",
    "key_images.source": "reads what the caller holds",
    "imaging.filed": "numbers of files, asked by what fetches them after it was let in",
    "archives.lines": "names of archives, as IT listed them",
    "referrals.open_package": "the program's own: what a package may do is checked by its signature",
    "referrals.receive_arrivals": "the program's own, for sync",
    "referrals.open_waiting": "the program's own, for sync",
    "referrals.package_refusal": "a sentence about a case the caller holds",
    "result_inbox.take": "the program's own, for what devices send",
    "image_inbox.put": "the program's own, for what devices send",
    "image_inbox.take": "the program's own, for what devices send",
    "image_inbox.knows": "the program's own, for what devices send",
    "image_inbox.keeps": "the program's own, for what devices ask",
    "image_inbox.count": "a number",
    "image_orders.open_ones": "the program's own, for what devices ask",
    "image_orders.named": "the program's own, for what devices send",
    "image_network.start": "the program's own, at its start",
    "image_network.stop": "the program's own, at its end",
    "image_network.peers": "names of devices",
    "image_sending.archives": "names of archives",
    "result_inbox.count": "a number",
    "long_recordings.running": "what is recorded now, as the live traces",
    "limits.of": "numbers of a device",
    "limits.mark": "numbers of a device",
    "devices.subscribe": "the program's own, where it is wired",
    "devices.take_in": "the program's own, for what devices send",
    "devices.start": "the program's own, at its start",
    "devices.stop": "the program's own, at its end",
    "devices.configs": "what is plugged in",
    "devices.states": "what is plugged in",
    "devices.recent": "what a device says now, as the live traces",
}
"""Methods that ask no right, each with its reason."""
NO_SERVICES: Final = {"settings", "monitor_listener", "live_traces", "bedside", "sync", "clock"}
"""Fields of a workstation that know no patient by name."""


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    folder = tmp_path_factory.mktemp("ward")
    (folder / "empty").mkdir()
    with ward(folder) as made:
        yield made


def _is_refused(clinic: Ward, line: Line, session: Session, kind: Kind) -> bool:
    """Whether the gate itself refused; what a service says about the form or the state of the case does not count."""
    clinic.clock.advance(minutes=2)
    asked_at, is_raised = clinic.clock.now(), False
    try:
        line.ask(clinic, session, kind)
    except NotAllowedError:
        is_raised = True
    except ClinicError:
        pass
    newest = [row.event for row in clinic.store.audit.page(_ALL, 5)]
    is_noted = any(event.outcome == "4" and event.recorded >= asked_at for event in newest)
    assert is_raised or not is_noted, "a refusal was noted and not said"
    return is_noted


def test_every_public_method_of_every_service_has_a_line(clinic: Ward) -> None:
    methods = set()
    for field in fields(Workstation):
        if not field.name.startswith("_") and field.name not in NO_SERVICES:
            service = getattr(clinic.station, field.name)
            methods |= {
                f"{field.name}.{name}"
                for name, _ in inspect.getmembers(type(service), inspect.isfunction)
                if not name.startswith("_")
            }
    assert methods == set(LINES) | set(ASKS_NOBODY)
    assert not set(LINES) & set(ASKS_NOBODY)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("role", ROLES)
def test_the_table_decides_for_every_method_about_one_patient(clinic: Ward, role: Role, kind: Kind) -> None:
    session, wrong = clinic.session(role), {}
    for name, line in LINES.items():
        if line.is_about_one:
            allowed = may(role, line.action, line.type_name, HELD[kind])
            if _is_refused(clinic, line, session, kind) is allowed:
                wrong[name] = f"the table says {'yes' if allowed else 'no'}"
    assert wrong == {}


@pytest.mark.parametrize("role", ROLES)
def test_the_table_decides_for_every_method_about_nobody_or_a_list(clinic: Ward, role: Role) -> None:
    session, wrong = clinic.session(role), {}
    for name, line in LINES.items():
        if not line.is_about_one:
            allowed = may(role, line.action, line.type_name)
            if _is_refused(clinic, line, session, "own") is allowed:
                wrong[name] = f"the table says {'yes' if allowed else 'no'}"
    assert wrong == {}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", ["referrals.cases", "referrals.received", "consultations.worklist"])
def test_a_list_of_cases_shows_only_patients_its_reader_may_see(clinic: Ward, role: Role, name: str) -> None:
    with suppress(NotAllowedError):
        cases = LINES[name].ask(clinic, clinic.session(role), "own")
        shown = {case.task.for_.id.removeprefix("patient-") for case in cases}
        assert shown <= {kind for kind in KINDS if may(role, "read", "Task", HELD[kind])}


@pytest.mark.parametrize("role", ["registrar", "nurse", "doctor", "specialist", "laboratory"])
def test_a_search_shows_no_more_than_the_name_of_a_closed_record(clinic: Ward, role: Role) -> None:
    found = clinic.station.registration.search(clinic.session(role), "Тест")
    by_kind = {patient.id.removeprefix("patient-"): patient for patient in found}
    assert set(by_kind) == set(KINDS)
    for kind, patient in by_kind.items():
        is_open = may(role, "read", "Patient", HELD[kind])  # type: ignore[index]
        assert is_masked(patient) is not is_open, kind
        if not is_open:
            assert patient.version_id is None
            assert "IIN" not in repr(patient.identifier).upper()
            assert patient.managing_organization is None


def test_a_closed_record_in_hand_is_never_saved_over_the_whole_one(clinic: Ward) -> None:
    doctor = clinic.session("doctor")
    found = clinic.station.registration.search(doctor, "Тестrestricted")
    (masked,) = (each for each in found if each.id == "patient-restricted")
    clinic.station.break_glass.open(doctor, "patient-restricted", "emergency-treatment", "Есінен танды")
    with pytest.raises(ClinicError, match="changed this record"):
        clinic.station.registration.amend(doctor, masked, FORM)
    clinic.station.break_glass.end(doctor, "patient-restricted")
    assert len(clinic.store.records.get(Patient, "patient-restricted").identifier) == 2
