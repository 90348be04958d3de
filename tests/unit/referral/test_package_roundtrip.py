"""A package goes from one workstation to another without a hub, as on a stick."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from clinic_app.access import node_keys
from clinic_app.foundation.errors import (
    ClinicError,
    InvalidInputError,
    NotAllowedError,
    UnreadableFileError,
)
from clinic_app.keys import NodeKeys, seal
from clinic_app.records import (
    AllergyIntolerance,
    DocumentReference,
    ImagingStudy,
    Observation,
    Patient,
    Reference,
    Task,
)
from clinic_app.referral import UnknownSenderError
from clinic_app.referral.cases import package_of
from clinic_app.storage import Store
from tests.helpers.nodes import CENTRE, DISTRICT, OUTSIDER, Node, form, introduce, node, patient_with_evidence


@pytest.fixture
def district(tmp_path: Path) -> Iterator[Node]:
    with node(tmp_path / "district", DISTRICT) as made:
        yield made


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Node]:
    with node(tmp_path / "centre", CENTRE) as made:
        yield made


def _sealed(district: Node) -> bytes:
    patient, evidence = patient_with_evidence(district)
    case = district.referrals.send(district.session("doctor"), patient.id, form(evidence))
    document = package_of(district.store, case.request)
    assert document is not None
    return district.store.blobs.read(document.content[0].attachment.sha256)


def _count(store: Store) -> int:
    return sum(
        len(store.records.find(kind)) for kind in (Patient, Task, Observation, DocumentReference, AllergyIntolerance)
    )


def test_the_case_is_saved_here_until_somebody_takes_it(district: Node, centre: Node) -> None:
    introduce(district, centre)
    patient, evidence = patient_with_evidence(district)
    case = district.referrals.send(district.session("doctor"), patient.id, form(evidence))
    assert case.progress == "saved-here"
    assert case.hub_received_at is None
    assert case.sent_at == district.clock.now()
    assert [row.lane for row in district.store.outbox.rows_for("Task", case.task.id)] == ["emergency"]


def test_the_specialist_gets_the_same_records_and_contents(district: Node, centre: Node) -> None:
    introduce(district, centre)
    case = centre.referrals.open_package(_sealed(district))
    assert case.patient is not None
    assert case.patient.full_name == "Қасымов Нұрлан"
    assert case.question == "Ырғағы қалай? Тактика?"
    evidence = centre.consultations.evidence(centre.session("specialist"), case.task.id)
    assert (len(evidence.recordings), len(evidence.studies), len(evidence.vitals), len(evidence.key_images)) == (
        1,
        1,
        1,
        1,
    )
    for document in evidence.recordings + evidence.key_images:
        sha256 = document.content[0].attachment.sha256
        assert centre.store.blobs.read(sha256) == district.store.blobs.read(sha256)
    assert b"72.50" in centre.store.records.body(Observation, evidence.vitals[0].id)
    assert [each.code.text for each in centre.store.records.find(AllergyIntolerance) if each.code] == ["Пенициллин"]


def test_opening_twice_changes_nothing(district: Node, centre: Node) -> None:
    introduce(district, centre)
    sealed = _sealed(district)
    first = centre.referrals.open_package(sealed)
    assert centre.referrals.open_package(sealed) == first
    assert len(centre.store.records.versions(Task, first.task.id)) == 1


def test_a_package_opens_with_ordinary_tools(district: Node, centre: Node) -> None:
    introduce(district, centre)
    files = zipfile.ZipFile(io.BytesIO(node_keys(centre.store).unseal(_sealed(district))))
    readme = files.read("README.TXT").decode("utf-8-sig")
    assert readme.count("INDEX.HTM") == 3
    assert "<script" not in files.read("INDEX.HTM").decode()
    assert "Қасымов" in files.read("INDEX.HTM").decode()
    bundle = json.loads(files.read("IHE_XDM/SUBSET01/BUNDLE.JSON"))
    assert bundle["type"] == "document"
    assert bundle["entry"][0]["resource"]["resourceType"] == "Composition"
    manifest = json.loads(files.read("MANIFEST.JSON"))
    listed = {each["path"] for each in manifest["files"]}
    assert listed | {"MANIFEST.JSON", "MANIFEST.JWS"} == set(files.namelist())
    assert {path.split("/")[0] for path in listed} >= {"WAVEFORM", "DICOM", "KEY"}
    assert node_keys(centre.store).age_recipient in manifest["recipients"]


def test_the_sender_can_open_his_own_package(district: Node, centre: Node) -> None:
    introduce(district, centre)
    case = district.referrals.open_package(_sealed(district))
    assert case.task.requester is not None
    assert case.task.requester.id == DISTRICT


def test_a_third_hospital_cannot_open_it(district: Node, centre: Node, tmp_path: Path) -> None:
    with node(tmp_path / "outsider", OUTSIDER) as outsider:
        introduce(district, centre, outsider)
        before = _count(outsider.store)
        with pytest.raises(ClinicError):
            outsider.referrals.open_package(_sealed(district))
        assert _count(outsider.store) == before


def test_an_addressee_cannot_pass_it_on_in_the_senders_name(district: Node, centre: Node, tmp_path: Path) -> None:
    with node(tmp_path / "outsider", OUTSIDER) as outsider:
        introduce(district, centre, outsider)
        inner = node_keys(centre.store).unseal(_sealed(district))
        passed_on = seal(inner, [node_keys(outsider.store).age_recipient])
        with pytest.raises(NotAllowedError):
            outsider.referrals.open_package(passed_on)
        assert outsider.store.records.find(Patient) == ()


def test_an_unknown_sender_is_asked_for_later(district: Node, centre: Node) -> None:
    introduce(centre, district)
    sealed = _sealed(district)
    keys = node_keys(centre.store)
    with node(district.store.folder.parent / "fresh", CENTRE) as fresh:
        resealed = seal(keys.unseal(sealed), [node_keys(fresh.store).age_recipient])
        with pytest.raises(UnknownSenderError):
            fresh.referrals.open_package(resealed)


def _rewritten(district: Node, centre: Node, change: str) -> bytes:
    """Return a package whose inside was changed and sealed again, as whoever holds a recipient's name can do."""
    keys = node_keys(centre.store)
    source = zipfile.ZipFile(io.BytesIO(keys.unseal(_sealed(district))))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in source.namelist():
            data = source.read(name)
            if change == "content" and name.startswith("KEY/"):
                data = data[:-1] + bytes([data[-1] ^ 1])
            if change == "bundle" and name.endswith("BUNDLE.JSON"):
                data = data.replace("Қасымов".encode(), "Қасымаа".encode())
            if change == "manifest" and name == "MANIFEST.JSON":
                data = data.replace(b'"routine"', b'"stat"').replace(b'"2026', b'"2027')
            if change == "signature" and name == "MANIFEST.JWS":
                data = NodeKeys.create().sign_jws(source.read("MANIFEST.JSON")).encode()
            if change == "no-signature" and name == "MANIFEST.JWS":
                continue
            archive.writestr(name, data)
        if change == "extra":
            archive.writestr("KEY/K0000099.PNG", b"x")
        if change == "slip":
            archive.writestr("../../evil.exe", b"x")
    return seal(target.getvalue(), [keys.age_recipient])


@pytest.mark.parametrize("change", ["content", "bundle", "manifest", "signature", "no-signature", "extra", "slip"])
def test_a_changed_inside_is_refused_and_nothing_is_written(district: Node, centre: Node, change: str) -> None:
    introduce(district, centre)
    before = _count(centre.store)
    with pytest.raises(UnreadableFileError):
        centre.referrals.open_package(_rewritten(district, centre, change))
    assert _count(centre.store) == before


def test_evidence_of_another_patient_is_refused(district: Node, centre: Node) -> None:
    introduce(district, centre)
    patient, _ = patient_with_evidence(district)
    _, foreign = patient_with_evidence(district)
    with pytest.raises(InvalidInputError, match="another patient"):
        district.referrals.send(district.session("doctor"), patient.id, form(foreign))
    assert district.store.records.find(Task) == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [("specialty", "astrology"), ("question", "  "), ("performer_organization_id", "nowhere"), ("urgency", "soon")],
)
def test_a_form_that_cannot_be_names_its_field(district: Node, centre: Node, field: str, value: str) -> None:
    import dataclasses

    introduce(district, centre)
    patient, evidence = patient_with_evidence(district)
    wrong = dataclasses.replace(form(evidence), **{field: value})
    with pytest.raises(InvalidInputError) as caught:
        district.referrals.send(district.session("doctor"), patient.id, wrong)
    assert caught.value.field == field


def test_a_nurse_cannot_refer(district: Node, centre: Node) -> None:
    introduce(district, centre)
    patient, evidence = patient_with_evidence(district)
    with pytest.raises(NotAllowedError):
        district.referrals.send(district.session("nurse"), patient.id, form(evidence))


def test_a_hospital_without_a_workstation_cannot_be_asked(district: Node, centre: Node) -> None:
    introduce(district, centre)
    patient, evidence = patient_with_evidence(district)
    import msgspec

    from clinic_app.records import Device, encode

    device = next(each for each in district.store.records.find(Device) if each.owner and each.owner.id == CENTRE)
    gone = msgspec.structs.replace(device, status="inactive")
    meta = msgspec.structs.replace(gone.meta, version_id="later", last_updated=None)
    district.store.records.receive([encode(msgspec.structs.replace(gone, meta=meta))])
    with pytest.raises(InvalidInputError, match="no workstation"):
        district.referrals.send(district.session("doctor"), patient.id, form(evidence))


def test_a_package_cannot_overwrite_a_patient_of_this_hospital(district: Node, centre: Node) -> None:
    introduce(district, centre)
    patient, evidence = patient_with_evidence(district)
    district.referrals.send(district.session("doctor"), patient.id, form(evidence))
    sealed = _sealed(district)
    case = centre.referrals.open_package(sealed)
    assert case.patient is not None
    assert case.patient.meta is not None
    assert case.patient.meta.source == f"Organization/{DISTRICT}"


def test_the_package_can_be_carried_on_a_stick(district: Node, centre: Node, tmp_path: Path) -> None:
    introduce(district, centre)
    patient, evidence = patient_with_evidence(district)
    doctor = district.session("doctor")
    case = district.referrals.send(doctor, patient.id, form(evidence))
    file = district.referrals.save_package(doctor, case.task.id, tmp_path / "stick")
    assert file.name.endswith(".zip.age")
    assert centre.referrals.open_package(file).number == case.number


def test_no_evidence_at_all_is_allowed(district: Node, centre: Node) -> None:
    introduce(district, centre)
    patient, _ = patient_with_evidence(district)
    case = district.referrals.send(district.session("doctor"), patient.id, form(()))
    assert case.request is not None
    assert len(case.request.supporting_info) == 1


def test_other_records_are_no_evidence(district: Node, centre: Node) -> None:
    introduce(district, centre)
    patient, _ = patient_with_evidence(district)
    wrong = (Reference(reference=f"Patient/{patient.id}"),)
    with pytest.raises(InvalidInputError):
        district.referrals.send(district.session("doctor"), patient.id, form(wrong))


def test_studies_keep_their_original_objects(district: Node, centre: Node) -> None:
    introduce(district, centre)
    centre.referrals.open_package(_sealed(district))
    (study,) = centre.store.records.find(ImagingStudy)
    sha256 = study.series[0].instance[0].extension[0].value_string or ""
    assert centre.store.blobs.read(sha256)[128:132] == b"DICM"
