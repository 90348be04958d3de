"""Packages made by somebody who has real keys and means ill, or by a program with a fault: refused, nothing written."""

from __future__ import annotations

import io
import itertools
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic_app.access import node_keys, own_device
from clinic_app.foundation.errors import (
    ClinicError,
    InvalidInputError,
    KeyLockedError,
    NotAllowedError,
    UnreadableFileError,
)
from clinic_app.foundation.texts import LANGUAGES
from clinic_app.keys import NodeKeys, seal
from clinic_app.records import (
    DiagnosticReport,
    DocumentReference,
    HumanName,
    Observation,
    Organization,
    Patient,
    Practitioner,
    Reference,
    Resource,
    ServiceRequest,
    Task,
    TaskStatus,
    encode,
)
from clinic_app.referral import ReferralForm, UnknownSenderError
from clinic_app.referral.archive import BUNDLE, INDEX, MANIFEST, README, SIGNATURE, Caps, read_archive
from clinic_app.referral.bundle import build_document, read_document
from clinic_app.referral.cases import package_of
from clinic_app.referral.cover import Cover, index, readme
from clinic_app.referral.manifest import Manifest, decode_manifest, encode_manifest, file_entry
from clinic_app.terminology.specialties import SPECIALTIES, URGENCY_WORDS
from tests.helpers.clocks import NOON
from tests.helpers.nodes import CENTRE, DISTRICT, OUTSIDER, Node, form, introduce, node, patient_with_evidence

Files = dict[str, bytes]


@dataclass
class Three:
    """The hospital that asks, the one that is asked, and one that is neither; and one real package."""

    district: Node
    centre: Node
    outsider: Node
    files: Files

    def manifest(self, files: Files, **changes: Any) -> Manifest:
        """Return a manifest that fits ``files``, from the district to the centre."""
        before = decode_manifest(self.files[MANIFEST])
        listed = tuple(file_entry(path, data, "x") for path, data in files.items() if path not in (MANIFEST, SIGNATURE))
        return msgspec.structs.replace(before, files=listed, **changes)

    def sealed(self, files: Files, keys: NodeKeys | None = None, **changes: Any) -> bytes:
        """Return ``files`` as a package that the district signs, manifest and all."""
        manifest = encode_manifest(self.manifest(files, **changes))
        signature = (keys or node_keys(self.district.store)).sign_jws(manifest).encode()
        return self.raw({**files, MANIFEST: manifest, SIGNATURE: signature})

    def raw(self, files: Files, to: Node | None = None) -> bytes:
        """Return ``files`` zipped and sealed just as they are."""
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, data in files.items():
                archive.writestr(path, data)
        return seal(target.getvalue(), [node_keys((to or self.centre).store).age_recipient])

    def records(self) -> list[Resource]:
        """Return the records of the real package."""
        return list(read_document(self.files[BUNDLE]))

    def with_records(self, records: list[Resource]) -> bytes:
        """Return the package with other records, signed by the district."""
        author = Reference(reference="Practitioner/x")
        document = build_document("p", [encode(record) for record in records], author, NOON)
        return self.sealed({**self.files, BUNDLE: document})


@contextmanager
def _three(tmp_path: Path) -> Iterator[Three]:
    with (
        node(tmp_path / "district", DISTRICT) as district,
        node(tmp_path / "centre", CENTRE) as centre,
        node(tmp_path / "outsider", OUTSIDER) as outsider,
    ):
        introduce(district, centre, outsider)
        yield Three(district, centre, outsider, _files(district, centre))


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Three]:
    """Three hospitals for packages that are refused, and so change nothing."""
    with _three(tmp_path_factory.mktemp("three")) as made:
        yield made


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Three]:
    """Three hospitals for a test that changes something."""
    with _three(tmp_path) as made:
        yield made


def _sent(district: Node, question: str = "Тактика?") -> bytes:
    patient, evidence = patient_with_evidence(district)
    case = district.referrals.send(district.session("doctor"), patient.id, form(evidence, question))
    document = package_of(district.store, case.request)
    assert document is not None
    return district.store.blobs.read(document.content[0].attachment.sha256)


def _files(district: Node, centre: Node) -> Files:
    archive = zipfile.ZipFile(io.BytesIO(node_keys(centre.store).unseal(_sent(district))))
    return {name: archive.read(name) for name in archive.namelist()}


def _holdings(here: Node) -> int:
    kinds = (Patient, Task, ServiceRequest, Observation, DocumentReference, Organization, DiagnosticReport)
    return sum(len(here.store.records.find(kind)) for kind in kinds)


def _refused(three: Three, sealed: bytes, kind: type[ClinicError] = UnreadableFileError) -> None:
    before = _holdings(three.centre)
    with pytest.raises(kind) as refusal:
        three.centre.referrals.open_package(sealed)
    assert all(refusal.value.text.render(language) for language in LANGUAGES)
    assert _holdings(three.centre) == before


def test_a_package_made_by_the_book_is_taken(fresh: Three) -> None:
    assert fresh.centre.referrals.open_package(fresh.sealed(fresh.files)).patient is not None
    assert fresh.centre.referrals.open_package(fresh.with_records(fresh.records())).patient is not None


def test_a_package_of_another_name_is_the_same_package(fresh: Three, tmp_path: Path) -> None:
    path = tmp_path / "Жаңа құжат (2).bin"
    path.write_bytes(fresh.raw(fresh.files))
    first = fresh.centre.referrals.open_package(path)
    assert fresh.centre.referrals.open_package(fresh.raw(fresh.files)) == first
    assert len(fresh.centre.store.records.versions(Patient, first.patient.id if first.patient else "")) == 1


def test_the_manifest_of_another_package_fits_no_other(three: Three) -> None:
    other = _files(three.district, three.centre)
    for names in ((MANIFEST, SIGNATURE), (MANIFEST,), (SIGNATURE,), (BUNDLE,)):
        _refused(three, three.raw({**three.files, **{name: other[name] for name in names}}))


def test_every_file_left_out_is_missed(three: Three) -> None:
    for name in three.files:
        _refused(three, three.raw({path: data for path, data in three.files.items() if path != name}))


def test_every_file_swapped_for_another_is_noticed(three: Three) -> None:
    for one, other in itertools.combinations(sorted(three.files), 2):
        swapped = {**three.files, one: three.files[other], other: three.files[one]}
        with pytest.raises(ClinicError):
            three.centre.referrals.open_package(three.raw(swapped))


@pytest.mark.parametrize("name", ["KEY/K0000099.PNG", "FILES/F0000001", "DICOM/I9999999", "WAVEFORM/W0000099.dcm"])
def test_a_file_more_than_the_manifest_names_is_refused(three: Three, name: str) -> None:
    _refused(three, three.raw({**three.files, name: b"x"}))


@pytest.mark.parametrize(
    "name",
    [
        "../evil.exe",
        "/etc/passwd",
        "C:\\x",
        "KEY\\K0000001.PNG",
        "KEY/",
        "key/k0000001.png",
        "KEY/K0000001.PNG ",
        "CON",
    ],
)
def test_a_name_that_is_not_ours_is_refused_even_when_it_is_signed(three: Three, name: str) -> None:
    _refused(three, three.sealed({**three.files, name: b"x"}))


def test_who_is_not_a_recipient_in_the_signed_manifest_is_not_addressed(three: Three) -> None:
    other = node_keys(three.outsider.store).age_recipient
    _refused(three, three.sealed(three.files, recipients=(other,)), NotAllowedError)


def test_a_package_sealed_to_nobody_of_us_stays_shut(three: Three) -> None:
    _refused(three, three.raw(three.files, three.outsider), KeyLockedError)


def test_somebody_elses_signature_in_the_senders_name_does_not_hold(three: Three) -> None:
    for keys in (node_keys(three.outsider.store), node_keys(three.centre.store), NodeKeys.create()):
        _refused(three, three.sealed(three.files, keys))


@pytest.mark.parametrize("device", ["outsider", "unknown", "centre"])
def test_a_device_that_is_not_of_the_sending_hospital_is_unknown(three: Three, device: str) -> None:
    nodes = {"outsider": three.outsider, "centre": three.centre}
    device_id = own_device(nodes[device].store).id if device in nodes else "unheard"
    keys = node_keys(nodes[device].store) if device in nodes else NodeKeys.create()
    _refused(three, three.sealed(three.files, keys, sender_device=device_id), UnknownSenderError)


@pytest.mark.parametrize("status", ["inactive", "entered-in-error", "unknown"])
def test_a_revoked_workstation_sends_nothing_more(fresh: Three, status: str) -> None:
    device = own_device(fresh.district.store)
    meta = msgspec.structs.replace(device.meta, version_id="later", last_updated=NOON)
    revoked = encode(msgspec.structs.replace(device, status=status, meta=meta))
    fresh.centre.store.records.receive([revoked])
    _refused(fresh, fresh.sealed(fresh.files), UnknownSenderError)


def test_the_asked_hospital_cannot_make_a_question_in_the_askers_name(three: Three) -> None:
    """The centre signs a package about a Task the district is said to have written, and gives it to the district."""
    before = _holdings(three.district)
    keys = node_keys(three.centre.store)
    manifest = encode_manifest(
        three.manifest(
            three.files,
            sender_device=own_device(three.centre.store).id,
            sender_organization=CENTRE,
            task="new-task",
            recipients=(node_keys(three.district.store).age_recipient,),
        )
    )
    records = [_other_id(each) for each in three.records()]
    document = build_document("p", [encode(each) for each in records], Reference(), NOON)
    files = {**three.files, BUNDLE: document}
    manifest = encode_manifest(
        msgspec.structs.replace(
            decode_manifest(manifest),
            files=three.manifest(files).files,
            service_request="new-request",
            package_id="new",
        )
    )
    sealed = three.raw({**files, MANIFEST: manifest, SIGNATURE: keys.sign_jws(manifest).encode()}, three.district)
    with pytest.raises(UnreadableFileError):
        three.district.referrals.open_package(sealed)
    assert _holdings(three.district) == before


def _other_id(record: Resource) -> Resource:
    names = {Task: "new-task", ServiceRequest: "new-request"}
    return msgspec.structs.replace(record, id=names[type(record)]) if type(record) in names else record


@pytest.mark.parametrize("status", ["received", "in-progress", "completed", "failed", "entered-in-error"])
def test_a_package_brings_no_task_that_is_further_than_its_sender_may_move_it(three: Three, status: TaskStatus) -> None:
    records = [
        msgspec.structs.replace(each, status=status) if isinstance(each, Task) else each for each in three.records()
    ]
    _refused(three, three.with_records(records))


def _changed(three: Three, kind: type[Resource], change: Callable[[Any], Resource]) -> list[Resource]:
    return [change(each) if isinstance(each, kind) else each for each in three.records()]


SOMEBODY = Reference(reference="Patient/somebody-else")


@pytest.mark.parametrize("kind", [Observation, DocumentReference, ServiceRequest])
def test_evidence_of_a_second_patient_in_one_package_is_refused(three: Three, kind: type[Resource]) -> None:
    _refused(
        three, three.with_records(_changed(three, kind, lambda each: msgspec.structs.replace(each, subject=SOMEBODY)))
    )


def test_a_package_with_a_second_patient_or_with_none_of_its_task_is_refused(three: Three) -> None:
    second = Patient(id="somebody-else", name=(HumanName(family="Басқа"),))
    _refused(three, three.with_records([*three.records(), second]))
    _refused(
        three, three.with_records(_changed(three, Task, lambda task: msgspec.structs.replace(task, for_=SOMEBODY)))
    )
    _refused(
        three, three.with_records(_changed(three, Patient, lambda each: msgspec.structs.replace(each, id="other")))
    )


def test_a_package_brings_no_hospital_but_its_senders(fresh: Three) -> None:
    _refused(fresh, fresh.with_records([*fresh.records(), Organization(id="org-invented", name="National centre")]))
    own = Organization(id=DISTRICT, name="Another name")
    before = fresh.centre.store.records.get(Organization, DISTRICT)
    fresh.centre.referrals.open_package(fresh.with_records([*fresh.records(), own, Practitioner(id="doc")]))
    assert fresh.centre.store.records.get(Organization, DISTRICT) == before


@pytest.mark.parametrize("twice", [Task, ServiceRequest])
def test_two_questions_in_one_package_are_refused(three: Three, twice: type[Resource]) -> None:
    extra = [msgspec.structs.replace(each, id="second") for each in three.records() if isinstance(each, twice)]
    _refused(three, three.with_records([*three.records(), *extra]))


@pytest.mark.parametrize("field", ["task", "service_request"])
def test_a_manifest_that_names_another_case_is_refused(three: Three, field: str) -> None:
    _refused(three, three.sealed(three.files, **{field: "another"}))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"version": 1', b'"version": 2'),
        (b'"version": 1', b'"version": "1"'),
        (b"dala-referral-package", b"other"),
        (b'"size": ', b'"size": -'),
        (b'"recipients": [', b'"recipients": [], "x": ['),
        (b'"packageId": "', b'"packageId": "../'),
        (b'"created": "2026', b'"created": "2026x'),
    ],
)
def test_a_manifest_that_says_something_impossible_is_refused(three: Three, old: bytes, new: bytes) -> None:
    manifest = three.files[MANIFEST].replace(old, new)
    assert manifest != three.files[MANIFEST]
    signature = node_keys(three.district.store).sign_jws(manifest).encode()
    _refused(three, three.raw({**three.files, MANIFEST: manifest, SIGNATURE: signature}))


@pytest.mark.parametrize("signature", [b"", b".", b"..", b"a.b.c", b"\xff", "é".encode(), b"e30..e30", b"x" * 100_000])
def test_a_signature_that_is_none_is_refused(three: Three, signature: bytes) -> None:
    _refused(three, three.raw({**three.files, SIGNATURE: signature}))


def test_a_signature_of_no_algorithm_or_with_its_own_key_is_refused(three: Three) -> None:
    import base64

    def coded(data: bytes) -> bytes:
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    stranger = NodeKeys.create()
    payload = coded(three.files[MANIFEST])
    real = stranger.sign_jws(three.files[MANIFEST]).encode().rpartition(b".")[2]
    for header in (
        b'{"alg":"none"}',
        b'{"alg":"HS256"}',
        b'{"alg":"Ed25519","jwk":' + msgspec.json.encode(stranger.public_jwk) + b"}",
    ):
        for mark in (b"", real):
            _refused(three, three.raw({**three.files, SIGNATURE: coded(header) + b"." + payload + b"." + mark}))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_only_what_can_be_unpacked_within_bounds_is_unpacked(method: int) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        archive.writestr(README, b"x" * 100)
    with pytest.raises(UnreadableFileError):
        read_archive(target.getvalue())
    with pytest.raises(UnreadableFileError):
        read_archive(target.getvalue().replace(b"x", b"y"))


def test_a_size_that_is_a_lie_is_not_followed() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(README, b"x" * 5000)
    for lie in (0, 1, 4999, 5001, 1 << 31):
        data = bytearray(target.getvalue())
        place = data.rindex(b"PK\x01\x02")
        data[place + 24 : place + 28] = struct.pack("<I", lie)
        with pytest.raises(UnreadableFileError):
            read_archive(bytes(data), Caps(expanded_bytes=1 << 20))


def test_a_zip_with_a_password_is_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(README, b"x")
    data = bytearray(target.getvalue())
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(UnreadableFileError):
        read_archive(bytes(data))


SMALL = io.BytesIO()
with zipfile.ZipFile(SMALL, "w", zipfile.ZIP_DEFLATED) as _archive:
    for _name in (README, INDEX, MANIFEST, "KEY/K0000001.PNG"):
        _archive.writestr(_name, _name.encode() * 5)


@settings(max_examples=150, deadline=None)
@given(
    places=st.lists(st.tuples(st.integers(0, len(SMALL.getvalue()) - 1), st.integers(0, 255)), min_size=1, max_size=6)
)
def test_a_zip_changed_anywhere_is_a_sentence_and_never_a_fault(places: list[tuple[int, int]]) -> None:
    data = bytearray(SMALL.getvalue())
    for place, value in places:
        data[place] = value
    try:
        files = read_archive(bytes(data))
    except UnreadableFileError:
        return
    assert len(files) <= 4


def test_a_package_is_never_saved_under_a_name_another_hospital_chose(fresh: Three, tmp_path: Path) -> None:
    case = fresh.centre.referrals.open_package(fresh.raw(fresh.files))
    document = next(each for each in fresh.district.store.records.find(DocumentReference) if each.identifier)
    attachment = document.content[0].attachment
    for title in ("../evil.bat", "/tmp/evil", "C:\\evil.exe", ".."):
        evil = msgspec.structs.replace(
            document,
            content=(
                msgspec.structs.replace(
                    document.content[0], attachment=msgspec.structs.replace(attachment, title=title)
                ),
            ),
            meta=msgspec.structs.replace(document.meta, version_id=title.encode().hex()),
        )
        fresh.centre.store.records.receive([encode(evil)])
        fresh.centre.store.blobs.put(fresh.district.store.blobs.read(attachment.sha256))
        folder = tmp_path / "stick"
        folder.mkdir(exist_ok=True)
        target = fresh.centre.referrals.save_package(fresh.centre.session("specialist"), case.task.id, folder)
        assert target.parent == folder
        assert [each.name for each in folder.iterdir()] == [f"referral-{case.task.id}.zip.age"]
    assert [each.name for each in tmp_path.iterdir() if "evil" in each.name] == []


HOSTILE_WORDS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=y>',
    "{case}{0}{number!r}",
    "%s %(x)s",
    "\u202etxt.exe",
    "&amp;",
    "'",
]


@pytest.mark.parametrize("words", HOSTILE_WORDS)
def test_words_on_the_cover_are_words_in_every_language(words: str) -> None:
    cover = Cover(words, words, words, SPECIALTIES[0].words, URGENCY_WORDS["stat"], words, NOON)
    page = index(cover, ()).decode()
    assert page.count("<") == index(
        Cover("", "", "", SPECIALTIES[0].words, URGENCY_WORDS["stat"], "", NOON), ()
    ).decode().count("<")
    assert "<script" not in page
    assert "onerror=y>" not in page
    assert words in readme(cover).decode("utf-8-sig")
    for language in LANGUAGES:
        assert SPECIALTIES[0].words.render(language) in page


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=st.text(max_size=60), specialty=st.text(max_size=12), hospital=st.text(max_size=12))
def test_whatever_is_typed_is_sent_as_typed_or_refused_at_its_field(
    fresh: Three, question: str, specialty: str, hospital: str
) -> None:
    doctor = fresh.district.session("doctor")
    patient = fresh.district.store.records.find(Patient)[0]
    for form_ in (
        ReferralForm("cardiology", "stat", question, CENTRE),
        ReferralForm(specialty, "stat", "?", CENTRE),
        ReferralForm("cardiology", "stat", "?", hospital),
    ):
        refused_at = "question"
        waiting = fresh.district.store.outbox.count()
        try:
            case = fresh.district.referrals.send(doctor, patient.id, form_)
        except InvalidInputError as error:
            refused_at = error.field
            assert fresh.district.store.outbox.count() == waiting
        else:
            assert case.question == form_.question.strip()
        assert refused_at in ("question", "specialty", "performer_organization_id")
