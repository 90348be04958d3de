"""A field of a record and its value in words: dates as people write them, codes as they are spoken, never JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from clinic_app.foundation.dates import form_date, form_moment
from clinic_app.foundation.texts import Text
from clinic_app.terminology.systems import CHART_NUMBER, IIN, SNILS

Line = Text | str
MOST_LINES: Final = 12
MOST_LETTERS: Final = 400
FIELD_WORDS: Final[Mapping[str, Text]] = {
    "identifier": Text("Numbers and papers"),
    "active": Text("In use"),
    "name": Text("Name"),
    "telecom": Text("Telephone and post"),
    "gender": Text("Sex"),
    "birthDate": Text("Birth date"),
    "deceased": Text("Died"),
    "address": Text("Address"),
    "managingOrganization": Text("Hospital of the patient"),
    "maritalStatus": Text("Family status"),
    "contact": Text("Whom to call"),
    "communication": Text("Language spoken"),
    "status": Text("State"),
    "clinicalStatus": Text("State of the allergy"),
    "code": Text("What it is"),
    "reaction": Text("Reaction"),
    "value": Text("Value"),
    "effective": Text("When it was measured"),
    "note": Text("Remark"),
    "conclusion": Text("Conclusion"),
    "title": Text("Heading"),
    "description": Text("Description"),
    "priority": Text("Urgency of the case"),
    "reasonCode": Text("Reason"),
    "performer": Text("Done by"),
    "owner": Text("Answered by"),
    "period": Text("From and until"),
    "activity": Text("Steps of the plan"),
    "category": Text("Group"),
    "subject": Text("About whom"),
    "link": Text("The same person as"),
    "photo": Text("Portrait"),
    "generalPractitioner": Text("Family doctor"),
    "start": Text("Day and hour"),
    "participant": Text("Who takes part"),
    "location": Text("Ward and place"),
    "class": Text("Kind of visit"),
    "text": Text("Summary in words"),
}


def field_word(field: str) -> Text:
    """Return the name of a field for people."""
    return FIELD_WORDS.get(field) or Text("Entry “{field}”", field=field)


_GENDERS: Final = {
    "male": Text("male"),
    "female": Text("female"),
    "other": Text("other sex"),
    "unknown": Text("sex unknown"),
}
_NUMBERS: Final = {IIN: Text("IIN"), SNILS: Text("SNILS"), CHART_NUMBER: Text("Chart number")}
_CODES: Final[Mapping[str, Text]] = {
    "active": Text("in force"),
    "inactive": Text("not in force"),
    "resolved": Text("resolved"),
    "draft": Text("a draft"),
    "requested": Text("asked for"),
    "received": Text("arrived"),
    "accepted": Text("taken on"),
    "in-progress": Text("being worked on"),
    "on-hold": Text("waiting"),
    "completed": Text("done"),
    "cancelled": Text("called off"),
    "revoked": Text("taken back"),
    "rejected": Text("refused"),
    "final": Text("finished"),
    "preliminary": Text("not finished"),
    "amended": Text("corrected"),
    "entered-in-error": Text("entered by mistake"),
    "stat": Text("at once"),
    "urgent": Text("soon"),
    "routine": Text("as planned"),
}
_CODED: Final = frozenset({"status", "priority", "clinicalStatus"})


def lines_of(field: str, elements: Mapping[str, Any]) -> tuple[Line, ...]:
    """Return what a record says in one field, a line for each value.

    Args:
        field: the FHIR name.
        elements: the JSON elements of that field, as ``{"deceasedBoolean": True}``.

    What comes from elsewhere may be of any length and any shape; the lines are few and short.
    """
    lines: list[Line] = []
    for name, element in elements.items():
        values = element if isinstance(element, list) else [element]
        for value in values:
            line = _line(field, value) if not name.startswith("_") else _leaves(value)
            if line:
                lines.append(line if isinstance(line, Text) else line[:MOST_LETTERS])
    if len(lines) > MOST_LINES:
        left = len(lines) - MOST_LINES
        return (*lines[:MOST_LINES], Text.counted("and {count} more", "and {count} more", left))
    return tuple(lines)


def _line(field: str, value: Any) -> Line:  # noqa: ANN401 - JSON values of any shape
    if isinstance(value, bool):
        return Text("yes") if value else Text("no")
    if isinstance(value, str):
        if field == "gender":
            return _GENDERS.get(value, value)
        return _CODES.get(value, value) if field in _CODED else _spoken(value)
    if isinstance(value, dict):
        return _of_object(field, value)
    return _leaves(value)


def _of_object(field: str, value: Mapping[str, Any]) -> Line:
    if field == "name":
        return _string(value, "text") or " ".join(_words(value.get(part)) for part in ("family", "given")).strip()
    if field == "identifier":
        known = _NUMBERS.get(_string(value, "system"), Text("Number"))
        return Text("{name}: {number}", name=known, number=_string(value, "value")[:MOST_LETTERS])
    if field == "telecom":
        return _string(value, "value")
    if "coding" in value:
        return _concept(field, value)
    if "unit" in value:
        return f"{_words(value.get('value'))} {_string(value, 'unit')}".strip()
    if "reference" in value:
        return _string(value, "display") or _string(value, "reference")
    if "start" in value or "end" in value:
        return " – ".join(_spoken(_string(value, part)) or "…" for part in ("start", "end"))
    return _string(value, "text") or _leaves(value)


def _concept(field: str, value: Mapping[str, Any]) -> Line:
    if said := _string(value, "text"):
        return said
    codings = value.get("coding")
    for coding in codings if isinstance(codings, list) else ():
        if isinstance(coding, dict):
            code = _string(coding, "code")
            if field in _CODED and code in _CODES:
                return _CODES[code]
            if said := _string(coding, "display") or code:
                return said
    return ""


def _string(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""


def _words(value: object) -> str:
    if isinstance(value, list):
        return " ".join(_words(each) for each in value)
    return "" if value is None or isinstance(value, dict) else str(value)


def _spoken(value: str) -> str:
    """Return a date or a moment as people write it, anything else as it is."""
    try:
        if len(value) == len("2026-03-05"):
            return form_date(date.fromisoformat(value))
        if "T" in value and len(value) < 40:
            return form_moment(datetime.fromisoformat(value))
    except (ValueError, OverflowError, OSError):
        pass
    return value


def _leaves(value: object) -> str:
    """Return the words in a value of a shape we do not know; addresses of systems tell a person nothing."""
    return ", ".join(_strings(value))[:MOST_LETTERS]


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            if name not in ("system", "url", "use"):
                yield from _strings(each)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for each in value:
            yield from _strings(each)
    elif value is not None and value != "":
        yield _spoken(str(value))
