"""How an event of the trail is told on a screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from clinic_app.access import AUDIT_ACTION_WORDS, OUTCOME_WORDS, ROLE_WORDS
from clinic_app.foundation.dates import form_moment
from ui.language import _, counted, say
from ui.widgets.chip import ChipLook

if TYPE_CHECKING:
    from clinic_app.access import AuditLine, ChainVerdict, Role

Fact = tuple[str, str]


def action_words(action: str) -> str:
    """Return what was done; a code of a newer version stands as it is."""
    known = AUDIT_ACTION_WORDS.get(action)
    return say(known) if known is not None else action or "—"


def outcome_words(outcome: str) -> str:
    """Return how it ended."""
    known = OUTCOME_WORDS.get(outcome)
    return say(known) if known is not None else outcome or "—"


def role_words(role: str) -> str:
    """Return a role, or a dash for the workstation itself."""
    known = ROLE_WORDS.get(cast("Role", role))
    return say(known) if known is not None else role or "—"


def person_words(line: AuditLine) -> str:
    """Return who did it."""
    return line.person or line.login or _("this workstation")


def patient_words(line: AuditLine) -> str:
    """Return about whom it was: a name, and how many more."""
    names = [name or _("not here any more") for name in line.patient_names]
    if not names:
        return "—"
    return names[0] if len(names) == 1 else _("{name} and {count} more", name=names[0], count=len(names) - 1)


def outcome_look(line: AuditLine) -> ChipLook:
    """Return the chip at the end of a line: refused, through broken glass, or simply done."""
    if line.outcome not in ("", "0"):
        return ChipLook(outcome_words(line.outcome), "warn", "lock")
    if line.is_emergency:
        return ChipLook(_("in an emergency"), "warn", "siren")
    return ChipLook(outcome_words(line.outcome or "0"), "neutral")


def moment_words(line: AuditLine) -> str:
    """Return when, in local time."""
    return form_moment(line.recorded_at)


def facts_of(line: AuditLine) -> Sequence[Fact]:
    """Return everything an event says, as label and value; what it does not say is left out."""
    who = f"{person_words(line)} ({line.login})" if line.login else person_words(line)
    pairs = zip(line.patient_names, line.patients, strict=True)
    patients = "\n".join(f"{name or _('not here any more')} · {patient}" for name, patient in pairs)
    facts = (
        (_("Moment"), f"{line.recorded_at.astimezone():%d.%m.%Y %H:%M:%S}"),
        (_("Person"), who),
        (_("Role"), role_words(line.role) if line.role else ""),
        (_("Action"), action_words(line.action)),
        (_("Outcome"), outcome_words(line.outcome)),
        (_("Emergency access"), _("done through broken glass") if line.is_emergency else ""),
        (_("Patient"), patients),
        (_("About these records"), "\n".join(line.records)),
        (_("Details"), line.description),
        (_("Place in the trail"), f"{line.seq}"),
        (_("Id of the event"), line.event_id),
    )
    return tuple((label, value) for label, value in facts if value)


def hub_words(verdict: ChainVerdict) -> str:
    """Return what the hub has seen of the trail; empty where it has seen none."""
    seen = verdict.seen
    if seen is None:
        return ""
    moment = form_moment(seen.at)
    if verdict.standing == "shorter":
        return _("EVENTS ARE MISSING: on {moment} the hub saw {links} of them.", moment=moment, links=seen.links)
    if verdict.standing == "other":
        return _("THESE ARE OTHER EVENTS than the hub saw on {moment}.", moment=moment)
    if verdict.breaks:
        return counted(
            "Before that the hub found the trail shorter or changed: {count} time.",
            "Before that the hub found the trail shorter or changed: {count} times.",
            verdict.breaks,
        )
    return _("The hub countersigned {links} of them on {moment}.", links=seen.links, moment=moment)
