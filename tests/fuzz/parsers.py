"""Every parser that a stranger's bytes reach, with seeds made on the fly."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import tempfile
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

import imagecodecs
import numpy as np
from pydicom.data import get_testdata_file

from clinic_app.devices.hl7.message import acknowledgement, parse, parse_timestamp
from clinic_app.devices.hl7.mllp import Deframer, frame
from clinic_app.devices.hl7.waves import read_numerics, read_waves
from clinic_app.foundation.apart import Answer
from clinic_app.foundation.apart.jobs import receive_answer, send
from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.folding import name_keys
from clinic_app.foundation.numbers import parse_number
from clinic_app.hub.fhir_conditions import read_preconditions
from clinic_app.hub.fhir_patch import patched
from clinic_app.hub.fhir_write_bundles import read_requests
from clinic_app.hub.fhir_write_references import References
from clinic_app.imaging import Seen, Window
from clinic_app.imaging.codestream import coded_bytes, stated_size
from clinic_app.imaging.display.geometry import plane_of
from clinic_app.imaging.display.layers import Mark
from clinic_app.imaging.frame import frame_of
from clinic_app.imaging.objects.key_object import key_object_of, write_key_object
from clinic_app.imaging.objects.pages import document_of
from clinic_app.imaging.objects.presentation import presentation_of
from clinic_app.imaging.objects.presentation_writing import write_presentation
from clinic_app.imaging.objects.references import ImageReference
from clinic_app.imaging.objects.report import report_of
from clinic_app.imaging.objects.segmentation import Segmentation
from clinic_app.imaging.objects.structures import Structures
from clinic_app.imaging.reading import read_dataset, uid_of
from clinic_app.imaging.texts import proposal_for
from clinic_app.keys import NodeKeys, seal, verify_jws
from clinic_app.keys.recovery_code import new_code, read_code
from clinic_app.keys.slot_file import SlotFile, _parsed
from clinic_app.keys.wrapping import identity_of
from clinic_app.records import Patient, Reference, Task, decode, encode
from clinic_app.referral.archive import Caps, read_archive
from clinic_app.referral.bundle import build_document, read_document, with_source
from clinic_app.referral.manifest import decode_manifest
from clinic_app.registration.iin import check_iin
from clinic_app.settings import load_settings
from clinic_app.storage.contents.blob_format import HEADER_BYTES, BlobCipher, content_size, read_chunk
from clinic_app.storage.exchange.exchange import Change, Write
from clinic_app.storage.indexes import entries, search_keys
from clinic_app.storage.patient_search import match_expression
from clinic_app.sync.wire import (
    decode_history,
    decode_transaction,
    encode_history,
    encode_transaction,
    etag_version,
    outcome_words,
)
from clinic_app.waveforms import RecordedChannel, Recording, from_dicom, to_dicom
from tests.fuzz.device_parsers import DEVICE_PARSERS
from tests.fuzz.image_parsers import IMAGE_PARSERS
from tests.fuzz.network_parsers import NETWORK_PARSERS
from tests.fuzz.parser import Parser
from tests.fuzz.recording_parsers import RECORDING_PARSERS

MOMENT: Final = datetime(2026, 3, 5, 7, 0, tzinfo=UTC)
KEY: Final = bytes(range(32))
_PICTURES: Final = (
    "SC_rgb_small_odd.dcm",
    "SC_rgb_small_odd_jpeg.dcm",
    "SC_rgb_rle.dcm",
    "MR_small_jp2klossless.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "rtdose_rle_1frame.dcm",
)
"""Small ones that pydicom ships, of each way to pack pixels."""
_ORU: Final = (
    b"MSH|^~\\&|M||DALA||20260305070000.0000+0000||ORU^R01^ORU_R01|1|P|2.6||||||UNICODE UTF-8\r"
    b"OBR|1||||||20260305070000.0000+0000\r"
    b"OBX||NA|131330^MDC_ECG_LEAD_II^MDC^II|1.1.1.1|1^2^-3^^4||||||R\r"
    b"OBX||NM|67982^MDC_ATTR_SAMP_RATE^MDC|1.1.1.1.1|500|/s|||||R\r"
    b"OBX||NM|67983^MDC_ATTR_NU_MSMT_RES^MDC|1.1.1.1.2|0.5|uV|||||R\r"
    b"OBX||NM|147842^MDC_ECG_HEART_RATE^MDC|1.0.1|72|/min|||||R\r"
)


# --- pictures and signals ---


def _dicom(data: bytes) -> None:
    dataset = read_dataset(data)
    uid_of(dataset, "SOPInstanceUID")
    frame_of(dataset, 0)


def _small_pictures() -> tuple[bytes, ...]:
    return tuple(map(_shipped, _PICTURES))


def _shipped(name: str) -> bytes:
    return Path(str(get_testdata_file(name, download=False))).read_bytes()


def _codestream(data: bytes) -> None:
    stated_size(data)
    assert 0 <= coded_bytes(data) <= max(len(data), 0)


def _frames() -> tuple[bytes, ...]:
    small = np.arange(64 * 48, dtype=np.uint8).reshape(48, 64)
    return (
        imagecodecs.jpeg8_encode(small, level=50),
        imagecodecs.ljpeg_encode(small),
        imagecodecs.jpegls_encode(small),
        imagecodecs.jpeg2k_encode(small, level=0, codecformat="jp2"),
    )


def _object(data: bytes) -> None:
    """A file that speaks of pictures: each reading of it that may be asked for, and whose letters they are."""
    dataset = read_dataset(data)
    proposal_for(dataset)
    for read in (report_of, key_object_of, presentation_of, Structures, Segmentation, document_of):
        with contextlib.suppress(ClinicError):
            read(dataset)
    plane_of(dataset, 0)


def _objects() -> tuple[bytes, ...]:
    picture = read_dataset(_shipped("MR_small_jp2klossless.dcm"))
    image = ImageReference("1.2.3", (), "1.2.840.10008.5.1.4.1.1.2")
    seen = Seen(frame_of(picture, 0), Window(600, 1600), marks=(Mark("polyline", ((1, 2), (3, 4))),))
    return (
        write_presentation(picture, ("1.2", image), seen, author="A", at=MOMENT),
        write_key_object(picture, [("1.2", image)], words="Ж", at=MOMENT),
        _shipped("test-SR.dcm"),
        _shipped("rtstruct.dcm"),
        _shipped("liver_1frame.dcm"),
    )


def _answer(data: bytes) -> None:
    """What a child that was taken over might say."""
    with contextlib.suppress(EOFError):
        receive_answer(io.BytesIO(data), memoryview(bytearray(16)))


def _answers() -> tuple[bytes, ...]:
    target = io.BytesIO()
    send(target, Answer((2, 2)), b"abcd")
    return (target.getvalue(),)


def _recordings() -> tuple[bytes, ...]:
    wave = (np.arange(200, dtype=np.float32) % 60) - 30
    return to_dicom(Recording((RecordedChannel("MDC_ECG_LEAD_II", "II", "uV", 500.0, wave),), MOMENT, "M"))


# --- lines ---


def _hl7(data: bytes) -> None:
    message = parse(data)
    acknowledgement(message, "AA", MOMENT)
    read_numerics(message)
    read_waves(message)


def _mllp(data: bytes) -> None:
    deframer = Deframer(2000)
    step = 1 + (data[0] if data else 0) % 50
    found = [message for at in range(0, len(data), step) for message in deframer.feed(data[at : at + step])]
    assert sum(map(len, found)) <= len(data)


# --- packages and keys ---


@cache
def _keys() -> NodeKeys:
    return NodeKeys.create()


def _archive() -> tuple[bytes, ...]:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("README.TXT", "MANIFEST.JSON", "DICOM/I0000001"):
            archive.writestr(name, name.encode() * 20)
    return (target.getvalue(),)


def _document() -> tuple[bytes, ...]:
    bodies = (encode(Patient(id="p1")), encode(Task(id="t1", status="requested", intent="order")))
    return (build_document("d", bodies, Reference(reference="Practitioner/x"), MOMENT),)


def _manifest() -> tuple[bytes, ...]:
    told = {
        "format": "dala-referral-package", "version": 1, "packageId": "p", "serviceRequest": "s", "task": "t",
        "senderOrganization": "o", "senderDevice": "d", "recipients": ["age1x"], "created": "2026-03-05T07:00:00Z",
        "files": [{"path": "README.TXT", "sha256": "0" * 64, "size": 1, "mime": "text/plain"}],
    }  # fmt: skip
    return (json.dumps(told).encode(),)


def _signature(data: bytes) -> None:
    payload = verify_jws(data.decode("latin-1"), _keys().public_jwk)
    assert payload == b"payload", "a signature nobody made holds"


def _envelope(data: bytes) -> None:
    assert _keys().unseal(data) == b"inside", "what nobody sealed opens"


def _slots(data: bytes) -> None:
    file = _parsed(data)
    assert file is None or isinstance(file, SlotFile)


def _blob(data: bytes) -> None:
    cipher = BlobCipher.of_header(KEY, hashlib.sha256(b"content").hexdigest(), data[:HEADER_BYTES])
    assert read_chunk(io.BytesIO(data), cipher, 0, content_size(len(data))) == b"content"


def _sealed_blob() -> tuple[bytes, ...]:
    sealed = BlobCipher.fresh(KEY, hashlib.sha256(b"content").hexdigest()).seal([b"content"])
    return (b"".join(sealed),)


# --- records ---


def _record(data: bytes) -> None:
    record = decode(data)
    entries(record)
    decode(encode(record, data))
    with_source(data, "Organization/x")
    if isinstance(record, Patient):
        search_keys(record)


def _bodies() -> tuple[bytes, ...]:
    return (
        b'{"resourceType":"Patient","id":"p1","name":[{"family":"K","given":["N"]}],"birthDate":"1964-03-05","x":[1.50]}',
        b'{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"valueQuantity":{"value":72.50}}',
        b'{"resourceType":"Task","id":"t","status":"requested","intent":"order","for":{"reference":"Patient/p1"}}',
    )


def _history(data: bytes) -> None:
    decode_history(data)
    outcome_words(data)


def _page() -> tuple[bytes, ...]:
    return (encode_history([Change("Patient", "p1", _bodies()[0], MOMENT)], "$changes?cursor=1"),)


# --- words ---


def _settings(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "settings.toml").write_bytes(data)
        load_settings(Path(folder))


def _words(data: bytes) -> None:
    words = data.decode("utf-8", "replace")
    expression = match_expression(words, "sqlite")
    assert expression.count('"') % 2 == 0
    match_expression(words, "postgresql")
    assert all(key.isalnum() for key in name_keys(words))


def _bundles() -> tuple[bytes, ...]:
    patient = b'{"resourceType":"Patient","link":[{"other":{"reference":"urn:uuid:p"}}]}'
    wish = b'{"fullUrl":"urn:uuid:p","resource":%s,"request":{"method":"POST","url":"Patient","ifNoneExist":"_id=a"}}'
    reading = b'{"request":{"method":"GET","url":"Patient?identifier=s|1"}}'
    patch = b'{"resource":{"resourceType":"Binary","contentType":"application/json-patch+json","data":"%s"},%s}'
    data = base64.b64encode(_patches()[0])
    change = patch % (data, b'"request":{"method":"PATCH","url":"Patient/p1","ifMatch":"W/\\"1\\""}')
    bundle = b'{"resourceType":"Bundle","type":"%s","entry":[%s]}'
    entries = b",".join((wish % patient, reading, change))
    return bundle % (b"batch", entries), bundle % (b"transaction", entries)


def _patches() -> tuple[bytes, ...]:
    return (
        b'[{"op":"add","path":"/name/-","value":{"family":"A"}},{"op":"test","path":"/id","value":"p1"}]',
        b'[{"op":"copy","from":"","path":"/x"},{"op":"move","from":"/x/id","path":"/y"},{"op":"remove","path":"/x"}]',
    )


def _with_names(data: bytes) -> None:
    References({"urn:uuid:p": "Patient/p1"}, lambda kind, _: f"{kind}/p1").written_out(data)


def _condition(data: bytes) -> None:
    words = data.decode("latin-1")
    for method, name in (("POST", "if-none-exist"), ("PUT", "if-match"), ("PUT", "if-none-match")):
        with contextlib.suppress(ClinicError):
            read_preconditions("Patient", method, {name: words})


PARSERS: Final[Mapping[str, Parser]] = {
    "dicom": Parser(_dicom, _small_pictures, 65_536),
    "dicom object": Parser(_object, _objects, 65_536),
    "decoder's answer": Parser(_answer, _answers, 200),
    "codestream": Parser(_codestream, _frames),
    "recording": Parser(from_dicom, _recordings),
    "hl7": Parser(_hl7, lambda: (_ORU,)),
    "timestamp": Parser(
        lambda data: parse_timestamp(data.decode("latin-1")), lambda: (b"20260305070000.1234+0500",), 64
    ),
    "mllp": Parser(_mllp, lambda: (frame(_ORU) * 3, b"noise" + frame(b"x"))),
    "archive": Parser(lambda data: read_archive(data, Caps(expanded_bytes=1 << 20)), _archive),
    "document": Parser(read_document, _document),
    "manifest": Parser(decode_manifest, _manifest),
    "signature": Parser(_signature, lambda: (_keys().sign_jws(b"payload").encode(),)),
    "envelope": Parser(_envelope, lambda: (seal(b"inside", [_keys().age_recipient]),)),
    "slots": Parser(
        _slots, lambda: (b'{"site":"s","slots":[{"id":"1","kind":"file","nonce":"AAAA","sealed":"AAAA"}]}',)
    ),
    "recovery code": Parser(
        lambda data: read_code(data.decode("utf-8", "replace")), lambda: (new_code()[0].encode(),), 200
    ),
    "escrow key": Parser(
        lambda data: identity_of(data.decode("utf-8", "replace")), lambda: (b"AGE-SECRET-KEY-1QQ",), 400
    ),
    "blob": Parser(_blob, _sealed_blob),
    "record": Parser(_record, _bodies),
    "transaction": Parser(
        decode_transaction, lambda: (encode_transaction([Write("Patient", "p1", _bodies()[0], None)]),)
    ),
    "bundle": Parser(read_requests, _bundles),
    "references": Parser(_with_names, _bundles),
    "patch": Parser(lambda data: patched(_bodies()[0], data), _patches),
    "condition": Parser(_condition, lambda: (b"identifier=s%7C1&_id=a,b", b'W/"3"', b"birthdate=ge1964"), 200),
    "history": Parser(_history, _page),
    "etag": Parser(lambda data: etag_version(data.decode("latin-1")), lambda: (b'W/"3"',), 100),
    "settings": Parser(_settings, lambda: (b'monitor_port = 6661\nlanguage = "ru"\n',)),
    "words": Parser(_words, lambda: ("Қасымов Нұрлан 850101300124".encode(), b'a* OR "b" NEAR(c)')),
    "iin": Parser(lambda data: check_iin(data.decode("utf-8", "replace")), lambda: (b"850101300124",), 64),
    "number": Parser(lambda data: parse_number(data.decode("utf-8", "replace")), lambda: (b"36,6", b"-12.50"), 64),
    **DEVICE_PARSERS,
    **IMAGE_PARSERS,
    **NETWORK_PARSERS,
    **RECORDING_PARSERS,
}
"""Every parser by its name on the command line."""
