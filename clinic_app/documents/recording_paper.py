"""A recording on paper at true scale: 25 mm/s and 10 mm/mV, ten seconds across, page after page.

Twelve leads get the page doctors know (3 x 4 with a rhythm strip) and then all of every lead, six to a page. What is no
potential (a pleth curve, a sound) has no place on such paper; it is named at the foot instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from io import BytesIO
from typing import Final

from reportlab.lib.units import mm
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageBreak, PageTemplate, Spacer

from clinic_app.documents import blocks
from clinic_app.documents.band_words import band_words
from clinic_app.documents.content import EcgLead, EcgStrip
from clinic_app.documents.ecg_paper import STRIP_S, WIDTH_MM, EcgPaper
from clinic_app.documents.fonts import ONE_AT_A_TIME, printable, register_fonts
from clinic_app.documents.page import LANDSCAPE, Furniture, NumberedCanvas
from clinic_app.foundation.dates import document_moment
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Language, Text
from clinic_app.terminology.leads import LEADS
from clinic_app.waveforms.formats import Watch, unwatched
from clinic_app.waveforms.formats.limits import UNKNOWN_START
from clinic_app.waveforms.recording import RecordedChannel, Recording

MOST_PAGES: Final = 200
_HEIGHT_MM: Final = 155
_MARGIN: Final = (LANDSCAPE[0] - WIDTH_MM * mm) / 2
_HEADER: Final = 18 * mm
_FOOTER: Final = 17 * mm
_PER_PAGE: Final = 6
_VOLTS: Final = ("uV", "mV")


def render_recording(recording: Recording, language: Language, watch: Watch = unwatched) -> bytes:
    """Return the PDF, A4 across.

    Args:
        recording: with at least one curve in volts.
        language: of everything that no device and no person wrote.
        watch: told of every page.

    Raises:
        InvalidInputError: there is no curve in volts, there are too many pages, or a character cannot be printed.
    """
    pages = list(_pages(recording))
    if not pages:
        raise InvalidInputError(Text("There is no ECG in this recording; only an ECG goes on millimetre paper."))
    if len(pages) > MOST_PAGES:
        raise InvalidInputError(
            Text("This recording would be {count} pages; choose a shorter part of it.", count=len(pages))
        )
    register_fonts()
    file = BytesIO()
    furniture = _furniture(recording, language)
    document = BaseDocTemplate(file, title=furniture.title, creator="Dala")
    across = Frame(_MARGIN, _FOOTER, WIDTH_MM * mm, LANDSCAPE[1] - _HEADER - _FOOTER, 0, 0, 0, 0)
    document.addPageTemplates([PageTemplate("across", [across], pagesize=LANDSCAPE)])
    story: list[Flowable] = []
    for number, (begin_s, strip) in enumerate(pages):
        watch(number, len(pages))
        story += [*([PageBreak()] if number else []), *_page(recording, strip, begin_s, language)]
    with ONE_AT_A_TIME:
        document.build(story, canvasmaker=partial(NumberedCanvas, furniture=furniture))
    return file.getvalue()


def _pages(recording: Recording) -> Iterator[tuple[float, EcgStrip]]:
    """Yield what each page shows and where it begins (s)."""
    groups: dict[float, list[RecordedChannel]] = {}
    for channel in (*recording.leads, *(each for each in recording.channels if each.code not in LEADS)):
        if channel.unit in _VOLTS and len(channel.samples):
            groups.setdefault(channel.rate_hz, []).append(channel)
    for rate_hz, channels in groups.items():
        longest_s = max(channel.duration_s for channel in channels)
        is_twelve = {channel.code for channel in channels} >= set(LEADS)
        if is_twelve:
            yield 0.0, _strip(recording, channels[: len(LEADS)], rate_hz, 0.0)
        for part in range(max(int((longest_s - 1 / rate_hz) // STRIP_S) + 1, 1)):
            for first in range(0, len(channels), _PER_PAGE):
                yield part * STRIP_S, _strip(recording, channels[first : first + _PER_PAGE], rate_hz, part * STRIP_S)


def _strip(recording: Recording, channels: list[RecordedChannel], rate_hz: float, begin_s: float) -> EcgStrip:
    first = round(begin_s * rate_hz)
    last = first + round(STRIP_S * rate_hz) + 1
    leads = tuple(EcgLead(each.label, each.millivolts[first:last]) for each in channels)
    kept = tuple(lead for lead in leads if len(lead.millivolts))
    return EcgStrip(kept or leads, rate_hz, recording.band, None, recording.device)


def _page(recording: Recording, strip: EcgStrip, begin_s: float, language: Language) -> Iterator[Flowable]:
    is_dated = recording.started_at != UNKNOWN_START
    when = document_moment(recording.started_at + timedelta(seconds=begin_s), language) if is_dated else ""
    band = band_words(recording.band, language)
    scale = Text("25 mm/s, 10 mm/mV").render(language)
    place = Text("from {seconds} s", seconds=round(begin_s)).render(language)
    yield blocks.line(
        "   ·   ".join(part for part in (scale, band, when, place, recording.device) if part), blocks.SMALL
    )
    yield Spacer(1, 2 * mm)
    yield EcgPaper(strip, _HEIGHT_MM)
    yield Spacer(1, 2 * mm)
    notes = [
        Text("True to scale only when printed at 100 % (“actual size”): the pulse at the left is 10 mm high.").render(
            language
        )
    ]
    others = ", ".join(channel.label for channel in recording.channels if channel.unit not in _VOLTS)
    if others:
        notes.append(Text("Not on this paper: {curves}.", curves=others).render(language))
    yield blocks.line(" ".join(notes), blocks.SMALL)


def _furniture(recording: Recording, language: Language) -> Furniture:
    said = recording.patient_text
    nobody = Text("Without a name").render(language)
    return Furniture(
        title=printable(Text("ECG").render(language)),
        name=printable(said.name or nobody),
        numbers=printable("   ·   ".join(part for part in (said.birth_date, said.identifier) if part)),
        case="",
        document=printable(recording.device),
        language=language,
    )
