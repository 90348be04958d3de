"""The district's question to a specialist: ServiceRequest and Task, and their evidence as one sealed package."""

from clinic_app.referral.cases import PROGRESS, Case, CaseProgress
from clinic_app.referral.receiving import UnknownSenderError
from clinic_app.referral.sending import ReferralForm
from clinic_app.referral.service import Referrals

__all__ = ["PROGRESS", "Case", "CaseProgress", "ReferralForm", "Referrals", "UnknownSenderError"]
