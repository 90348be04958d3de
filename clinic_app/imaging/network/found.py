"""What is asked of an archive and what it answers: one model, whatever the archive speaks.

Archives answer as they like: some ignore a key, some know no wildcards, some give everything they have. So what comes
is looked at again here, and what does not fit is left out; spellings of a name in other letters fit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, Protocol

from clinic_app.foundation.errors import InvalidInputError, LinkError
from clinic_app.foundation.folding import name_keys
from clinic_app.foundation.texts import Text
from clinic_app.imaging.intake.gathering import Gathering
from clinic_app.imaging.intake.identity import PersonInFile

MOST_STUDIES: Final = 500
"""More answers than this nobody reads; the question is to be narrowed."""
MOST_SERIES: Final = 2_000
MOST_IMAGES: Final = 50_000
_LONGEST: Final = 64
_PLAIN: Final = re.compile(r"[^\\\x00-\x1f]*")
Stop = Callable[[], bool]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for; empty means anything.

    Args:
        patient_id: a number of the patient as the archive has it: the IIN or the number of another hospital.
        name: family name, given name; ``*`` and ``?`` stand for letters.
        accession: the order's number.
        modality: ``CT``, ``MR`` and so on.
        from_day: the first day of the study.
        to_day: the last.
    """

    patient_id: str = ""
    name: str = ""
    accession: str = ""
    modality: str = ""
    from_day: date | None = None
    to_day: date | None = None

    def checked(self) -> Wanted:
        """Return it without blanks, if an archive can be asked so.

        Raises:
            InvalidInputError: nothing that narrows is given, something is too long, or the days are wrong way round.
        """
        tidy = replace(
            self,
            patient_id=self.patient_id.strip(),
            name=" ".join(self.name.split()),
            accession=self.accession.strip(),
            modality=self.modality.strip().upper(),
        )
        texts = (tidy.patient_id, tidy.name, tidy.accession, tidy.modality)
        if any(len(each) > _LONGEST or not _PLAIN.fullmatch(each) for each in texts):
            raise InvalidInputError(Text("This is too long for an archive, or holds signs it does not know."))
        has_letters = any(each.isalnum() for each in tidy.name)
        if not (tidy.patient_id.strip("*? ") or has_letters or tidy.accession.strip("*? ") or tidy.from_day):
            raise InvalidInputError(Text("Give a number, a name, an order or a first day; an archive is large."))
        if tidy.from_day and tidy.to_day and tidy.from_day > tidy.to_day:
            raise InvalidInputError(Text("The first day is after the last one."), "from_day")
        return tidy

    @property
    def days(self) -> str:
        """The days as archives are asked for them (PS3.4, C.2.2.2.5), empty for any."""
        if not (self.from_day or self.to_day):
            return ""
        first = f"{self.from_day:%Y%m%d}" if self.from_day else ""
        last = f"{self.to_day:%Y%m%d}" if self.to_day else ""
        return first if first == last else f"{first}-{last}"


@dataclass(frozen=True)
class FoundSeries:
    """A series in an archive; ``images`` is -1 where it does not say."""

    uid: str
    modality: str = ""
    number: int = 0
    description: str = ""
    images: int = -1


@dataclass(frozen=True)
class FoundStudy:
    """A study in an archive.

    Args:
        uid: its Study Instance UID.
        person: whom the archive says it is about.
        accession: the order's number.
        day: ISO date, empty where the archive does not say.
        description: what it is called.
        modalities: what took it.
        images: how many, -1 where the archive does not say.
    """

    uid: str
    person: PersonInFile = field(default_factory=PersonInFile)
    accession: str = ""
    day: str = ""
    description: str = ""
    modalities: tuple[str, ...] = ()
    images: int = -1


@dataclass(frozen=True)
class Answers:
    """What an archive answered.

    Args:
        studies: those that fit, the newest first.
        is_cut: it has more than are shown.
        unfit: answers that did not fit what was asked: it ignores what it is asked for.
        unreadable: answers that could not be read.
    """

    studies: tuple[FoundStudy, ...] = ()
    is_cut: bool = False
    unfit: int = 0
    unreadable: int = 0


@dataclass(frozen=True)
class Fetched:
    """What came of fetching.

    Args:
        total: images that were wanted and not here.
        came: those that came.
        here: images that were here already and were not fetched again.
        reason: what the archive said where not all came; None where all did.
    """

    total: int = 0
    came: int = 0
    here: int = 0
    reason: Text | None = None

    @property
    def missing(self) -> int:
        """How many did not come."""
        return max(self.total - self.came, 0)


class Archive(Protocol):
    """Something that keeps images and can be searched."""

    @property
    def name(self) -> str:
        """What people here call it."""
        ...

    def find(self, wanted: Wanted, is_stopped: Stop) -> Answers:
        """Return the studies it has."""
        ...

    def series(self, study: FoundStudy, is_stopped: Stop) -> tuple[FoundSeries, ...]:
        """Return the series of a study."""
        ...

    def fetch(
        self,
        study: FoundStudy,
        series: Collection[str],
        gathering: Gathering,
        progress: Progress,
        is_stopped: Stop,
        here: Callable[[Collection[str]], Collection[str]],
    ) -> Fetched:
        """Bring the images of some series of a study; those that are here already are not asked for.

        Args:
            study: of `find`.
            series: UIDs; none for all.
            gathering: gets each file.
            progress: told how many have come of how many.
            is_stopped: asked again and again; True ends it.
            here: tells of images, by their UIDs, which are here already.
        """
        ...


class AnswerSieve:
    """Takes answers as they come: once each, fitting ones only, and not without end.

    Args:
        wanted: what was asked.
        most: answers after which it is full.
    """

    def __init__(self, wanted: Wanted, most: int = MOST_STUDIES) -> None:
        self._wanted = wanted
        self._most = most
        self._found: dict[str, FoundStudy] = {}
        self._came = 0
        self._is_cut = False
        self.unfit = 0
        self.unreadable = 0

    @property
    def is_full(self) -> bool:
        """Whether nothing more is to be read: enough was found, or hardly anything fits."""
        return len(self._found) >= self._most or self._came >= 4 * self._most

    def cut(self) -> None:
        """Note that the archive was left before its end."""
        self._is_cut = True

    def take(self, study: FoundStudy | None) -> None:
        """Take an answer; None for one that could not be read."""
        self._came += 1
        if study is None:
            self.unreadable += 1
        elif study.uid in self._found:
            return
        elif fits(study, self._wanted):
            self._found[study.uid] = study
        else:
            self.unfit += 1

    def answers(self) -> Answers:
        """Return what was found, the newest first."""
        newest = sorted(self._found.values(), key=lambda each: (each.day, each.uid), reverse=True)
        return Answers(tuple(newest), self.is_full or self._is_cut, self.unfit, self.unreadable)


def fits(study: FoundStudy, wanted: Wanted) -> bool:
    """Return whether an answer is one to the question; what the archive does not say contradicts nothing."""
    numbers = [value for value, _issuer in study.person.ids]
    if wanted.patient_id and numbers and not any(_is_like(each, wanted.patient_id) for each in numbers):
        return False
    if wanted.accession and study.accession and not _is_like(study.accession, wanted.accession):
        return False
    if wanted.modality and study.modalities and wanted.modality not in study.modalities:
        return False
    if study.day and wanted.from_day and study.day < wanted.from_day.isoformat():
        return False
    if study.day and wanted.to_day and study.day > wanted.to_day.isoformat():
        return False
    return not wanted.name or not study.person.name or _is_named(study.person.name, wanted.name)


def _is_like(value: str, pattern: str) -> bool:
    """Return whether a number fits one with wildcards; blanks and the case of letters do not matter."""
    shape = "".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern.replace(" ", ""))
    shape = re.sub(r"(\.\*)+", ".*", shape)
    return re.fullmatch(shape, value.replace(" ", ""), re.IGNORECASE) is not None


def _is_named(name: str, wanted: str) -> bool:
    """Return whether every word that was asked begins a word of a name, in any letters.

    A word with a wildcard inside is compared as far as the wildcard.
    """
    theirs = name_keys(name)
    for word in wanted.replace("^", " ").split():
        head = re.split(r"[*?]", word)[0]
        keys = name_keys(head)
        if keys and not any(each.startswith(keys[0]) for each in theirs):
            return False
    return True


def spellings(name: str, latin: Callable[[str], Iterable[str]]) -> tuple[str, ...]:
    """Return how an archive is asked for a name: as it was typed, and in the letters devices write.

    Args:
        name: words, the family name first; may hold wildcards.
        latin: gives spellings of a text in Latin letters.
    """
    if not name:
        return ("",)
    asked = "^".join(name.split(" ", 1))
    typed = asked if asked.endswith(("*", "?")) else f"{asked}*"
    if typed.isascii():
        return tuple(
            dict.fromkeys((typed, typed.upper(), typed.title()))
        )  # some archives tell large letters from small
    return tuple(dict.fromkeys((typed, *(each.upper() for each in latin(typed)))))


def unreachable(name: str) -> LinkError:
    """Return the error for an archive that does not answer."""
    return LinkError(Text("The archive “{name}” cannot be reached.", name=name))


def broken_off(name: str) -> LinkError:
    """Return the error for an archive that stopped in the middle, or talks nonsense."""
    return LinkError(Text("The archive “{name}” broke off, or answered what nobody understands.", name=name))
