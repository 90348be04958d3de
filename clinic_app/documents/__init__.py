"""Documents for people: the PDF of a consult, and its place among the patient's records.

The PDF library is loaded with the first document, not with the program: it would slow every start down.
"""

from clinic_app.documents.content import ConsultContent, EcgLead, EcgStrip, KeyImage, PatientLines
from clinic_app.documents.filing import Documents
from clinic_app.foundation.texts import Language

__all__ = [
    "ConsultContent",
    "Documents",
    "EcgLead",
    "EcgStrip",
    "KeyImage",
    "PatientLines",
    "render_consult_summary",
]


def render_consult_summary(content: ConsultContent, language: Language) -> bytes:
    """Return the PDF of a consult summary; see `clinic_app.documents.consult_summary`.

    Raises:
        InvalidInputError: a character cannot be printed; the sentence names it.
    """
    from clinic_app.documents import consult_summary

    return consult_summary.render_consult_summary(content, language)
