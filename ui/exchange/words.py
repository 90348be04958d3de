"""How the exchange is told on its screen: times, lanes, answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from clinic_app.foundation.dates import form_moment
from clinic_app.foundation.texts import Text
from clinic_app.sync import ContentOnWay
from ui.language import _, counted, said, say
from ui.widgets.chip import ChipLook
from ui.widgets.size_words import size_words

if TYPE_CHECKING:
    from clinic_app.sync import ExchangeSummary, WaitingItem

FELT_OFFSET_S = 120
"""Clocks further apart than this are told: times of two hospitals would contradict each other."""


def summary_words(summary: ExchangeSummary) -> str:
    """Return what waits as a whole and how long that takes on this link."""
    count = summary.items + summary.contents
    if not summary.has_hub:
        return _("This workstation works without a hub; nothing has to leave it.")
    if count == 0:
        return _("Everything is at the hub.")
    words = counted("{count} waits in the queue", "{count} wait in the queue", count)
    return f"{words} · {size_words(summary.bytes_waiting)} · {time_words(summary.estimate_s)}"


def time_words(seconds: float | None) -> str:
    """Return about how long something takes; never to the second, for a link is no clock."""
    if seconds is None:
        return _("how long it takes is not known yet")
    if seconds < 60:
        return _("less than a minute on this link")
    minutes = round(seconds / 60)
    if minutes < 100:
        return _("about {count} min on this link", count=minutes)
    return _("about {count} h on this link", count=round(seconds / 3600))


def contact_words(summary: ExchangeSummary) -> str:
    """Return when the hub was last reached, and by how much the clocks differ where that is felt."""
    at = summary.last_contact_at
    words = _("Last contact: {time}", time=form_moment(at) if at else _("none since the start"))
    offset = summary.clock_offset_s
    if offset is None or abs(offset) < FELT_OFFSET_S:
        return words
    return f"{words} · {_clock_words(offset)}"


def _clock_words(offset_s: float) -> str:
    """Return by how much the clocks differ, in the largest unit that says it well."""
    minutes = round(abs(offset_s) / 60)
    hours, days = round(minutes / 60), round(minutes / 1440)
    is_behind = offset_s > 0
    if minutes < 120:
        if is_behind:
            return _("this computer is {count} min behind the clock of the hub", count=minutes)
        return _("this computer is {count} min ahead of the clock of the hub", count=minutes)
    if hours < 48:
        if is_behind:
            return _("this computer is {count} h behind the clock of the hub", count=hours)
        return _("this computer is {count} h ahead of the clock of the hub", count=hours)
    if is_behind:
        return _("this computer is {count} days behind the clock of the hub", count=days)
    return _("this computer is {count} days ahead of the clock of the hub", count=days)


def lane_words(lane: str) -> str:
    """Return how pressing something is."""
    return {
        "emergency": _("emergency first"),
        "referral": _("referrals"),
        "records": _("records"),
        "images": _("pictures"),
        "bulk": _("large files"),
        "audit": _("last of all"),
    }.get(lane, lane)


def turn_words(item: WaitingItem) -> str:
    """Return when it is something's turn."""
    return _("before everything else") if item.is_first else lane_words(item.lane)


def may_go_first(item: WaitingItem) -> bool:
    """Return whether something waits that could go before everything else, and does not already."""
    return item.state in ("queued", "held") and item.lane != "audit" and not item.is_first


def budget_words(summary: ExchangeSummary) -> str:
    """Return what the lanes with a limit have used of this day's bytes."""
    said_of = []
    for each in summary.budgets:
        lane, spent, most = lane_words(each.lane), size_words(each.spent_bytes), size_words(each.most_bytes)
        if each.spent_bytes < each.most_bytes:
            said_of.append(_("{lane} {spent} of {most}", lane=lane, spent=spent, most=most))
        else:
            said_of.append(_("{lane} all of {most}, goes on tomorrow", lane=lane, most=most))
    return _("Used of today's megabytes: {lanes}", lanes=" · ".join(said_of)) if said_of else ""


def warning_words(summary: ExchangeSummary) -> str:
    """Return what somebody has to do something about, beyond what waits; a sentence in a line of its own each."""
    told = []
    if not summary.can_sign:
        told.append(
            _(
                "The clock of this computer is wrong by more than a day: "
                "nothing but emergencies is signed until it is right."
            )
        )
    if not summary.is_trail_whole:
        told.append(
            _(
                "The hub has seen more of this workstation than is here: its data were put back, "
                "or there are two of it. Call IT if nobody did that."
            )
        )
    return "\n".join(told)


def kind_words(item: WaitingItem | ContentOnWay) -> str:
    """Return what something is, and how many it stands for."""
    if isinstance(item, ContentOnWay):
        return _("Picture, recording or document")
    words = say(item.kind)
    return f"{words} ({item.count})" if item.count > 1 else words


def patient_words(item: WaitingItem | ContentOnWay) -> str:
    """Return about whom it is, where that may be said."""
    return getattr(item, "patient", "") or "—"


def reason_words(item: WaitingItem | ContentOnWay) -> str:
    """Return why it is not at the hub."""
    return say(item.reason) if item.reason is not None else _("its turn has not come")


def field_words(fields: Sequence[Text]) -> str:
    """Return the names of fields in one line."""
    return ", ".join(say(each) for each in fields) or "—"


def state_look(item: WaitingItem) -> ChipLook:
    """Return the chip of something that waits."""
    if item.state == "conflict":
        return ChipLook(_("asks a question"), "warn", "message-square")
    if item.state == "held":
        return ChipLook(_("waits for another"), "warn", "hourglass")
    if item.attempts:
        return ChipLook(counted("tried {count} time", "tried {count} times", item.attempts), "warn", "refresh-cw")
    return ChipLook(_("in the queue"), "neutral", "hourglass")


def answer_words(lines: Sequence[Text | str]) -> str:
    """Return one side's answer, a line for each value."""
    return "\n".join(said(each) for each in lines) or _("says nothing")
