"""How a study is hung: how many panes there are, and which series, or which picture of one, begins in which.

Rules are data (``resources/hanging.json``; a site's own file comes first, see `hanging_rules`). The first rule that
fits is followed. Whoever chose another layout for this kind of study keeps it: the rule then only says in which order
the panes are filled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from clinic_app.imaging.importing import frames_of
from clinic_app.imaging.shelf import series_kind
from clinic_app.records import ImagingStudy, ImagingStudySeries

MOST_SIDE: Final = 3
MOST_RULES: Final = 200


@dataclass(frozen=True)
class Layout:
    """Panes in rows and columns, at most three of each.

    Args:
        rows: from the top.
        columns: from the left.
    """

    rows: int = 1
    columns: int = 1

    def __post_init__(self) -> None:
        """Refuse what no viewer has."""
        if not (1 <= self.rows <= MOST_SIDE and 1 <= self.columns <= MOST_SIDE):
            raise ValueError(f"{self.rows}x{self.columns} panes")

    def __len__(self) -> int:
        """Return how many panes it has."""
        return self.rows * self.columns

    def __str__(self) -> str:
        """Return it as people write it: ``2x3``, rows first."""
        return f"{self.rows}x{self.columns}"

    @classmethod
    def parse(cls, words: str) -> Layout | None:
        """Return what ``2x3`` means; None for anything that is no layout."""
        rows, x, columns = words.strip().lower().partition("x")
        if not (x and rows.isdecimal() and columns.isdecimal() and len(words) <= 8):
            return None
        try:
            return cls(int(rows), int(columns))
        except ValueError:
            return None


ONE: Final = Layout()


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one pane of a rule begins with.

    Args:
        of: the study that is read, or the one before it.
        series: which series (or picture, where the rule spreads pictures), from 1.
        words: only series whose description holds one of these count.
        like: in place of ``series``: the series most like that of this pane, from 1.
    """

    of: Literal["current", "prior"] = "current"
    series: int = 1
    words: tuple[str, ...] = ()
    like: int = 0


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule.

    Args:
        name: for whoever reads the file.
        modalities: kinds of study it is for; empty: every kind.
        body: words one of which the body part or a description must hold; empty: any.
        needs_prior: there must be an earlier study of the same kind.
        least_series: so many series with pictures, or more.
        most_series: not more than so many; 0: as many as there are.
        least_images: so many pictures in all, or more.
        most_images: not more than so many; 0: as many as there are.
        order: which series is the first: by number, or the one with the most pictures. Localizers come last.
        spread: panes are filled by series, or picture by picture.
        layout: rows and columns, like ``1x2``.
        panes: what each begins with, row by row; without them the first is the first, and so on.
        is_linked: the panes leaf together.
    """

    name: str = ""
    modalities: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    needs_prior: bool = False
    least_series: int = 0
    most_series: int = 0
    least_images: int = 0
    most_images: int = 0
    order: Literal["number", "most_images"] = "number"
    spread: Literal["series", "images"] = "series"
    layout: str = "1x1"
    panes: tuple[Wanted, ...] = ()
    is_linked: bool = False


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rules in the order in which they are tried.

    Args:
        rules: the first that fits is followed.
        localizers: words in the description of a series that only shows where the others were taken.
    """

    rules: tuple[Rule, ...] = ()
    localizers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Start:
    """What a pane begins with.

    Args:
        series_uid: the series.
        sop_uid: the picture's file; empty: the first.
        frame_number: its frame, from 1.
    """

    series_uid: str
    sop_uid: str = ""
    frame_number: int = 1


@dataclass(frozen=True)
class Hung:
    """How a study is hung.

    Args:
        layout: of the panes.
        starts: what each pane begins with, row by row; None: nothing.
        is_linked: they leaf together.
        rule: the name of the rule that was followed.
    """

    layout: Layout
    starts: tuple[Start | None, ...]
    is_linked: bool = False
    rule: str = ""


def hang(rules: Rules, studies: Sequence[ImagingStudy], study: ImagingStudy, layout: Layout | None = None) -> Hung:
    """Return how a study is hung.

    Args:
        rules: how it is done here.
        studies: of the patient, this one among them.
        study: the one that is read.
        layout: what this person chose for studies of this kind, if he did.
    """
    before = prior_of(studies, study)
    fitting = (rule for rule in rules.rules if _fits(rule, study, before))
    rule = next(fitting, Rule())
    grid = layout or Layout.parse(rule.layout) or ONE
    current, earlier = (_starts(rule, rules.localizers, each) for each in (study, before))
    found: list[Start | None] = []
    for wanted in rule.panes[: len(grid)]:
        found.append(_pick(wanted, earlier if wanted.of == "prior" else current, found, (study, before)))
    rest = [each for each in current if each not in found]
    is_filling = not rule.panes or len(grid) > len(rule.panes)
    while is_filling and rest and len(found) < len(grid):
        found.append(rest.pop(0))
    found += [None] * (len(grid) - len(found))
    return Hung(grid, tuple(found), rule.is_linked, rule.name)


def kind_of_study(study: ImagingStudy) -> str:
    """Return the modality a study is known by: that of most of its pictures."""
    counts: dict[str, int] = {}
    for series in _with_pictures(study):
        code = series.modality.code or "OT"
        counts[code] = counts.get(code, 0) + images_of(series)
    return max(counts, key=lambda code: counts[code]) if counts else ""


def newest_of(studies: Sequence[ImagingStudy]) -> ImagingStudy:
    """Return the study that was taken last; of several, or where no day is known, the one that comes first."""
    dated = [each for each in studies if each.started is not None]
    return max(dated, key=lambda each: each.started or datetime.min.replace(tzinfo=UTC)) if dated else studies[0]


def prior_of(studies: Sequence[ImagingStudy], study: ImagingStudy) -> ImagingStudy | None:
    """Return the newest earlier study of the same kind that is not known to be of another part of the body."""
    kind = kind_of_study(study)
    if study.started is None or not kind:
        return None
    earlier = [
        each
        for each in studies
        if each.id != study.id and each.started is not None and each.started < study.started
        if kind_of_study(each) == kind and _may_be_same_part(each, study)
    ]
    return max(earlier, key=lambda each: each.started or study.started, default=None)  # type: ignore[arg-type, return-value]


def images_of(series: ImagingStudySeries) -> int:
    """Return how many pictures a series has; a file may hold several."""
    return sum(frames_of(instance) for instance in series.instance)


def _fits(rule: Rule, study: ImagingStudy, before: ImagingStudy | None) -> bool:
    series = _with_pictures(study)
    images = sum(map(images_of, series))
    return (
        (not rule.modalities or kind_of_study(study) in rule.modalities)
        and (not rule.body or _holds(_said_of(study), rule.body))
        and (before is not None or not rule.needs_prior)
        and rule.least_series <= len(series) <= (rule.most_series or len(series))
        and rule.least_images <= images <= (rule.most_images or images)
    )


def _starts(rule: Rule, localizers: tuple[str, ...], study: ImagingStudy | None) -> list[Start]:
    """Return what panes can begin with, in the order of the rule."""
    series = list(_with_pictures(study)) if study else []
    series.sort(key=lambda each: each.number or 0)
    if rule.order == "most_images":
        series.sort(key=lambda each: -images_of(each))
    series.sort(key=lambda each: _holds((each.description or "").lower(), localizers))
    if rule.spread == "series":
        return [Start(each.uid) for each in series]
    return [
        Start(each.uid, instance.uid, frame)
        for each in series
        for instance in each.instance
        for frame in range(1, min(frames_of(instance), MOST_SIDE**2) + 1)
    ][: MOST_SIDE**2]


def _pick(
    wanted: Wanted,
    starts: Sequence[Start],
    found: Sequence[Start | None],
    studies: tuple[ImagingStudy, ImagingStudy | None],
) -> Start | None:
    known = {series.uid: series for study in studies if study for series in study.series}
    if wanted.like:
        model = found[wanted.like - 1] if wanted.like <= len(found) else None
        return _most_like(known[model.series_uid], starts, known) if model else None
    if wanted.words:
        starts = [each for each in starts if _holds((known[each.series_uid].description or "").lower(), wanted.words)]
    return starts[wanted.series - 1] if 1 <= wanted.series <= len(starts) else None


def _most_like(
    model: ImagingStudySeries, starts: Sequence[Start], known: dict[str, ImagingStudySeries]
) -> Start | None:
    def unlikeness(start: Start) -> tuple[bool, bool, bool, int]:
        other = known[start.series_uid]
        return (
            other.modality.code != model.modality.code,
            (other.description or "").lower() != (model.description or "").lower(),
            other.number != model.number,
            abs(images_of(other) - images_of(model)),
        )

    return min(starts, key=unlikeness, default=None)


def _with_pictures(study: ImagingStudy) -> tuple[ImagingStudySeries, ...]:
    return tuple(each for each in study.series if series_kind(each) == "picture")


def _said_of(study: ImagingStudy) -> str:
    said = [study.description or "", *(each.description or "" for each in study.series), *_parts_of(study)]
    return " ".join(said).lower()


def _parts_of(study: ImagingStudy) -> set[str]:
    codes = (each.body_site.code for each in study.series if each.body_site is not None)
    return {code.lower() for code in codes if code}


def _may_be_same_part(one: ImagingStudy, other: ImagingStudy) -> bool:
    ours, theirs = _parts_of(one), _parts_of(other)
    return not (ours and theirs) or not ours.isdisjoint(theirs)


def _holds(said: str, words: Sequence[str]) -> bool:
    return any(word.strip().lower() in said for word in words if word.strip())
