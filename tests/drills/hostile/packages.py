"""Sealed referrals from a stick or the link: made by strangers, and by an enrolled hospital that means ill."""

from __future__ import annotations

import base64
import hmac
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any, Final

import msgspec

from clinic_app.access import node_keys, own_device
from clinic_app.keys import NodeKeys, seal
from clinic_app.records import Patient, Reference, Task, encode
from clinic_app.referral.archive import BUNDLE, MANIFEST, SIGNATURE
from clinic_app.referral.bundle import build_document, read_document
from clinic_app.referral.cases import package_of
from clinic_app.referral.manifest import decode_manifest, encode_manifest, file_entry
from clinic_app.referral.package import open_package
from clinic_app.referral.receiving import _sender_key
from tests.drills.hostile.cases import Case, Inputs, Repeated, Stage, must_refuse
from tests.helpers.clocks import NOON
from tests.helpers.nodes import CENTRE, DISTRICT, Node, form, introduce, node, patient_with_evidence

Files = dict[str, bytes]
Forge = Callable[["Forger"], bytes | Path]


class Forger:
    """A district that knows how packages are made, and the centre that opens them."""

    def __init__(self, district: Node, centre: Node) -> None:
        self.district = district
        self.centre = centre
        self.keys = node_keys(district.store)
        self.good = self._sent()
        archive = zipfile.ZipFile(io.BytesIO(node_keys(centre.store).unseal(self.good)))
        self.files = {name: archive.read(name) for name in archive.namelist()}

    def _sent(self) -> bytes:
        patient, evidence = patient_with_evidence(self.district)
        case = self.district.referrals.send(self.district.session("doctor"), patient.id, form(evidence))
        document = package_of(self.district.store, case.request)
        assert document is not None
        return self.district.store.blobs.read(document.content[0].attachment.sha256)

    def sealed(self, archive: bytes) -> bytes:
        """Return any bytes sealed to the centre."""
        return seal(archive, [node_keys(self.centre.store).age_recipient])

    def zipped(self, files: Files) -> bytes:
        """Return files as a ZIP."""
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, data in files.items():
                archive.writestr(path, data)
        return target.getvalue()

    def manifest(self, files: Files, **changes: Any) -> bytes:
        """Return a manifest that fits the files."""
        before = decode_manifest(self.files[MANIFEST])
        listed = tuple(file_entry(path, data, "x") for path, data in files.items() if path not in (MANIFEST, SIGNATURE))
        return encode_manifest(msgspec.structs.replace(before, files=listed, **changes))

    def signed(self, files: Files, sign: Callable[[bytes], bytes] | None = None, **changes: Any) -> bytes:
        """Return files as a package signed by the district, or by whatever ``sign`` does."""
        manifest = self.manifest(files, **changes)
        signature = sign(manifest) if sign else self.keys.sign_jws(manifest).encode()
        return self.sealed(self.zipped({**files, MANIFEST: manifest, SIGNATURE: signature}))

    def token(self, manifest: bytes, header: Mapping[str, Any] = MappingProxyType({"alg": "Ed25519"})) -> bytes:
        """Return a compact JWS put together by hand and signed by the district."""
        first = _b64(json.dumps(dict(header)).encode()) + b"." + _b64(manifest)
        return first + b"." + _b64(_by(self.keys, first))

    def with_document(self, document: bytes) -> bytes:
        """Return a well-signed package around any document."""
        return self.signed({**self.files, BUNDLE: document})

    def with_body(self, change: Callable[[bytes], bytes], kind: str = "Patient") -> bytes:
        """Return a well-signed package in which the body of one record was changed."""
        bodies = [encode(record) for record in read_document(self.files[BUNDLE])]
        changed = [change(body) if b'"resourceType":"' + kind.encode() + b'"' in body else body for body in bodies]
        records = [msgspec.Raw(body) for body in changed]
        document = json.loads(build_document("p", bodies, Reference(reference="Practitioner/x"), NOON))
        entries = [
            f'{{"fullUrl":"urn:uuid:{i}","resource":'.encode() + bytes(raw) + b"}" for i, raw in enumerate(records)
        ]
        composition = json.dumps(document["entry"][0]).encode()
        head = b'{"resourceType":"Bundle","id":"p","type":"document","entry":['
        return self.with_document(head + b",".join([composition, *entries]) + b"]}")


@contextmanager
def _opening(folder: Path) -> Iterator[Stage]:
    with node(folder / "district", DISTRICT) as district, node(folder / "centre", CENTRE) as centre:
        introduce(district, centre)
        forger = Forger(district, centre)
        for well_made in (
            forger.signed(forger.files),
            forger.signed(forger.files, forger.token),
            forger.with_body(bytes),
        ):
            open_package(well_made, node_keys(centre.store), partial(_sender_key, centre.store))

        def holdings() -> object:
            blobs = sum(1 for path in (centre.store.folder / "blobs").rglob("*") if path.is_file())
            return len(centre.store.records.find(Patient)), len(centre.store.records.find(Task)), blobs

        def attempt(data: bytes | Path) -> Any:
            must_refuse(lambda: centre.referrals.open_package(data), holdings)

        yield lambda forge: forge(forger), attempt


# --- the envelope ---


def _envelopes(random: Random) -> Inputs:
    yield "empty", lambda _: b""
    yield "noise", lambda _: Random(1).randbytes(5000)
    yield "the plain archive", lambda f: f.zipped(f.files)
    yield "to somebody else", lambda f: seal(f.zipped(f.files), [NodeKeys.create().age_recipient])
    yield "a password that takes a year", lambda _: _scrypt(62)
    yield "a header of 20 MB", lambda _: b"age-encryption.org/v1\n" + b"-> x\n" + b"A" * (20 << 20)
    yield "100 000 recipients", lambda _: b"age-encryption.org/v1\n" + b"-> X25519 AAAA\nAAAA\n" * 100_000 + b"--- x\n"
    yield "too large", lambda f: _sparse(f.district.store.folder / "large", 5 << 30)
    for part in (0.001, 0.01, 0.1, 0.3, 0.5, 0.9, 0.999):
        yield f"cut at {part:.1%}", lambda f, part=part: f.good[: int(len(f.good) * part)]
    yield (
        "a header of 300 recipients",
        lambda _: b"age-encryption.org/v1\n" + b"-> X25519 AAAA\nAAAA\n" * 300 + b"--- x\n",
    )
    yield (
        "armoured",
        lambda f: (
            b"-----BEGIN AGE ENCRYPTED FILE-----\n" + base64.encodebytes(f.good) + b"-----END AGE ENCRYPTED FILE-----\n"
        ),
    )
    for turn in range(20):
        place = random.random()
        yield f"a bit turned {turn}", lambda f, place=place: _turned(f.good, int(place * len(f.good)))


def _sparse(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        file.write(b"age-encryption.org/v1\n")
        file.truncate(size)
    return path


def _scrypt(work: int) -> bytes:
    salt = base64.b64encode(bytes(16)).rstrip(b"=")
    key = base64.b64encode(bytes(32)).rstrip(b"=")
    return b"age-encryption.org/v1\n-> scrypt " + salt + b" %d\n" % work + key + b"\n--- " + key + b"\n" + bytes(99)


def _turned(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :]


# --- the archive ---

NAMES: Final = (
    "../../../../etc/cron.d/x",
    "..\\..\\x.dll",
    "C:\\Windows\\System32\\x.dll",
    "/etc/passwd",
    "\\\\10.0.0.1\\share\\x",
    "CON",
    "NUL.txt",
    "FILES/F0000001.PDF\u202efdp.exe",
    "FILES/F0000001.PDF ",
    "FILES/F0000001.PDF:stream",
    "files/f0000001.pdf",
    "FILES/F0000001.PDF\0.exe",
    "FILES//F0000001.PDF",
    "WAVEFORM/W0000001.DCM/x",
    "DICOM/I０００００１",
    "DICOM/",
    "README.TXT\n",
)


def _archives(random: Random) -> Inputs:
    for name in NAMES:
        yield f"named {name!r}", lambda f, name=name: f.signed({**f.files, name: b"x"})
    yield "a name twice", lambda f: f.sealed(_twice(f.zipped(f.files)))
    yield "1 GB of zeros", lambda f: f.sealed(_bomb(1024))
    yield "500 MB of zeros, signed", lambda f: f.sealed(_bomb(500, f))
    yield "a size that lies", lambda f: f.sealed(_lying(_bomb(700), 1000))
    yield "10 000 entries", lambda f: f.sealed(f.zipped({f"DICOM/I{i:07}": b"" for i in range(10_000)}))
    yield "one body under 3000 names", lambda f: f.sealed(_overlapping(3000))
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        yield f"method {method}", lambda f, method=method: f.sealed(_packed(f.files, method))
    yield "a method nobody knows", lambda f: f.sealed(_patched(f.zipped(f.files), 8, 10, 97))
    yield "encrypted", lambda f: f.sealed(_patched(f.zipped(f.files), 6, 8, 1))
    yield "a wrong checksum", lambda f: f.sealed(_patched(f.zipped(f.files), 14, 16, 0xBEEF))
    yield "no archive", lambda f: f.sealed(b"PK\x05\x06" + bytes(18))
    yield "a directory far outside", lambda f: f.sealed(f.zipped(f.files)[:-6] + b"\xff\xff\xff\xff\x00\x00")
    yield "a RAR", lambda f: f.sealed(b"Rar!\x1a\x07\x00" + bytes(5000))
    for place in sorted(random.random() for _ in range(10)):
        yield f"cut at {place:.1%}", lambda f, place=place: f.sealed(_cut(f.zipped(f.files), place))


def _cut(data: bytes, part: float) -> bytes:
    return data[: int(len(data) * part)]


def _bomb(megabytes: int, forger: Forger | None = None) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        if forger:
            for path, data in forger.files.items():
                archive.writestr(path, data)
        with archive.open("DICOM/I9999999", "w", force_zip64=True) as entry:
            entry._compressor, piece = Repeated(), bytes(1 << 20)  # type: ignore[attr-defined]
            for _ in range(megabytes):
                entry.write(piece)
    return target.getvalue()


def _lying(data: bytes, size: int) -> bytes:
    """Return an archive whose directory states another expanded size."""
    place = data.rindex(b"PK\x01\x02")
    return data[: place + 24] + struct.pack("<I", size) + data[place + 28 :]


def _twice(data: bytes) -> bytes:
    source = zipfile.ZipFile(io.BytesIO(data))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in source.namelist():
            archive.writestr(name, source.read(name))
        archive.writestr("README.TXU", b"evil")
    return target.getvalue().replace(b"README.TXU", b"README.TXT")


def _overlapping(entries: int) -> bytes:
    """Return an archive whose many entries share one body (D. Fifield, "A better zip bomb", WOOT 2019)."""
    body = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = body.compress(bytes(10 << 20)) + body.flush()
    crc = zlib.crc32(bytes(10 << 20))
    name = b"DICOM/I0000000"
    local = (
        struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 0, crc, len(packed), 10 << 20, len(name), 0)
        + name
        + packed
    )
    central = b"".join(
        struct.pack(
            "<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, crc, len(packed), 10 << 20, len(name), 0, 0, 0, 0, 0, 0
        )
        + f"DICOM/I{i:07}".encode()
        for i in range(entries)
    )
    return local + central + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, entries, entries, len(central), len(local), 0)


def _packed(files: Files, method: int) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    return target.getvalue()


def _patched(data: bytes, in_local: int, in_central: int, value: int) -> bytes:
    """Return an archive in which two bytes of every header say something else."""
    changed = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", in_local), (b"PK\x01\x02", in_central)):
        place = changed.find(mark)
        while place >= 0:
            changed[place + offset : place + offset + 2] = struct.pack("<H", value)
            place = changed.find(mark, place + 4)
    return bytes(changed)


# --- the manifest and its signature ---


def _manifests(_random: Random) -> Inputs:
    def without(name: str) -> Forge:
        return lambda f: f.sealed(f.zipped({path: data for path, data in f.files.items() if path != name}))

    for name in (MANIFEST, SIGNATURE, BUNDLE, "README.TXT"):
        yield f"without {name}", without(name)
    yield "one file more", lambda f: f.sealed(f.zipped({**f.files, "FILES/F0000009": b"x"}))
    yield "another document", lambda f: f.sealed(f.zipped({**f.files, BUNDLE: f.files[BUNDLE] + b" "}))
    yield "another manifest", lambda f: f.sealed(f.zipped({**f.files, MANIFEST: f.files[MANIFEST] + b" "}))
    yield "for others", lambda f: f.signed(f.files, recipients=(NodeKeys.create().age_recipient,))
    yield "for nobody", lambda f: f.signed(f.files, recipients=("",))
    yield "from nobody", lambda f: f.signed(f.files, sender_device="nobody")
    yield "from the centre itself", lambda f: f.signed(f.files, sender_device=own_device(f.centre.store).id)
    yield "from another hospital", lambda f: f.signed(f.files, sender_organization="org-outsider")
    yield "about another task", lambda f: f.signed(f.files, task="another")
    for said in (b"", b"{}", b"[]", b"null", b"\xff\xfe", b'{"files":' + b"[" * 50_000, b'{"version":2}', b"9" * 4000):
        yield f"that says {said[:12]!r}", lambda f, said=said: f.sealed(f.zipped({**f.files, MANIFEST: said}))


def _signatures(_random: Random) -> Inputs:
    """Tokens as RFC 8725 warns of them, all over the right manifest."""

    def token(header: dict[str, Any], sign: Callable[[Forger, bytes], bytes]) -> Forge:
        def forge(f: Forger) -> bytes:
            def made(manifest: bytes) -> bytes:
                first = _b64(json.dumps(header).encode()) + b"." + _b64(manifest)
                return first + b"." + _b64(sign(f, first))

            return f.signed(f.files, made)

        return forge

    def nothing(_f: Forger, _first: bytes) -> bytes:
        return b""

    def by_public_key(f: Forger, first: bytes) -> bytes:
        return hmac.digest(f.keys.public_jwk["x"].encode(), first, "sha256")

    def by_district(f: Forger, first: bytes) -> bytes:
        return _by(f.keys, first)

    stranger = NodeKeys.create()
    yield "alg none", token({"alg": "none"}, nothing)
    yield "alg None", token({"alg": "NonE"}, nothing)
    yield "HS256 with the public key", token({"alg": "HS256"}, by_public_key)
    yield "no alg", token({}, by_district)
    yield "alg a list", token({"alg": ["Ed25519"]}, by_district)
    yield "alg EdDSA", token({"alg": "EdDSA"}, by_district)
    yield "crit nobody knows", token({"alg": "Ed25519", "crit": ["exp"], "exp": 1}, by_district)
    yield "crit empty", token({"alg": "Ed25519", "crit": []}, by_district)
    yield "b64 false", token({"alg": "Ed25519", "b64": False, "crit": ["b64"]}, by_district)
    yield "a key in the header", token({"alg": "Ed25519", "jwk": stranger.public_jwk}, lambda _f, m: _by(stranger, m))
    yield "a key from a file", token({"alg": "Ed25519", "kid": "../../../dev/null"}, nothing)
    yield "a key from elsewhere", token({"alg": "Ed25519", "jku": "http://127.0.0.1/k"}, nothing)
    yield "a header of 2 MB", token({"alg": "Ed25519", "x": "y" * (2 << 20)}, by_district)
    yield "another's signature", lambda f: f.signed(f.files, lambda manifest: stranger.sign_jws(manifest).encode())
    yield "over something else", lambda f: f.signed(f.files, lambda _: f.keys.sign_jws(b"{}").encode())
    yield (
        "detached",
        lambda f: f.signed(
            f.files, lambda m: b".".join(p * (i != 1) for i, p in enumerate(f.keys.sign_jws(m).encode().split(b".")))
        ),
    )
    yield "a bit turned", lambda f: f.signed(f.files, lambda m: _turned(f.keys.sign_jws(m).encode(), -9))
    for said in (b"", b".", b"..", b"...", b"a.b.c", b"\xff.\xff.\xff", b"." * 1_000_000, b"{}", b"e30.e30.e30"):
        yield f"{said[:8]!r}", lambda f, said=said: f.signed(f.files, lambda _: said)


def _b64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _by(keys: NodeKeys, first: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    secret = base64.urlsafe_b64decode(str(keys._signing.as_dict(private=True)["d"]) + "==")
    return Ed25519PrivateKey.from_private_bytes(secret).sign(first)


# --- the document ---


def _documents(_random: Random) -> Inputs:
    """Well-signed: an enrolled hospital writes whatever JSON it likes."""
    for said in (b"", b"null", b"[]", b"{}", b"\xff", b'{"resourceType":"Bundle"}', b'{"a":' * 100_000):
        yield f"that says {said[:12]!r}", lambda f, said=said: f.with_document(said)

    def member(said: bytes, kind: str = "Patient") -> Forge:
        return lambda f: f.with_body(lambda body: body[:-1] + b"," + said + b"}", kind)

    yield "200 levels", member(b'"x":' + b"[" * 200 + b"]" * 200)
    yield "900 levels", member(b'"x":' + b"[" * 900 + b"]" * 900)
    yield "another type at the end", member(b'"resourceType":"Organization"')
    yield "another id at the end", member(b'"id":"../../x"')
    yield "half a letter", member(b'"language":"\xed\xa0\x80"')
    yield "half a letter, escaped", member(b'"language":"\\ud800"')
    yield "a foreign number beyond any", member(b'"foreign":1E400')
    yield "a number of a hundred million digits", member(b'"extension":[{"url":"x","valueDecimal":1E+99999999}]')
    yield "not a number", member(b'"extension":[{"url":"x","valueDecimal":NaN}]')
    yield "endless", member(b'"extension":[{"url":"x","valueDecimal":Infinity}]')
    yield "a date that is none", member(b'"birthDate":"31.12.1999"')
    yield "a task that is accepted already", member(b'"status":"accepted"', "Task")
    yield "a task for others", member(b'"owner":{"reference":"Organization/org-outsider"}', "Task")
    yield "a task from others", member(b'"requester":{"reference":"Organization/org-outsider"}', "Task")
    yield "about two patients", member(b'"subject":{"reference":"Patient/another"}', "Observation")
    yield "the same record twice", lambda f: f.with_document(_doubled(f.files[BUNDLE]))


def _doubled(document: bytes) -> bytes:
    bundle = json.loads(document)
    bundle["entry"].append(bundle["entry"][1])
    return json.dumps(bundle).encode()


def cases(_is_short: bool) -> Iterator[Case]:
    """Yield every case of this kind."""
    yield Case("package", "envelope", _envelopes, _opening)
    yield Case("package", "archive", _archives, _opening)
    yield Case("package", "manifest", _manifests, _opening)
    yield Case("package", "signature", _signatures, _opening)
    yield Case("package", "document", _documents, _opening)
