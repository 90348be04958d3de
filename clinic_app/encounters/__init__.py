"""What was found at the bedside: vital signs, allergies, and the results of devices once a person knows whose."""

from clinic_app.encounters.encounters import Encounters
from clinic_app.encounters.received_result import Handled, ReceivedResult, Sheet
from clinic_app.encounters.result_inbox import ResultInbox, WaitingSheet
from clinic_app.encounters.result_matching import Match, is_other_name
from clinic_app.encounters.vitals import VITAL_SIGNS, VitalsForm, VitalSign, check_vitals, vital_sign_of

__all__ = [
    "VITAL_SIGNS",
    "Encounters",
    "Handled",
    "Match",
    "ReceivedResult",
    "ResultInbox",
    "Sheet",
    "VitalSign",
    "VitalsForm",
    "WaitingSheet",
    "check_vitals",
    "is_other_name",
    "vital_sign_of",
]
