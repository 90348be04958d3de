"""What somebody sees who opens a package without this program: README.TXT and INDEX.HTM, in three languages at once."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from clinic_app.foundation.dates import document_moment
from clinic_app.foundation.texts import LANGUAGES, Language, Text
from clinic_app.referral.archive import PackedFile


@dataclass(frozen=True)
class Cover:
    """What stands on the cover of a package; all as plain words."""

    case_number: str
    patient: str
    sender: str
    specialty: Text
    urgency: Text
    question: str
    created_at: datetime


def readme(cover: Cover) -> bytes:
    """Return README.TXT: what this is and how to read it with ordinary tools (UTF-8 with BOM, CRLF, for Notepad)."""
    return "\r\n\r\n".join(_readme(cover, language) for language in LANGUAGES).encode("utf-8-sig")


def index(cover: Cover, files: Sequence[PackedFile]) -> bytes:
    """Return INDEX.HTM: one static page without scripts that names the case and links to every file."""
    rows = "".join(
        f"<tr><th>{_escaped(heading)}</th><td>{_escaped(value)}</td></tr>" for heading, value in _facts(cover)
    )
    links = "".join(
        f'<li><a href="{html.escape(file.path)}">{html.escape(file.path)}</a> ({len(file.data)})</li>' for file in files
    )
    return (
        '<!DOCTYPE html><html><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{_escaped(cover.case_number)}</title>"
        "<style>body{font-family:sans-serif;max-width:50em}th{text-align:left;vertical-align:top;padding-right:1em}"
        f"</style></head><body><table>{rows}</table><ul>{links}</ul></body></html>\n"
    ).encode()


def _readme(cover: Cover, language: Language) -> str:
    lines = (
        Text("Referral {number}, sealed {when}", number=cover.case_number, when=_moment(cover, language)),
        Text("This folder is a question from one hospital to another, with its evidence."),
        Text("INDEX.HTM shows it in any browser; KEY holds pictures; WAVEFORM and DICOM open in any DICOM viewer."),
        Text("BUNDLE.JSON is a FHIR R4 document. MANIFEST.JSON names every file with its SHA-256 digest."),
        Text("MANIFEST.JWS is the sender's signature over the manifest (EdDSA)."),
        Text("It holds personal data of a patient: do not pass it on."),
    )
    return "\r\n".join(line.render(language) for line in lines)


def _facts(cover: Cover) -> tuple[tuple[Text, Text | str], ...]:
    return (
        (Text("Case"), cover.case_number),
        (Text("Patient"), cover.patient),
        (Text("From"), cover.sender),
        (Text("Specialty"), cover.specialty),
        (Text("Urgency"), cover.urgency),
        (Text("Question"), cover.question),
        (Text("Sealed"), _moment(cover, "en")),
    )


def _moment(cover: Cover, language: Language) -> str:
    return document_moment(cover.created_at, language)


def _escaped(words: Text | str) -> str:
    if isinstance(words, str):
        return html.escape(words)
    return html.escape(" / ".join(dict.fromkeys(words.render(language) for language in LANGUAGES)))
