"""A package with one byte changed, or cut, anywhere: a clear sentence and nothing half-written."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.foundation.errors import ClinicError, InvalidInputError, UnreadableFileError
from clinic_app.foundation.texts import LANGUAGES, Text
from clinic_app.keys import NodeKeys
from clinic_app.records import Patient, Reference, ServiceRequest, Task, encode
from clinic_app.referral.archive import Caps, PackedFile, read_archive, write_archive
from clinic_app.referral.bundle import build_document, read_document
from clinic_app.referral.cover import Cover
from clinic_app.referral.manifest import decode_manifest
from clinic_app.referral.package import PackageSource, build_package, open_package

SENDER = NodeKeys.create()
READER = NodeKeys.create()
NOW = datetime(2026, 3, 5, 7, 0, tzinfo=UTC)
ABOUT = Reference(reference="Patient/p")


def _source() -> PackageSource:
    records = (
        Patient(id="p"),
        ServiceRequest(id="s", status="active", intent="order", subject=ABOUT),
        Task(id="t", status="requested", intent="order"),
    )
    document = build_document("pkg", [encode(each) for each in records], Reference(display="Dr"), NOW)
    cover = Cover("2603-1", "Қасымов", "Хромтау", Text("Cardiology"), Text("Emergency"), "Неге?", NOW)
    evidence = (PackedFile("KEY/K0000001.PNG", b"\x89PNG" * 50, "image/png"),)
    return PackageSource("pkg", "s", "t", "org", "device", NOW, cover, document, evidence)


PACKAGE = build_package(_source(), [READER.age_recipient], SENDER)


def _key(device: str, organization: str) -> Mapping[str, Any]:
    assert (device, organization) == ("device", "org")
    return SENDER.public_jwk


def test_an_untouched_package_opens() -> None:
    opened = open_package(PACKAGE, READER, _key)
    assert [record.type_name for record in opened.records] == ["Patient", "ServiceRequest", "Task"]
    assert list(opened.contents.values()) == [b"\x89PNG" * 50]


@settings(max_examples=300, deadline=None)
@given(place=st.integers(0, len(PACKAGE) - 1), flip=st.integers(1, 255))
def test_one_changed_byte_anywhere_is_refused(place: int, flip: int) -> None:
    changed = bytearray(PACKAGE)
    changed[place] ^= flip
    with pytest.raises(ClinicError) as caught:
        open_package(bytes(changed), READER, _key)
    assert all(caught.value.text.render(language) for language in LANGUAGES)


@settings(max_examples=150, deadline=None)
@given(length=st.integers(0, len(PACKAGE) - 1))
def test_a_cut_package_is_refused(length: int) -> None:
    with pytest.raises(ClinicError):
        open_package(PACKAGE[:length], READER, _key)


@settings(max_examples=200, deadline=None)
@given(garbage=st.binary(max_size=400))
def test_anything_else_is_refused(garbage: bytes) -> None:
    for data in (garbage, b"age-encryption.org/v1\n" + garbage):
        with pytest.raises(ClinicError):
            open_package(data, READER, _key)
    for read in (read_archive, decode_manifest, read_document):
        with pytest.raises(ClinicError):
            read(garbage)


INNER = READER.unseal(PACKAGE)


@settings(max_examples=300, deadline=None)
@given(place=st.integers(0, len(INNER) - 1), flip=st.integers(1, 255))
def test_one_changed_byte_inside_is_refused_or_means_nothing(place: int, flip: int) -> None:
    """Padding of the ZIP format may change without changing a file; then everything else must be as it was."""
    from clinic_app.keys import seal

    changed = bytearray(INNER)
    changed[place] ^= flip
    try:
        opened = open_package(seal(bytes(changed), [READER.age_recipient]), READER, _key)
    except ClinicError:
        return
    assert opened == open_package(PACKAGE, READER, _key)


def _zip(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "name",
    [
        "../README.TXT",
        "/README.TXT",
        "C:\\README.TXT",
        "DICOM/CON",
        "DICOM/../x",
        "KEY/K0000001.EXE",
        "readme.txt",
        "KEY/K\u0660\u0660\u0660\u0660\u0660\u0660\u0661.PNG",
        "KEY/",
    ],
)
def test_only_names_of_ours_are_read(name: str) -> None:
    with pytest.raises(UnreadableFileError):
        read_archive(_zip({name: b"x"}))


def test_a_bomb_is_refused_before_it_goes_off() -> None:
    bomb = _zip({"DICOM/I0000001": bytes(80 << 20)})
    assert len(bomb) < 200_000
    with pytest.raises(UnreadableFileError):
        read_archive(bomb)


def test_too_many_entries_are_refused() -> None:
    many = _zip({f"DICOM/I{number:07d}": b"" for number in range(20)})
    with pytest.raises(UnreadableFileError):
        read_archive(many, Caps(entries=10))


def test_too_much_evidence_is_a_sentence_before_it_is_sent() -> None:
    with pytest.raises(InvalidInputError):
        write_archive([PackedFile("DICOM/I0000001", b"x" * 1000, "application/dicom")], Caps(expanded_bytes=999))


def test_a_name_twice_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("KEY/K0000001.PNG", b"a")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("KEY/K0000001.PNG", b"b")
    with pytest.raises(UnreadableFileError):
        read_archive(buffer.getvalue())


def test_the_same_evidence_makes_the_same_archive() -> None:
    files = [PackedFile("KEY/K0000001.PNG", b"x" * 100, "image/png")]
    assert write_archive(files) == write_archive(files)


def test_a_file_larger_than_the_cap_is_not_even_unsealed() -> None:
    with pytest.raises(UnreadableFileError, match="too large"):
        open_package(PACKAGE, READER, _key, Caps(sealed_bytes=10))


def _changes() -> Iterator[bytes]:
    yield encode(Task(id="t", status="requested", intent="order"))
    yield b'{"resourceType":"Bundle","id":"b","type":"document","entry":[]}'
    yield b'{"resourceType":"Bundle","id":"b","type":"collection"}'


@pytest.mark.parametrize("data", list(_changes()))
def test_a_bundle_that_is_no_document_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableFileError):
        read_document(data)


def test_a_document_brings_no_foreign_types() -> None:
    from clinic_app.records import Practitioner, Provenance

    bad = Provenance(id="x", target=(), recorded=NOW, agent=())
    data = build_document("pkg", [encode(Practitioner(id="d")), encode(bad)], Reference(), NOW)
    with pytest.raises(UnreadableFileError):
        read_document(data)
