"""What a mark measures in words: the numbers, their units and, beside millimetres, who says how large a pixel is."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from clinic_app.foundation.texts import Language, Text
from clinic_app.imaging.measuring.marks import Mark
from clinic_app.imaging.measuring.measured import Measured, Value

_PLACES: Final = {"mm": 1, "px": 1, "°": 1, "cm/s": 1, "mm²": 1, "px²": 0, "ms": 0, "Hz": 0, "%": 0, "cm²": 2}
_IN_CM2: Final = 100.0
_ALONE: Final = frozenset({"Length", "Angle", "Value"})
"""What needs no name beside its number."""


def value_words(value: Value, language: Language) -> str:
    """Return a number with its unit; large areas are said in square centimetres."""
    number, unit = value.number, value.unit
    if unit == "mm²" and number >= _IN_CM2:
        number, unit = number / 100, "cm²"
    places = _PLACES.get(unit, 0 if float(number).is_integer() else 1)
    shown = Decimal(f"{number:.{places}f}")
    return _with_unit(shown, unit, language).replace("-", "−")


def value_lines(mark: Mark, found: Measured, language: Language) -> tuple[str, ...]:
    """Return what stands beside a mark: its own words first, then its numbers."""
    lines = [mark.words] if mark.words else []
    if mark.kind == "scale":
        known = Value(Text("Length"), mark.known_mm, "mm")
        lines.append(Text("known: {length}", length=value_words(known, language)).render(language))
    if len(found.values) > 4:
        lines += _of_region(found.values, language)
    else:
        lines += _joined(found.values, language)
    if found.note is not None and not (found.values and mark.kind == "head ellipse"):
        lines.append(found.note.render(language))
    return tuple(line for line in lines if line)


def named(value: Value, language: Language) -> str:
    """Return a number behind its name."""
    words = value_words(value, language)
    return words if value.name.msgid in _ALONE else f"{value.name.render(language)} {words}"


def _of_region(values: tuple[Value, ...], language: Language) -> list[str]:
    """Return the lines of a region: mean and deviation, least and greatest, then its size."""
    by_name = {value.name.msgid: value for value in values}
    spread = [by_name[name] for name in ("Mean", "SD") if name in by_name]
    ends = [by_name[name] for name in ("Least", "Greatest") if name in by_name]
    lines = [" · ".join(named(value, language) for value in group) for group in (spread, ends) if group]
    return [*lines, *_joined((values[0],), language)]


def _joined(values: tuple[Value, ...], language: Language) -> list[str]:
    """Return the first number with who says how large a pixel is, then the others; another origin is said as well."""
    if not values:
        return []
    first, origins = values[0], [each.origin.render(language) if each.origin else "" for each in values]
    head = " · ".join(part for part in (named(first, language), origins[0]) if part)
    rest = []
    for value, origin in zip(values[1:], origins[1:], strict=True):
        is_other = bool(origin) and origin != origins[0]
        rest.append(f"{named(value, language)} ({origin})" if is_other else named(value, language))
    return [head, *([" · ".join(rest)] if rest else [])]


def _with_unit(number: Decimal, unit: str, language: Language) -> str:
    known = {
        "mm": Text("{value} mm", value=number),
        "mm²": Text("{value} mm²", value=number),
        "cm²": Text("{value} cm²", value=number),
        "px": Text("{value} px", value=number),
        "px²": Text("{value} px²", value=number),
        "ms": Text("{value} ms", value=number),
        "cm/s": Text("{value} cm/s", value=number),
        "Hz": Text("{value} Hz", value=number),
    }
    if unit in known:
        return known[unit].render(language)
    plain = Text("{value}", value=number).render(language)
    return f"{plain}{unit}" if unit in ("°", "") else f"{plain} {unit}"
