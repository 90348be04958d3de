"""How orders, waiting images and devices are said: in words, with the chip that helps to see them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from clinic_app.foundation.dates import form_moment
from clinic_app.imaging.image_inbox import WaitingStudy
from clinic_app.imaging.image_matching import MatchedBy
from clinic_app.imaging.network.listener import State
from clinic_app.imaging.network.peers import Letters, Peer, Use
from clinic_app.imaging.network.visits import Visit
from clinic_app.imaging.order_record import MODALITIES, OrderState
from clinic_app.imaging.orders import ImageOrder
from clinic_app.imaging.waiting_image import HandledStudy, StudyInInbox
from ui.language import _, counted, say
from ui.widgets.chip import ChipLook

UNKNOWN: Final = "—"
_HOUR_S: Final = 3600


def modality_words(code: str) -> str:
    """Return what a kind of picture is called; the code itself for one nobody orders here."""
    return say(MODALITIES[code]) if code in MODALITIES else code


def order_words(order: ImageOrder) -> str:
    """Return what is to be done, in one line."""
    return f"{modality_words(order.modality)}: {order.body_part}"


def state_look(state: OrderState) -> ChipLook:
    """Return the chip of where an order stands."""
    looks: Mapping[OrderState, ChipLook] = {
        "ordered": ChipLook(_("Ordered"), "info", "clock"),
        "in-progress": ChipLook(_("In progress"), "info", "activity"),
        "arrived": ChipLook(_("Images came"), "warn", "inbox"),
        "done": ChipLook(_("Done"), "ok", "check"),
        "cancelled": ChipLook(_("Cancelled"), "neutral", "circle-x"),
    }
    return looks[state]


def count_words(study: StudyInInbox) -> str:
    """Return how many images of which kinds a study has."""
    count = counted("{count} image", "{count} images", len(study.images))
    return ", ".join(filter(None, ("/".join(study.modalities), count)))


def age_words(moment: datetime, now: datetime) -> str:
    """Return how long ago something was."""
    passed = max(0, int((now - moment).total_seconds()))
    if passed < 60:
        return _("just now")
    if passed < _HOUR_S:
        return counted("{count} minute ago", "{count} minutes ago", passed // 60)
    if passed < 48 * _HOUR_S:
        return counted("{count} hour ago", "{count} hours ago", passed // _HOUR_S)
    return counted("{count} day ago", "{count} days ago", passed // (24 * _HOUR_S))


def label_words(study: StudyInInbox) -> str:
    """Return what stands on the images of whose they are."""
    said = [*study.names, *study.numbers]
    return "; ".join(said) or _("no name and no number")


def owner_look(waiting: WaitingStudy) -> ChipLook:
    """Return the chip of whose a study may be."""
    if len(waiting.matches) == 1:
        match = waiting.matches[0]
        if match.is_contradicted:
            return ChipLook(match.patient.full_name, "warn", "triangle-alert")
        return ChipLook(match.patient.full_name, "info", "user")
    if waiting.matches:
        return ChipLook(_("several"), "warn", "users")
    return ChipLook(_("closed record"), "warn", "lock") if waiting.is_closed else ChipLook(_("nobody yet"), "neutral")


def match_words(by: MatchedBy | str) -> str:
    """Return why a patient is proposed."""
    words = {"order": _("number of the order"), "iin": _("IIN"), "chart": _("chart number"), "hand": _("in hand now")}
    return words[by]


def handled_look(done: HandledStudy) -> ChipLook:
    """Return the chip of what became of a study."""
    return (
        ChipLook(_("Filed"), "ok", "check") if done.how == "filed" else ChipLook(_("Put aside"), "neutral", "archive")
    )


def state_words(state: State) -> str:
    """Return whether devices can reach us."""
    words = {
        "listening": _("Devices can reach us"),
        "failed": _("Devices cannot reach us"),
        "off": _("The image network is off"),
    }
    return words[state]


def use_words(use: Use) -> str:
    """Return what a device may do here, or we there."""
    words: Mapping[Use, str] = {
        "send": _("Sends images to us"),
        "worklist": _("Asks for the orders"),
        "commit": _("Asks whether images are kept"),
        "store": _("We send images to it"),
        "query": _("We search it"),
    }
    return words[use]


def letters_words(letters: Letters) -> str:
    """Return in which letters a device is told names."""
    words: Mapping[Letters, str] = {
        "as-asked": _("as it asks"),
        "utf-8": _("all letters (UTF-8)"),
        "cyrillic": _("Russian letters"),
        "latin": _("Latin letters"),
    }
    return words[letters]


def address_words(peer: Peer) -> str:
    """Return where a device is."""
    if not peer.host:
        return _("any address")
    return f"{peer.host}:{peer.port}" if peer.port else peer.host


def visit_look(visit: Visit) -> ChipLook:
    """Return the chip of how a call went."""
    if visit.is_refused:
        return ChipLook(_("refused"), "warn", "circle-x")
    if visit.ended_at is None:
        return ChipLook(_("connected"), "info", "activity")
    if visit.remark is not None or visit.refused_images:
        return ChipLook(_("with trouble"), "warn", "triangle-alert")
    return ChipLook(_("fine"), "ok", "check")


def visit_words(visit: Visit) -> str:
    """Return what happened in a call."""
    parts = [
        counted("{count} image taken", "{count} images taken", visit.images) if visit.images else "",
        counted("{count} image refused", "{count} images refused", visit.refused_images)
        if visit.refused_images
        else "",
        counted("{count} question", "{count} questions", visit.questions) if visit.questions else "",
        say(visit.remark) if visit.remark is not None else "",
    ]
    return ", ".join(filter(None, parts)) or UNKNOWN


def when(moment: datetime) -> str:
    """Return a moment in the house's form."""
    return form_moment(moment)
