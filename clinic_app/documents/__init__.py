"""Documents for people: the PDF of a consult, and its place among the patient's records.

The PDF library is loaded with the first document, not with the program: it would slow every start down.
"""

from clinic_app.documents.content import ConsultContent, EcgLead, EcgStrip, KeyImage, PatientLines, RecoverySheet
from clinic_app.documents.filing import Documents
from clinic_app.documents.long_files import LongFiles, Stretch
from clinic_app.documents.paper import paper_format
from clinic_app.documents.recording_files import FoundRecording, RecordingFiles
from clinic_app.foundation.texts import Language

__all__ = [
    "ConsultContent",
    "Documents",
    "EcgLead",
    "EcgStrip",
    "FoundRecording",
    "KeyImage",
    "LongFiles",
    "PatientLines",
    "RecordingFiles",
    "RecoverySheet",
    "Stretch",
    "paper_format",
    "render_consult_summary",
    "render_recovery_sheet",
]


def render_consult_summary(content: ConsultContent, language: Language) -> bytes:
    """Return the PDF of a consult summary; see `clinic_app.documents.consult_summary`.

    Raises:
        InvalidInputError: a character cannot be printed; the sentence names it.
    """
    from clinic_app.documents import consult_summary

    return consult_summary.render_consult_summary(content, language)


def render_recovery_sheet(sheet: RecoverySheet, language: Language) -> bytes:
    """Return the PDF of the paper with the recovery code; see `clinic_app.documents.recovery_sheet`.

    Raises:
        InvalidInputError: a character cannot be printed; the sentence names it.
    """
    from clinic_app.documents import recovery_sheet

    return recovery_sheet.render_recovery_sheet(sheet, language)
