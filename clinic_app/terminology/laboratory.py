"""What analysers measure: the short names they use, the LOINC codes these stand for, and their words.

A short name alone is ambiguous: ``GLU`` is a number of mmol/L in blood and a row of plus signs on a urine strip. So a
name has a meaning only together with its specimen and, where there is a number, its unit; whatever is not in the table
keeps the device's own name and no LOINC code, because a wrong code is worse than none.

Sources: LOINC; UCUM; names as the manuals of common analysers print them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from clinic_app.foundation.texts import Text

Specimen = Literal["blood", "serum", "urine"]


@dataclass(frozen=True)
class LaboratoryTest:
    """One thing that is measured.

    Args:
        loinc: its code.
        words: its name for people.
        specimen: in what.
        names: what analysers call it, in capitals.
        units: of a number, as they are written in UCUM; empty for a test that answers in words.
    """

    loinc: str
    words: Text
    specimen: Specimen
    names: frozenset[str]
    units: frozenset[str]


def _test(loinc: str, words: Text, specimen: Specimen, names: str, units: str = "") -> LaboratoryTest:
    return LaboratoryTest(loinc, words, specimen, frozenset(names.split()), frozenset(units.split()))


_CELLS: Final = "10*9/L 10*3/uL"
LABORATORY_TESTS: Final[tuple[LaboratoryTest, ...]] = (
    _test("6690-2", Text("White blood cells"), "blood", "WBC", _CELLS),
    _test("789-8", Text("Red blood cells"), "blood", "RBC", "10*12/L 10*6/uL"),
    _test("718-7", Text("Haemoglobin"), "blood", "HGB HB", "g/L g/dL"),
    _test("4544-3", Text("Haematocrit"), "blood", "HCT", "%"),
    _test("787-2", Text("Mean cell volume"), "blood", "MCV", "fL"),
    _test("785-6", Text("Mean cell haemoglobin"), "blood", "MCH", "pg"),
    _test("786-4", Text("Mean cell haemoglobin concentration"), "blood", "MCHC", "g/L g/dL"),
    _test("777-3", Text("Platelets"), "blood", "PLT", _CELLS),
    _test("4548-4", Text("Glycated haemoglobin"), "blood", "HBA1C A1C", "%"),
    _test("15074-8", Text("Glucose"), "blood", "GLU GLUC GLUCOSE", "mmol/L"),
    _test("2339-0", Text("Glucose"), "blood", "GLU GLUC GLUCOSE", "mg/dL"),
    _test("14749-6", Text("Glucose"), "serum", "GLU GLUC GLUCOSE", "mmol/L"),
    _test("22664-7", Text("Urea"), "serum", "UREA BUN", "mmol/L"),
    _test("14682-9", Text("Creatinine"), "serum", "CREA CREAT CRE", "umol/L"),
    _test("2823-3", Text("Potassium"), "serum", "K K+", "mmol/L"),
    _test("2951-2", Text("Sodium"), "serum", "NA NA+", "mmol/L"),
    _test("2075-0", Text("Chloride"), "serum", "CL CL-", "mmol/L"),
    _test("1742-6", Text("Alanine transaminase"), "serum", "ALT ALAT GPT", "U/L"),
    _test("1920-8", Text("Aspartate transaminase"), "serum", "AST ASAT GOT", "U/L"),
    _test("14631-6", Text("Bilirubin"), "serum", "TBIL T-BIL BIL-T", "umol/L"),
    _test("2885-2", Text("Protein"), "serum", "TP", "g/L g/dL"),
    _test("1751-7", Text("Albumin"), "serum", "ALB", "g/L g/dL"),
    _test("14647-2", Text("Cholesterol"), "serum", "CHOL TC", "mmol/L"),
    _test("1988-5", Text("C-reactive protein"), "serum", "CRP", "mg/L"),
    _test("5803-2", Text("pH"), "urine", "PH"),
    _test("5811-5", Text("Specific gravity"), "urine", "SG"),
    _test("5799-2", Text("Leucocytes"), "urine", "LEU LEUK"),
    _test("5802-4", Text("Nitrite"), "urine", "NIT"),
    _test("20454-5", Text("Protein"), "urine", "PRO PROT"),
    _test("25428-4", Text("Glucose"), "urine", "GLU GLUC"),
    _test("2514-8", Text("Ketones"), "urine", "KET"),
    _test("5770-3", Text("Bilirubin"), "urine", "BIL"),
    _test("5794-3", Text("Blood"), "urine", "BLD ERY"),
)
_BY_LOINC: Final = {test.loinc: test for test in LABORATORY_TESTS}
_UNITS: Final = {
    "mmol/l": "mmol/L",
    "mg/dl": "mg/dL",
    "umol/l": "umol/L",
    "µmol/l": "umol/L",
    "μmol/l": "umol/L",
    "g/l": "g/L",
    "g/dl": "g/dL",
    "mg/l": "mg/L",
    "u/l": "U/L",
    "iu/l": "[IU]/L",
    "fl": "fL",
    "pg": "pg",
    "%": "%",
    "10^9/l": "10*9/L",
    "10*9/l": "10*9/L",
    "10e9/l": "10*9/L",
    "10^3/ul": "10*3/uL",
    "10*3/ul": "10*3/uL",
    "10^12/l": "10*12/L",
    "10*12/l": "10*12/L",
    "10e12/l": "10*12/L",
    "10^6/ul": "10*6/uL",
    "10*6/ul": "10*6/uL",
}


def ucum_unit(written: str) -> str:
    """Return the UCUM unit for what a device wrote; what is unknown stays as it was written."""
    return _UNITS.get(written.strip().lower(), written.strip())


def loinc_of(name: str, specimen: str, unit: str) -> str:
    """Return the LOINC code of a device's short name, or empty where the table does not say for sure.

    Args:
        name: as the device says it.
        specimen: ``blood``, ``serum``, ``urine``; empty when nobody knows, and then nothing is said.
        unit: in UCUM; empty for an answer in words.
    """
    wanted = name.strip().upper()
    found = [
        test
        for test in LABORATORY_TESTS
        if wanted in test.names and test.specimen == specimen and (unit in test.units if test.units else not unit)
    ]
    return found[0].loinc if len(found) == 1 else ""


def words_of(loinc: str) -> Text | None:
    """Return the name of a test for people, or None for one that is not in the table."""
    test = _BY_LOINC.get(loinc)
    return test.words if test else None
