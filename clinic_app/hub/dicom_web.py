"""A DICOM archive that speaks DICOMweb: an instance goes there by STOW-RS and is read back by WADO-RS.

An archive may answer 200 and keep something else: Orthanc drops, without a word, an instance whose SOPInstanceUID it
already has with other content, and older ones took a chunked request and stored nothing. So what an archive says is
only believed after it was read back and compared.
Sources: DICOM PS3.18, 10.5 (STOW-RS) and 10.4 (WADO-RS); RFC 2046, 5.1.1.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import httpx
from pydicom.filereader import read_dataset as read_elements
from pydicom.tag import BaseTag
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from clinic_app.foundation.bounded_stream import BoundedStream
from clinic_app.foundation.errors import ClinicError, InvalidInputError, LinkError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.reading import HEAD_BYTES, READING_ERRORS, check_mark, damaged, uid_of
from clinic_app.sync.link import is_private

LOOKED_AT_BYTES: Final = 4 << 20
"""So much of a file is looked through for what it calls itself; the UIDs stand before the pixels."""
_MOST_ELEMENTS: Final = 20_000
_META_GROUP: Final = 2
_UIDS: Final = {0x00080018: "SOPInstanceUID", 0x0020000D: "StudyInstanceUID", 0x0020000E: "SeriesInstanceUID"}
_MULTIPART: Final = 'multipart/related; type="application/dicom"'
_BOUNDARY: Final = re.compile(r'boundary="?([^";\s]{1,70})"?', re.IGNORECASE)
_MOST_PART_HEAD: Final = 8192
_TAIL_BYTES: Final = 2048
_MOST_WORDS: Final = 200
_TIMEOUT: Final = httpx.Timeout(120.0, connect=10.0)
_PASSING: Final = frozenset({401, 403, 404, 408, 425, 429})
"""Answers that speak of how the archive is set up, not of the instance; with them it waits."""


class OutOfOrderError(LinkError):
    """The archive answers, and not as it should; other instances may go."""


class NotTakenError(ClinicError):
    """The archive does not take this instance, and will not take it later."""


@dataclass(frozen=True)
class InstanceUids:
    """What an instance calls itself."""

    study: str
    series: str
    instance: str


def uids_of(head: bytes) -> InstanceUids:
    """Return what the DICOM file that begins with ``head`` calls itself.

    Raises:
        UnreadableFileError: it is none, or damaged.
    """
    check_mark(head)
    stream = BoundedStream(head, _MOST_ELEMENTS)
    stream.seek(HEAD_BYTES)
    try:
        meta = read_elements(stream, False, True, stop_when=lambda tag, _vr, _length: tag >> 16 != _META_GROUP)
        syntax, body = str(meta.get("TransferSyntaxUID")), head[stream.tell() :]
        if syntax == DeflatedExplicitVRLittleEndian:
            body = zlib.decompressobj(-zlib.MAX_WBITS).decompress(body, LOOKED_AT_BYTES)
        found = read_elements(
            BoundedStream(body, _MOST_ELEMENTS),
            syntax == ImplicitVRLittleEndian,
            syntax != ExplicitVRBigEndian,
            stop_when=lambda tag, _vr, _length: tag > max(_UIDS),
            specific_tags=[BaseTag(tag) for tag in _UIDS],
        )
        instance, study, series = (uid_of(found, keyword) for keyword in _UIDS.values())
    except READING_ERRORS as error:
        raise damaged() from error
    return InstanceUids(study, series, instance)


class Fingerprint:
    """What two copies of an instance are compared by: all of the file, and the data set without its file header.

    An archive may write a header of its own (PS3.10, 7.1: who wrote the file, private information); the data set is
    what must not change.
    """

    def __init__(self) -> None:
        self._head = bytearray()
        self._data_set = hashlib.sha256()
        self._is_past_head = False
        self.size = 0

    def feed(self, piece: bytes) -> None:
        """Take the next bytes of the file."""
        self.size += len(piece)
        if self._is_past_head:
            self._data_set.update(piece)
            return
        self._head += piece
        if (begin := _data_set_at(bytes(self._head[:_MOST_PART_HEAD]))) is not None and len(self._head) >= begin:
            self._data_set.update(self._head[begin:])
            self._is_past_head = True
            self._head.clear()

    def digest(self) -> str:
        """Return the digest of the data set, or of everything where there is no file header."""
        if not self._is_past_head:
            return hashlib.sha256(self._head).hexdigest()
        return self._data_set.hexdigest()


def _data_set_at(head: bytes) -> int | None:
    """Return where the data set begins: after the group length that begins every file header (PS3.10, 7.1)."""
    at = HEAD_BYTES
    if len(head) < at + 12 or head[at : at + 8] != b"\x02\x00\x00\x00UL\x04\x00":
        return None
    (length,) = struct.unpack_from("<I", head, at + 8)
    return at + 12 + int(length)


class DicomWeb:
    """One DICOMweb server.

    Args:
        url: its root, such as ``http://127.0.0.1:8042/dicom-web``; TLS unless it is this computer.
        login: user and password; None where it asks for none.
        transport: carries the requests; None for the network.

    Raises:
        InvalidInputError: not an address at which patients' images may be sent.
    """

    def __init__(
        self, url: str, login: tuple[str, str] | None = None, transport: httpx.BaseTransport | None = None
    ) -> None:
        if not is_private(url):
            raise InvalidInputError(
                Text("The address of the archive has to begin with https://, unless it is on this computer.")
            )
        self._url = url.rstrip("/")
        self._client = httpx.Client(
            auth=login,
            timeout=_TIMEOUT,
            trust_env=False,
            follow_redirects=False,
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of every connection."""
        self._client.close()

    def store(self, pieces: Iterator[bytes], size: int) -> None:
        """Hand in one instance of ``size`` bytes.

        Raises:
            NotTakenError: the archive refuses this instance.
            LinkError: it cannot be reached, or is out of order (`OutOfOrderError`); to be tried again.
        """
        boundary = f"dala-{secrets.token_hex(16)}"
        before = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        after = f"\r\n--{boundary}--\r\n".encode()
        headers = {
            "Content-Type": f"{_MULTIPART}; boundary={boundary}",
            "Content-Length": str(len(before) + size + len(after)),
            "Accept": "application/dicom+json",
        }
        with _archive_errors():
            response = self._client.post(
                f"{self._url}/studies", content=_between(before, pieces, after), headers=headers
            )
        self._check(response.status_code, response.text)

    def fingerprint(self, uids: InstanceUids, most_bytes: int) -> Fingerprint | None:
        """Read an instance back and return what it is compared by; None where the archive has none.

        Args:
            uids: which one.
            most_bytes: what is longer is not the same and not read to its end.

        Raises:
            LinkError: the archive cannot be reached, or does not answer as it should.
        """
        place = f"{self._url}/studies/{uids.study}/series/{uids.series}/instances/{uids.instance}"
        accept = {"Accept": f"{_MULTIPART}; transfer-syntax=*"}

        with _archive_errors(), self._client.stream("GET", place, headers=accept) as response:
            if response.status_code == 404:
                return None
            if response.status_code != 200:
                raise _out_of_order(str(response.status_code))
            return _of_part(response, most_bytes)

    def _check(self, status: int, words: str) -> None:
        if status in {200, 202}:
            return
        if 400 <= status < 500 and status not in _PASSING:
            if status == 409:  # PS3.18, 10.5.3: the failed instances are named; what is there is read back and compared
                return
            raise NotTakenError(Text("The archive does not take it: {words}", words=f"{status} {words[:_MOST_WORDS]}"))
        raise _out_of_order(f"{status} {words[:_MOST_WORDS]}")


@contextmanager
def _archive_errors() -> Iterator[None]:
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise LinkError(Text("The archive cannot be reached.")) from error


def _between(before: bytes, pieces: Iterator[bytes], after: bytes) -> Iterator[bytes]:
    yield before
    yield from pieces
    yield after


def _of_part(response: httpx.Response, most_bytes: int) -> Fingerprint:
    """Return the fingerprint of the only part of a multipart answer, without holding it in memory."""
    match = _BOUNDARY.search(response.headers.get("content-type", ""))
    if match is None:
        raise _out_of_order("no multipart")
    end = f"\r\n--{match[1]}".encode()
    found, held, is_in_part = Fingerprint(), bytearray(), False
    for piece in response.iter_bytes():
        held += piece
        if not is_in_part:
            head, blank, rest = bytes(held).partition(b"\r\n\r\n")
            if not blank and len(head) > _MOST_PART_HEAD:
                raise _out_of_order("no part")
            if not blank:
                continue
            is_in_part, held = True, bytearray(rest)
        if len(held) > _TAIL_BYTES:
            found.feed(bytes(held[:-_TAIL_BYTES]))
            del held[:-_TAIL_BYTES]
        if found.size > most_bytes + _TAIL_BYTES:
            return found
    last, boundary, _ = bytes(held).partition(end)
    if not is_in_part or not boundary:
        raise _out_of_order("cut")
    found.feed(last)
    return found


def _out_of_order(words: str) -> OutOfOrderError:
    return OutOfOrderError(Text("The archive is out of order at the moment: {words}", words=words))
