"""The consult summary: the signed answer of a specialist as a PDF the patient takes home.

Page one is for reading: who, what was asked, what was answered, what to do, who signed. The ECG has a page of its own,
across, at true scale. The paper speaks one language; what people wrote stays as they wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from io import BytesIO
from typing import Final

from reportlab.lib.units import mm
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    KeepTogether,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Spacer,
)

from clinic_app.documents import blocks
from clinic_app.documents.band_words import band_words
from clinic_app.documents.content import ConsultContent, EcgStrip, PatientLines, Words
from clinic_app.documents.ecg_paper import STRIP_S, WIDTH_MM, EcgPaper
from clinic_app.documents.fonts import ONE_AT_A_TIME, printable, register_fonts
from clinic_app.documents.page import LANDSCAPE, MARGIN, PORTRAIT, Furniture, NumberedCanvas
from clinic_app.documents.qr import QrCode, qr_content
from clinic_app.foundation.dates import age_years, document_date, document_moment, form_date
from clinic_app.foundation.texts import Language, Text

WIDTH: Final = PORTRAIT[0] - 2 * MARGIN
ECG_MARGIN: Final = (LANDSCAPE[0] - WIDTH_MM * mm) / 2
ECG_HEIGHT_MM: Final = 145
_HEADER: Final = 18 * mm
_FOOTER: Final = 17 * mm
GENDERS: Final = {"male": Text("male"), "female": Text("female"), "other": Text("other"), "unknown": Text("not known")}


def render_consult_summary(content: ConsultContent, language: Language) -> bytes:
    """Return the PDF.

    Args:
        content: what it says.
        language: of everything that people did not write themselves.

    Raises:
        InvalidInputError: a character cannot be printed; the sentence names it.
    """
    register_fonts()
    furniture = _furniture(content, language)
    file = BytesIO()
    document = BaseDocTemplate(
        file, title=furniture.title, author=printable(content.answered_from), subject=furniture.case, creator="Dala"
    )
    portrait = Frame(MARGIN, _FOOTER, WIDTH, PORTRAIT[1] - _HEADER - _FOOTER, 0, 0, 0, 0)
    across = Frame(ECG_MARGIN, _FOOTER, WIDTH_MM * mm, LANDSCAPE[1] - _HEADER - _FOOTER, 0, 0, 0, 0)
    document.addPageTemplates(
        [
            PageTemplate("reading", [portrait], pagesize=PORTRAIT),
            PageTemplate("across", [across], pagesize=LANDSCAPE),
        ]
    )
    with ONE_AT_A_TIME:
        document.build(list(_story(content, language)), canvasmaker=partial(NumberedCanvas, furniture=furniture))
    return file.getvalue()


def _story(content: ConsultContent, language: Language) -> Iterator[Flowable]:
    say = partial(_say, language=language)
    yield from _head(content, language)
    yield from blocks.section(say(Text("Question")), blocks.paragraphs(content.question))
    if content.vitals:
        values = [(say(name), say(value).strip()) for name, value in content.vitals]
        yield from blocks.section(say(Text("Measured values")), [blocks.value_table(values, WIDTH)])
    yield from blocks.section(say(Text("Opinion")), blocks.paragraphs(content.opinion))
    yield from blocks.section(say(Text("Plan")), blocks.paragraphs(content.plan))
    yield from _signature(content, language)
    if content.image:
        yield CondPageBreak(blocks.LEAST_PICTURE + 20 * mm)
        yield blocks.line(say(Text("Key image")), blocks.HEADING)
        yield blocks.Picture(content.image.pixels, content.image.caption)
    if content.ecg and content.ecg.leads:
        yield NextPageTemplate("across")
        yield PageBreak()
        yield from _ecg_page(content.ecg, language)


def _head(content: ConsultContent, language: Language) -> Iterator[Flowable]:
    """Title with the code beside it, the patient, and who asked whom."""
    say = partial(_say, language=language)
    code = QrCode(qr_content(content.case_number, content.report_id, content.report_sha256), 24 * mm)
    title = [
        blocks.line(_title(language), blocks.TITLE),
        blocks.line(blocks.short(content.answered_from), blocks.VALUE),
        blocks.line(say(Text("Case {number}", number=blocks.short(content.case_number))), blocks.SMALL),
    ]
    yield blocks.side_by_side(title, code, (WIDTH - 24 * mm, 24 * mm))
    yield Spacer(1, 3 * mm)
    yield from blocks.patient_panel(
        content.patient.name, _patient_facts(content, language), _allergies(content.patient, language), WIDTH
    )
    yield Spacer(1, 4 * mm)
    asked = document_moment(content.asked_at, language) if content.asked_at else ""
    facts = (
        (say(Text("Asked by")), "\n".join(part for part in (content.asked_by, content.asked_from) if part)),
        (say(Text("Asked on")), asked),
        (say(Text("Specialty")), say(content.specialty)),
        (say(Text("Urgency")), say(content.urgency)),
    )
    yield blocks.fact_grid(facts, [WIDTH * part for part in (0.32, 0.32, 0.18, 0.18)])
    yield Spacer(1, 1 * mm)
    yield blocks.rule(WIDTH)


def _patient_facts(content: ConsultContent, language: Language) -> list[blocks.Fact]:
    say = partial(_say, language=language)
    patient = content.patient
    born = ""
    if patient.birth_date:
        age = age_years(patient.birth_date, content.signed_at.astimezone())
        years = Text.counted("{count} year", "{count} years", age)
        born = f"{document_date(patient.birth_date, language)} ({say(years)})"
    return [
        (say(Text("Birth date")), born),
        (say(Text("IIN")), _grouped(patient.iin)),
        (say(Text("SNILS")), patient.snils),
        (say(Text("Sex")), say(GENDERS[patient.gender])),
        (say(Text("Chart number")), patient.chart_number),
    ]


def _allergies(patient: PatientLines, language: Language) -> str:
    if not patient.allergies:
        return ""
    return Text("ALLERGY: {what}", what=", ".join(patient.allergies)).render(language)


def _signature(content: ConsultContent, language: Language) -> Iterator[Flowable]:
    """Who answers for it, when, and whether the signature was checked."""
    say = partial(_say, language=language)
    who = f"{blocks.short(content.signed_by)}\n{blocks.short(content.answered_from)}"
    facts = (
        (say(Text("Signed by")), who),
        (say(Text("Signed on")), document_moment(content.signed_at, language)),
    )
    body: list[Flowable] = [Spacer(1, 5 * mm), blocks.rule(WIDTH), Spacer(1, 2 * mm)]
    body.append(blocks.fact_grid(facts, [WIDTH / 2, WIDTH / 2]))
    if content.is_signature_valid:
        checked = Text("Electronic signature checked: valid. Report {digest}…", digest=content.report_sha256[:16])
        body.append(blocks.line(say(checked), blocks.SMALL))
    else:
        broken = Text("The electronic signature could not be confirmed. Ask the specialist before you act on this.")
        body.append(blocks.notice(say(broken), WIDTH))
    yield KeepTogether(body)


def _ecg_page(strip: EcgStrip, language: Language) -> Iterator[Flowable]:
    say = partial(_say, language=language)
    yield blocks.line(say(Text("ECG")), blocks.HEADING)
    scale = say(Text("25 mm/s, 10 mm/mV"))
    when = document_moment(strip.recorded_at, language) if strip.recorded_at else ""
    band = band_words(strip.band, language)
    yield blocks.line("   ·   ".join(part for part in (scale, band, when, strip.device) if part), blocks.SMALL)
    yield Spacer(1, 2 * mm)
    yield EcgPaper(strip, ECG_HEIGHT_MM)
    yield Spacer(1, 2 * mm)
    notes = [
        say(Text("True to scale only when printed at 100 % (“actual size”): the pulse at the left is 10 mm high."))
    ]
    longest_s = max(len(lead.millivolts) for lead in strip.leads) / strip.rate_hz
    if longest_s > STRIP_S + 0.5:
        notes.append(say(Text("Shown are the first 10 s of {seconds} s.", seconds=round(longest_s))))
    yield blocks.line(" ".join(notes), blocks.SMALL)


def _furniture(content: ConsultContent, language: Language) -> Furniture:
    patient = content.patient
    born = form_date(patient.birth_date) if patient.birth_date else ""
    iin = Text("IIN {number}", number=_grouped(patient.iin)).render(language) if patient.iin else patient.chart_number
    return Furniture(
        title=printable(_title(language)),
        name=printable(patient.name),
        numbers=printable("   ·   ".join(part for part in (born, iin) if part)),
        case=printable(Text("Case {number}", number=content.case_number).render(language)),
        document=printable(Text("Document {id}", id=content.document_id).render(language)),
        language=language,
    )


def _title(language: Language) -> str:
    return Text("Teleconsultation summary").render(language)


def _grouped(iin: str) -> str:
    """Return twelve digits as people read them aloud: 640305 400 123."""
    return f"{iin[:6]} {iin[6:9]} {iin[9:]}" if len(iin) == 12 else iin


def _say(words: Words, language: Language) -> str:
    return words.render(language) if isinstance(words, Text) else words
