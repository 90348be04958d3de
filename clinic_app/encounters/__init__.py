"""What was found at the bedside: vital signs and allergies."""

from clinic_app.encounters.encounters import Encounters
from clinic_app.encounters.vitals import VITAL_SIGNS, VitalsForm, VitalSign, check_vitals, vital_sign_of

__all__ = ["VITAL_SIGNS", "Encounters", "VitalSign", "VitalsForm", "check_vitals", "vital_sign_of"]
