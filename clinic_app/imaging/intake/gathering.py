"""What is gathered before anybody is asked: every file looked at, its bytes in the encrypted store, nothing filed yet.

The bytes are copied first, so a disc can be taken out while somebody still chooses. A content nobody files is an orphan
and goes by itself after a day; so a cut at any moment leaves nothing half-written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from clinic_app.foundation.apart import HERE, Apart
from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.importing import FoundInstance, look_at, merged
from clinic_app.imaging.intake.identity import PersonInFile, Sameness, groups
from clinic_app.imaging.intake.sources import Refusal, SourceFile, contents_of
from clinic_app.imaging.reading import without_preamble
from clinic_app.imaging.shelf import Shelf
from clinic_app.imaging.texts import Proposal
from clinic_app.records import ImagingStudy, Patient

NOBODY = Patient(id="nobody")


@dataclass(frozen=True)
class PersonFiles:
    """The files of one person among those gathered.

    Args:
        person: whom they say they are about.
        studies: what they are; kept nowhere yet.
        sameness: how far that agrees with the patient in hand.
        candidates: others of our patients who have one of the numbers.
    """

    person: PersonInFile
    studies: tuple[ImagingStudy, ...]
    sameness: Sameness = "unsaid"
    candidates: tuple[Patient, ...] = ()


@dataclass(frozen=True)
class Gathered:
    """What was gathered.

    Args:
        people: whose files they are, in the order found.
        instances: all that can be taken in.
        refused: files that cannot, and why.
        left: other files a disc carries beside its images.
        is_stopped: somebody did not want to wait for the rest.
        known: the UIDs of files that are here already.
        shelves: for each of the people what opens his series, to be looked at before somebody chooses.
    """

    people: tuple[PersonFiles, ...] = ()
    instances: tuple[FoundInstance, ...] = ()
    refused: tuple[Refusal, ...] = ()
    left: int = 0
    is_stopped: bool = False
    known: frozenset[str] = frozenset()
    shelves: tuple[Shelf, ...] = ()

    @property
    def is_sure(self) -> bool:
        """Whether nobody need be asked: one person, whose number agrees, and no doubtful letters."""
        people = [each.sameness for each in self.people]
        return people in ([], ["identifier"]) and not self.proposals

    @property
    def is_shared(self) -> bool:
        """Whether files of several people bear the number of one study: their device gives everybody the same."""
        leaders = self._leaders
        uids = [uid for uid, _leader in {(each.study_uid, leaders[each.person]) for each in self.instances}]
        return len(uids) > len(set(uids))

    @property
    def proposals(self) -> tuple[Proposal, ...]:
        """How the letters of files are probably to be read where what they say of them is wrong."""
        return tuple(dict.fromkeys(each.proposal for each in self.instances if each.proposal))

    @property
    def encoding(self) -> str:
        """The encoding proposed most often; empty where none is."""
        counts = Counter(each.encoding for each in self.proposals)
        return counts.most_common(1)[0][0] if counts else ""

    def chosen(self, person: PersonFiles, series_uids: Collection[str]) -> tuple[FoundInstance, ...]:
        """Return the files of one person in some of his series."""
        leaders = self._leaders
        ours = leaders.get(person.person, person.person)
        return tuple(each for each in self.instances if leaders[each.person] == ours and each.series_uid in series_uids)

    def shelf_of(self, study: ImagingStudy) -> Shelf | None:
        """Return what opens the series of a study that was found: two people's may have the same number."""
        found = zip(self.people, self.shelves, strict=False)
        return next((shelf for files, shelf in found if any(each.id == study.id for each in files.studies)), None)

    @property
    def _leaders(self) -> dict[PersonInFile, PersonInFile]:
        return groups(each.person for each in self.instances)


class Gathering:
    """Looks at one file after another and keeps what can be taken in.

    Args:
        keep: puts bytes into the encrypted store and returns their digest.
        apart: decodes what strangers sent.
        rule: the encoding of texts whose files are wrong about it, by the site's rule.
    """

    def __init__(self, keep: Callable[[bytes], str], apart: Apart = HERE, rule: str = "") -> None:
        self._keep = keep
        self._apart = apart
        self._rule = rule
        self.instances: list[FoundInstance] = []
        self.refused: list[Refusal] = []
        self.left = 0
        self.is_stopped = False

    def take(self, file: SourceFile) -> None:
        """Look at a file and keep its bytes; one that cannot be taken is listed with the reason.

        Raises:
            StorageError: the store takes nothing more.
        """
        try:
            seen = look_at(file, self._apart, self._rule)
        except UnreadableFileError as error:
            self.refuse(file.name, error.text)
            return
        if seen is not None:
            data, found = seen
            found.sha256, found.name = self._keep(without_preamble(data)), file.name
            self.instances.append(found)

    def refuse(self, name: str, reason: Text) -> None:
        """List something that cannot be taken."""
        self.refused.append(Refusal(name, reason))


def from_paths(
    paths: Sequence[Path],
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Callable[[Gathering], None]:
    """Return what brings everything in folders, files, archives and images of discs.

    Args:
        paths: they.
        progress: told after each file how many of how many.
        is_cancelled: asked before each file.
    """

    def bring(gathering: Gathering) -> None:
        with contents_of(paths, is_cancelled) as contents:
            gathering.refused += contents.refused
            gathering.left += contents.left
            for done, file in enumerate(contents.files, 1):
                if is_cancelled():
                    break
                gathering.take(file)
                progress(done, len(contents.files))
        gathering.is_stopped = is_cancelled()

    return bring


def people_in(instances: Sequence[FoundInstance]) -> tuple[PersonFiles, ...]:
    """Return whose files they are, each person's as studies."""
    leaders = groups(each.person for each in instances)
    found: list[PersonFiles] = []
    for leader in dict.fromkeys(leaders[each.person] for each in instances):
        ours = [each for each in instances if leaders[each.person] == leader]
        uids = dict.fromkeys(each.study_uid for each in ours)
        studies = (
            merged(None, NOBODY, [each for each in ours if each.study_uid == uid], f"found-{len(found)}-{place}")
            for place, uid in enumerate(uids)
        )
        found.append(PersonFiles(leader, tuple(studies)))
    return tuple(found)
