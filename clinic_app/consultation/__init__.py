"""The specialist's side of a referral: worklist, drafts that stay here, the signed answer, and how it is read."""

from clinic_app.consultation.evidence import Evidence
from clinic_app.consultation.opinions import OpinionForm
from clinic_app.consultation.service import Answer, Consultations

__all__ = ["Answer", "Consultations", "Evidence", "OpinionForm"]
