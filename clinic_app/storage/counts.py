"""How many there are of what: numbers for reports, counted by the database; no record is read for them.

Spans are days, ``YYYY-MM-DD``, the first and the last of them counted. What is small is not hidden here; that is the
work of the room that asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, Select, case, func, literal, select

from clinic_app.storage.count_tables import COUNT_FINDING, COUNT_PATIENT, COUNT_REQUEST, COUNT_TASK
from clinic_app.storage.engines.database import Database
from clinic_app.storage.tables import MEMORY

Side = Literal["sent", "received"]
HUB_RECEIVED: Final = "hub-received/"
"""What the name of a Task's moment at the hub begins with, in `Memory`."""
_MONTH: Final = len("2026-03")


@dataclass(frozen=True)
class FoundCounts:
    """What was found of patients, by month ``YYYY-MM``.

    Args:
        visits: days on which something was found of a patient, each patient's counted.
        observations: measurements.
        studies: imaging studies.
        people: patients of whom something was found.
        pictured: patients of whom there is a study.
    """

    visits: Mapping[str, int]
    observations: Mapping[str, int]
    studies: Mapping[str, int]
    people: Mapping[str, int]
    pictured: Mapping[str, int]


@dataclass(frozen=True)
class TaskCounts:
    """How many referrals there are of each urgency, specialty, state and month."""

    urgencies: Mapping[str, int]
    specialties: Mapping[str, int]
    states: Mapping[str, int]
    months: Mapping[str, int]


@dataclass(frozen=True)
class AnswerTime:
    """One referral that was answered, without a name.

    Args:
        urgency: as it was asked.
        sent_at: by the asking hospital's clock.
        hub_at: when the hub had it, by the hub's clock; None where that is not known.
        answered_at: when the opinion was signed.
    """

    urgency: str
    sent_at: datetime
    hub_at: datetime | None
    answered_at: datetime


class Counts:
    """Counts in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def patients(self, own: str, first: str, last: str, births: Sequence[str]) -> Mapping[tuple[str, int], int]:
        """Return how many of our patients were registered or examined in a span, by sex and age.

        Args:
            own: id of our organisation.
            first: the first day.
            last: the last day.
            births: latest days of birth of the groups of age, the oldest group first.

        Returns:
            Counts by sex and place of the group in ``births``: ``len(births)`` for whoever is younger than all, -1 for
            whoever has no day of birth.
        """
        born = COUNT_PATIENT.c.birth
        group = case((born == "", literal(-1)), *((born <= day, literal(n)) for n, day in enumerate(births)),
                     else_=literal(len(births)))  # fmt: skip
        seen = select(COUNT_FINDING.c.subject).where(COUNT_FINDING.c.day.between(first, last))
        query = (
            select(COUNT_PATIENT.c.sex, group.label("age"), func.count())
            .where(_ours(own), COUNT_PATIENT.c.day.between(first, last) | COUNT_PATIENT.c.id.in_(seen))
            .group_by(COUNT_PATIENT.c.sex, group)
        )
        with self._database.reading() as connection:
            return {(sex, age): count for sex, age, count in connection.execute(query)}

    def new_patients(self, own: str, first: str, last: str) -> Mapping[str, int]:
        """Return how many of our patients were registered in each month of a span."""
        month = func.substr(COUNT_PATIENT.c.day, 1, _MONTH).label("month")
        query = select(month, func.count()).where(_ours(own), COUNT_PATIENT.c.day.between(first, last))
        with self._database.reading() as connection:
            return _pairs(connection, query.group_by("month"))

    def found(self, own: str, first: str, last: str) -> FoundCounts:
        """Return how much was found of our patients in each month of a span."""
        day = COUNT_FINDING.c.day
        is_ours = (COUNT_PATIENT.c.id == COUNT_FINDING.c.subject, _ours(own), day.between(first, last))
        daily = (
            select(
                day,
                COUNT_FINDING.c.subject,
                func.sum(case((COUNT_FINDING.c.type == "Observation", 1), else_=0)).label("observations"),
                func.sum(case((COUNT_FINDING.c.type == "ImagingStudy", 1), else_=0)).label("studies"),
            )
            .where(*is_ours)
            .group_by(day, COUNT_FINDING.c.subject)
            .subquery()
        )
        month = func.substr(daily.c.day, 1, _MONTH).label("month")
        pictured = case((daily.c.studies > 0, daily.c.subject))
        query = select(
            month,
            func.count(),
            func.sum(daily.c.observations),
            func.sum(daily.c.studies),
            func.count(daily.c.subject.distinct()),
            func.count(pictured.distinct()),
        )
        with self._database.reading() as connection:
            rows = connection.execute(query.select_from(daily).group_by("month")).all()
        return FoundCounts(*({row[0]: int(row[place]) for row in rows} for place in range(1, 6)))

    def referrals(self, own: str, side: Side, first: str, last: str) -> TaskCounts:
        """Return how many referrals our organisation sent, or received, in a span of days of sending."""
        month = func.substr(COUNT_TASK.c.day, 1, _MONTH).label("month")
        specialty = func.coalesce(COUNT_REQUEST.c.specialty, "").label("specialty")
        groups = (COUNT_TASK.c.urgency, specialty, COUNT_TASK.c.state, month)
        query = (
            select(*groups, func.count())
            .select_from(COUNT_TASK)
            .outerjoin(COUNT_REQUEST, COUNT_REQUEST.c.id == COUNT_TASK.c.request)
            .where(_of_side(own, side), COUNT_TASK.c.day.between(first, last))
            .group_by(COUNT_TASK.c.urgency, "specialty", COUNT_TASK.c.state, "month")
        )
        counted: tuple[Counter[str], ...] = tuple(Counter() for _ in groups)
        with self._database.reading() as connection:
            for *values, count in connection.execute(query):
                for of_group, value in zip(counted, values, strict=True):
                    of_group[value] += count
        return TaskCounts(*counted)

    def answer_times(self, own: str, side: Side, first: str, last: str) -> tuple[AnswerTime, ...]:
        """Return the moments of the answered referrals that were sent in a span."""
        query = (
            select(COUNT_TASK.c.urgency, COUNT_TASK.c.sent_at, MEMORY.c.value, COUNT_TASK.c.answered_at)
            .select_from(COUNT_TASK)
            .outerjoin(MEMORY, MEMORY.c.name == literal(HUB_RECEIVED).concat(COUNT_TASK.c.id))
            .where(
                _of_side(own, side),
                COUNT_TASK.c.day.between(first, last),
                COUNT_TASK.c.sent_at.is_not(None),
                COUNT_TASK.c.answered_at.is_not(None),
            )
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        moment = datetime.fromisoformat
        return tuple(
            AnswerTime(urgency, moment(sent), moment(bytes(hub).decode()) if hub else None, moment(answered))
            for urgency, sent, hub, answered in rows
        )


def _ours(own: str) -> ColumnElement[bool]:
    return COUNT_PATIENT.c.owner.in_(("", own))


def _of_side(own: str, side: Side) -> ColumnElement[bool]:
    return (COUNT_TASK.c.requester if side == "sent" else COUNT_TASK.c.owner) == own


def _pairs(connection: Connection, query: Select[Any]) -> Mapping[str, int]:
    return {row[0]: row[1] for row in connection.execute(query)}
