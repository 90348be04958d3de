"""How devices and their results are told on the screen."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from clinic_app.devices import FAMILIES, Health, LinkState
from clinic_app.encounters import Handled, Match, ReceivedResult, Sheet, WaitingSheet
from clinic_app.foundation.dates import form_moment
from clinic_app.foundation.numbers import show_number
from ui.language import _, counted, current, said, say
from ui.widgets.chip import ChipLook
from ui.widgets.patient_words import list_name
from ui.widgets.unit_words import unit_words


def family_words(code: str) -> str:
    """Return the name of a family, or its code where this version knows none."""
    family = FAMILIES.get(code)
    return say(family.name) if family else code


def health_look(state: LinkState) -> ChipLook:
    """Return how a device is doing."""
    return {
        Health.OFF: ChipLook(_("switched off"), "neutral"),
        Health.CONNECTING: ChipLook(_("connecting"), "info"),
        Health.WAITING: ChipLook(_("waits"), "info"),
        Health.FINE: ChipLook(_("works"), "ok", "circle-check"),
        Health.SILENT: ChipLook(_("silent"), "warn", "triangle-alert"),
        Health.TROUBLED: ChipLook(_("with errors"), "warn", "triangle-alert"),
        Health.FAILING: ChipLook(_("not reached"), "warn", "triangle-alert"),
    }[state.health]


def health_words(state: LinkState) -> str:
    """Return one sentence about what that means."""
    return {
        Health.OFF: _("Nobody listens to it."),
        Health.CONNECTING: _("The connection is being made."),
        Health.WAITING: _("It can be reached; nothing has come yet."),
        Health.FINE: _("It is connected and sends."),
        Health.SILENT: _("It is connected, and its wave has stopped."),
        Health.TROUBLED: _("It sends, and some of it could not be used."),
        Health.FAILING: _("It is tried again and again; the cable, the switch and the address are to be looked at."),
    }[state.health]


def heard_words(state: LinkState) -> str:
    """Return when it was heard last."""
    return form_moment(state.last_heard_at) if state.last_heard_at else "—"


def number_words(value: Decimal | str, unit: str) -> str:
    """Return a number with its unit, in the language of the windows."""
    shown = show_number(value, current()) if isinstance(value, Decimal) else value
    return f"{shown} {unit_words(unit)}".strip()


def sign_words(code: str) -> str:
    """Return the name of a number of a monitor, or the end of its reference identifier where none is known."""
    return {
        "MDC_ECG_HEART_RATE": _("Heart rate"),
        "MDC_ECG_CARD_BEAT_RATE": _("Heart rate"),
        "MDC_PULS_OXIM_PULS_RATE": _("Pulse"),
        "MDC_PULS_OXIM_SAT_O2": _("SpO₂"),
        "MDC_BLD_PERF_INDEX": _("Perfusion"),
        "MDC_RESP_RATE": _("Respiratory rate"),
        "MDC_TTHOR_RESP_RATE": _("Respiratory rate"),
        "MDC_TEMP": _("Temperature"),
    }.get(code, code.removeprefix("MDC_").replace("_", " ").capitalize())


def result_words(result: ReceivedResult) -> str:
    """Return the value of a result with its unit and the device's remarks."""
    return " ".join((value_words(result), *result.flags))


def value_words(result: ReceivedResult) -> str:
    """Return the value of a result with its unit."""
    try:
        value: Decimal | str = Decimal(result.value) if result.is_number else result.value
    except InvalidOperation:
        value = result.value
    return number_words(value, result.unit)


def test_words(result: ReceivedResult) -> str:
    """Return what was measured."""
    return said(result.name)


def sheet_words(sheet: Sheet) -> str:
    """Return what a sheet holds, on one line."""
    first = f"{test_words(sheet.first)} {value_words(sheet.first)}"
    more = len(sheet.results) - 1
    return f"{first} {counted('and {count} more', 'and {count} more', more)}" if more else first


def label_words(result: ReceivedResult) -> str:
    """Return what stands on a result about whose it is, on one line."""
    parts = dict.fromkeys((result.patient_text, result.patient_id, result.sample_id, result.order_id))
    return " · ".join(filter(None, parts)) or _("nothing")


def owner_look(waiting: WaitingSheet) -> ChipLook:
    """Return whose a sheet may be, for the list."""
    if waiting.sheet.is_control:
        return ChipLook(_("control"), "neutral")
    if waiting.is_closed and not waiting.matches:
        return ChipLook(_("closed record"), "warn", "lock")
    if not waiting.matches:
        return ChipLook(_("whose?"), "neutral", "circle-question-mark")
    if len(waiting.matches) > 1:
        return ChipLook(_("several match"), "warn", "triangle-alert")
    match = waiting.matches[0]
    if match.is_name_different:
        return ChipLook(_("another name"), "warn", "triangle-alert")
    return ChipLook(list_name(match.patient), "info", "user-check")


def match_words(by: str) -> str:
    """Return why a patient is proposed."""
    return {
        "iin": _("the IIN is the same"),
        "chart": _("the chart number is the same"),
        "order": _("the number of the case is the same"),
        "hand": _("in hand now"),
    }[by]


def handled_look(handled: Handled) -> ChipLook:
    """Return what became of a result."""
    return ChipLook(_("filed"), "ok", "check") if handled.how == "filed" else ChipLook(_("put aside"), "neutral")


def names_of(matches: tuple[Match, ...]) -> str:
    """Return the names of patients, for a sentence."""
    return ", ".join(list_name(match.patient) for match in matches)
