"""An archive that speaks DICOMweb: searched by QIDO-RS, fetched from by WADO-RS, sent to by STOW-RS.

Images are asked for as they lie there (``transfer-syntax=*``): otherwise servers unpack them to ten times the size, or
fail. No redirect is followed, so a password goes to nobody else; without TLS only this very computer is spoken to.
Source: DICOM PS3.18, 8.7 (media types), 10.4 to 10.6; PS3.18 F (JSON).
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import quote, urlsplit
from uuid import uuid4

import httpx
import msgspec
from pydicom.dataset import Dataset

from clinic_app.foundation.errors import InvalidInputError, LinkError, UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.intake.gathering import Gathering
from clinic_app.imaging.intake.sources import SourceFile
from clinic_app.imaging.network.dicom_words import image_of, series_of, study_of
from clinic_app.imaging.network.found import (
    MOST_IMAGES,
    MOST_SERIES,
    MOST_STUDIES,
    Answers,
    AnswerSieve,
    Fetched,
    FoundSeries,
    FoundStudy,
    Progress,
    Stop,
    Wanted,
    broken_off,
    spellings,
    unreachable,
)
from clinic_app.imaging.network.latin import latin_spellings
from clinic_app.imaging.network.multipart import boundary_of, parts
from clinic_app.imaging.network.peers import WebServer
from clinic_app.imaging.reading import READING_ERRORS, read_dataset, text_of

MOST_ANSWER_BYTES: Final = 32 << 20
_STORED: Final = 'multipart/related; type="application/dicom"; transfer-syntax=*'
_JSON: Final = "application/dicom+json"
_TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
_PIECE_BYTES: Final = 256 << 10
_AT_ONCE: Final = 10
"""Files in one sending: what is refused then is small enough to be sent once more."""
_MOST_BROKEN: Final = 3
_KEYWORDS: Final = {
    "0020000D": "StudyInstanceUID", "00100010": "PatientName", "00100020": "PatientID", "00100021": "IssuerOfPatientID",
    "00100030": "PatientBirthDate", "00100040": "PatientSex", "00080020": "StudyDate", "00080050": "AccessionNumber",
    "00081030": "StudyDescription", "00080061": "ModalitiesInStudy", "00201208": "NumberOfStudyRelatedInstances",
    "0020000E": "SeriesInstanceUID", "00080060": "Modality", "00200011": "SeriesNumber",
    "0008103E": "SeriesDescription", "00201209": "NumberOfSeriesRelatedInstances", "00080018": "SOPInstanceUID",
    "00080016": "SOPClassUID",
}  # fmt: skip
_LONGEST_VALUE: Final = 256
_UNQUOTED: Final = "*?^-,"
"""Signs every server reads as they are, and one that is in use everywhere only so (Orthanc's plugin 1.7)."""
_ERRORS: Final = (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError)


class WebArchive:
    """One server.

    Args:
        server: it.
        secret: the password of its account, or a token where it has no account; empty for none.
        tls: how it proves itself; by default by an authority this computer trusts.
    """

    def __init__(self, server: WebServer, secret: str = "", tls: ssl.SSLContext | None = None) -> None:
        self._server = server
        self._secret = secret
        self._tls = tls

    @property
    def name(self) -> str:
        """What people here call it."""
        return self._server.name

    def find(self, wanted: Wanted, is_stopped: Stop) -> Answers:
        """Return the studies it has.

        Raises:
            LinkError: it cannot be reached, or refuses.
        """
        sieve = AnswerSieve(wanted)
        with self._client() as client:
            for name in spellings(wanted.name, latin_spellings):
                self._sift(client, _questions(wanted, name), sieve, is_stopped)
            if not wanted.name.isascii() and _narrows(wanted):
                self._sift(client, _questions(wanted, ""), sieve, is_stopped)  # some servers read no such letters
        return sieve.answers()

    def _sift(
        self, client: httpx.Client, questions: Iterable[tuple[str, str]], sieve: AnswerSieve, is_stopped: Stop
    ) -> None:
        for answer in self._asked(client, "studies", questions):
            if sieve.is_full or is_stopped():
                return
            sieve.take(study_of(answer) if answer is not None else None)

    def series(self, study: FoundStudy, is_stopped: Stop) -> tuple[FoundSeries, ...]:  # noqa: ARG002 - one answer
        """Return the series of a study, in the order of their numbers.

        Raises:
            LinkError: it cannot be reached, or refuses.
        """
        with self._client() as client:
            return self._series(client, study)

    def fetch(
        self,
        study: FoundStudy,
        series: Collection[str],
        gathering: Gathering,
        progress: Progress,
        is_stopped: Stop,
        here: Callable[[Collection[str]], Collection[str]],
    ) -> Fetched:
        """Bring the images of some series; see `Archive.fetch`.

        Raises:
            LinkError: it cannot be reached, or refuses before the first image.
        """
        with self._client() as client:
            wanted = [each.uid for each in self._series(client, study) if not series or each.uid in series]
            images = [(uid, sop) for uid in wanted for sop in self._images(client, study.uid, uid)]
            known = set(here([sop for _uid, sop in images]))
            missing = [each for each in images if each[1] not in known]
            came, broken = 0, 0
            reason: Text | None = None
            progress(0, len(missing))
            for uid, sop in missing:
                if is_stopped() or broken >= _MOST_BROKEN:
                    break
                try:
                    data = self._image(client, f"studies/{study.uid}/series/{uid}/instances/{sop}", is_stopped)
                except (LinkError, UnreadableFileError) as error:
                    reason, broken = error.text, broken + 1
                    continue
                gathering.take(SourceFile(sop, len(data), lambda most, data=data: data[:most]))  # type: ignore[misc]
                came, broken = came + 1, 0
                progress(came, len(missing))
        gathering.is_stopped = gathering.is_stopped or is_stopped()
        if came == len(missing):
            reason = None
        elif reason is None:
            reason = Text("It was stopped.")
        return Fetched(len(missing), came, len(known), reason)

    def send(self, files: Iterable[bytes], progress: Progress, is_stopped: Stop) -> tuple[int, int]:
        """Send files; return how many were taken and how many were not.

        Args:
            files: DICOM files; one that is there already counts as taken.
            progress: told how many were sent; the total is not known.
            is_stopped: asked before each lot.

        Raises:
            LinkError: it cannot be reached, or refuses them all.
        """
        taken, refused = 0, 0
        lot: list[bytes] = []
        with self._client() as client:
            for data in files:
                lot.append(data)
                if len(lot) == _AT_ONCE:
                    taken, refused = _sum((taken, refused), self._sent(client, lot))
                    progress(taken + refused, 0)
                    lot = []
                if is_stopped():
                    return taken, refused
            if lot:
                taken, refused = _sum((taken, refused), self._sent(client, lot))
                progress(taken + refused, 0)
        return taken, refused

    def _sent(self, client: httpx.Client, lot: list[bytes]) -> tuple[int, int]:
        boundary = uuid4().hex
        head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        body = b"".join(head + data + b"\r\n" for data in lot) + f"--{boundary}--\r\n".encode()
        kind = f'multipart/related; type="application/dicom"; boundary={boundary}'
        headers = {"Content-Type": kind, "Accept": _JSON}
        with self._answer(client, "POST", "studies", headers=headers, content=body, allowed=(200, 202, 409)) as answer:
            told = self._json(answer)
        (first,) = [each for each in told if isinstance(each, dict)][:1] or [{}]
        refused = first.get("00081198", {}).get("Value") if isinstance(first.get("00081198"), dict) else None
        count = (
            min(len(refused), len(lot)) if isinstance(refused, list) else 0
        )  # it is there and empty where all is well
        return len(lot) - count, count

    def _series(self, client: httpx.Client, study: FoundStudy) -> tuple[FoundSeries, ...]:
        found: dict[str, FoundSeries] = {}
        for answer in self._asked(client, f"studies/{study.uid}/series", ()):
            if answer is not None and (one := series_of(answer, study.uid)) is not None and len(found) < MOST_SERIES:
                found[one.uid] = one
        return tuple(sorted(found.values(), key=lambda each: (each.number, each.uid)))

    def _images(self, client: httpx.Client, study_uid: str, series_uid: str) -> list[str]:
        found: dict[str, None] = {}
        for answer in self._asked(client, f"studies/{study_uid}/series/{series_uid}/instances", ()):
            if answer is not None and (one := image_of(answer)) is not None and len(found) < MOST_IMAGES:
                found[one[0]] = None
        return list(found)

    def _image(self, client: httpx.Client, path: str, is_stopped: Stop) -> bytes:
        with self._answer(client, "GET", path, headers={"Accept": _STORED}) as answer:
            boundary = boundary_of(answer.headers.get("Content-Type", ""))

            def chunks() -> Iterator[bytes]:
                for chunk in answer.iter_bytes(_PIECE_BYTES):
                    if is_stopped():
                        return
                    yield chunk

            for data in parts(chunks(), boundary):
                read_dataset(data)
                return data
        raise UnreadableFileError(Text("The answer of the archive is cut short, or no images."))

    def _asked(self, client: httpx.Client, path: str, questions: Iterable[tuple[str, str]]) -> Iterator[Dataset | None]:
        """Yield the answers to a question; None for one that cannot be read."""
        query = "&".join(f"{key}={quote(value, safe=_UNQUOTED)}" for key, value in questions)
        with self._answer(client, "GET", f"{path}?{query}" if query else path, headers={"Accept": _JSON}) as answer:
            told = self._json(answer) if answer.status_code == 200 else []
        for each in told:
            yield dataset_of(each) if isinstance(each, dict) else None

    def _json(self, answer: httpx.Response) -> list[Any]:
        """Return what an answer tells, as far as it is no more than anybody can have.

        Raises:
            LinkError: it is more, or no JSON.
        """
        body = bytearray()
        for chunk in answer.iter_bytes(_PIECE_BYTES):
            body += chunk
            if len(body) > MOST_ANSWER_BYTES:
                raise LinkError(Text("The archive “{name}” answers without end; ask for less.", name=self.name))
        try:
            told = msgspec.json.decode(bytes(body)) if body else []
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise broken_off(self.name) from error
        return told if isinstance(told, list) else [told]

    @contextmanager
    def _answer(
        self,
        client: httpx.Client,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        content: bytes | None = None,
        allowed: Collection[int] = (200, 204),
    ) -> Iterator[httpx.Response]:
        try:
            with client.stream(method, f"{self._server.url}/{path}", headers=headers, content=content) as answer:
                if answer.status_code not in allowed:
                    raise LinkError(_words(answer.status_code, self.name))
                yield answer
        except httpx.ConnectError as error:
            raise unreachable(self.name) from error
        except _ERRORS as error:
            raise broken_off(self.name) from error

    def _client(self) -> httpx.Client:
        """Return a client for this server.

        Raises:
            InvalidInputError: it is another computer and would be spoken to without TLS.
        """
        place = urlsplit(self._server.url)
        if place.scheme != "https" and not is_this_computer(place.hostname or ""):
            raise InvalidInputError(Text("A DICOMweb server on another computer is spoken to by https:// only."), "url")
        headers = {}
        auth = httpx.BasicAuth(self._server.user, self._secret) if self._server.user else None
        if self._secret and not self._server.user:
            headers["Authorization"] = f"Bearer {self._secret}"
        tls = self._tls
        if tls is None:  # without TLS nobody is trusted, and reading who is takes its time
            tls = ssl.create_default_context() if place.scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return httpx.Client(timeout=_TIMEOUT, trust_env=False, verify=tls, auth=auth, headers=headers)


def is_this_computer(host: str) -> bool:
    """Return whether a name or address is this very computer."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def dataset_of(told: Mapping[str, Any]) -> Dataset | None:
    """Return an answer in JSON as the dataset it is, as far as anybody asks it; None where it cannot be read."""
    made = Dataset()
    made.SpecificCharacterSet = "ISO_IR 192"
    try:
        for tag, keyword in _KEYWORDS.items():
            element = told.get(tag)
            values = element.get("Value") if isinstance(element, dict) else None
            if isinstance(values, list) and values:
                words = [_word(each) for each in values[:16]]
                setattr(made, keyword, words if keyword == "ModalitiesInStudy" else words[0])
        text_of(made, "PatientName")
    except READING_ERRORS:
        return None
    return made


def _word(value: Any) -> str:  # noqa: ANN401 - JSON
    """Return a value as a text; a name has several ways to be written, and the plain one is asked."""
    if isinstance(value, dict):
        value = value.get("Alphabetic") or value.get("Ideographic") or value.get("Phonetic") or ""
    return str(value)[:_LONGEST_VALUE] if isinstance(value, str | int | float) else ""


def _questions(wanted: Wanted, name: str) -> list[tuple[str, str]]:
    """Return the keys of a question; one that would be nothing but a wildcard is left out, or nothing is found."""
    asked = (
        ("PatientID", wanted.patient_id),
        ("PatientName", name),
        ("AccessionNumber", wanted.accession),
        ("ModalitiesInStudy", wanted.modality),
        ("StudyDate", wanted.days),
    )
    keys = [(key, value) for key, value in asked if value.strip("*")]
    fields = ("PatientBirthDate", "StudyDescription", "ModalitiesInStudy", "NumberOfStudyRelatedInstances")
    return [*keys, *(("includefield", each) for each in fields), ("limit", str(MOST_STUDIES + 1))]


def _narrows(wanted: Wanted) -> bool:
    """Return whether something other than the name is asked."""
    return bool(wanted.patient_id or wanted.accession or wanted.from_day)


def _sum(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]


def _words(status: int, name: str) -> Text:
    if status in (401, 403):
        return Text("The archive “{name}” does not accept our password.", name=name)
    if status == 404:
        return Text("The archive “{name}” does not have this any more, or its address is wrong.", name=name)
    if status in (413, 503, 507, 429):
        return Text("The archive “{name}” has no room for this now; try again later.", name=name)
    return Text("The archive “{name}” refused ({code}).", name=name, code=str(status))
