"""Files that belong to nobody here: opened where they lie, shown, and not kept.

For a CD somebody brought, or a file IT is asked about: no patient, no store, no trail. What is found is put in the same
order as what is kept, so that a viewer need not know the difference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from pydicom.uid import MediaStorageDirectoryStorage

from clinic_app.foundation.apart import HERE, Apart
from clinic_app.foundation.errors import ClinicError, NotFoundError, UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.fragments import extent_of
from clinic_app.imaging.importing import FoundInstance, described, merged
from clinic_app.imaging.intake.identity import PersonInFile, groups
from clinic_app.imaging.intake.sources import Refusal, file_at, files_in
from clinic_app.imaging.kept_frames import KeptFrames
from clinic_app.imaging.objects.kinds import kind_of
from clinic_app.imaging.objects.pages import page_count
from clinic_app.imaging.objects.video import is_video
from clinic_app.imaging.reading import check_pixels, read_dataset, text_of
from clinic_app.imaging.shelf import Shelf
from clinic_app.records import ImagingStudy, Patient

_NOBODY = Patient(id="nobody")


@dataclass
class LocalFiles:
    """Files in a folder, or one.

    Args:
        studies: what they are, in the order found.
        refused: files that cannot be shown, and why.
        is_shared: files of several people bear the number of one study, and stand in it together.
    """

    studies: tuple[ImagingStudy, ...] = ()
    refused: tuple[Refusal, ...] = ()
    _paths: dict[str, Path] = field(default_factory=dict)
    _apart: Apart = HERE
    _kept: KeptFrames = field(default_factory=KeptFrames)
    _people: dict[str, PersonInFile] = field(default_factory=dict)
    is_shared: bool = False

    @classmethod
    def of(
        cls,
        path: Path,
        apart: Apart = HERE,
        *,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> LocalFiles:
        """Look through a file or everything below a folder.

        Args:
            path: a file or a folder.
            apart: decodes what is compressed.
            progress: told after each file how many of how many.
            is_cancelled: asked before each file.

        Raises:
            NotFoundError: there is no such file.
            UnreadableFileError: it is a file that cannot be shown.
        """
        if path.is_file():
            return cls._in_order([(path, _glance(path, apart))], (), apart)
        if not path.is_dir():
            raise NotFoundError(Text("There is no file “{name}”.", name=path.name))
        found: list[tuple[Path, FoundInstance]] = []
        refused: list[Refusal] = []
        paths = files_in(path)
        for done, each in enumerate(paths, 1):
            if is_cancelled():
                break
            try:
                found.append((each, _glance(each, apart)))
            except ClinicError as error:
                refused.append(Refusal(each.relative_to(path).as_posix(), error.text))
            progress(done, len(paths))
        return cls._in_order(found, tuple(refused), apart)

    @classmethod
    def _in_order(
        cls, found: list[tuple[Path, FoundInstance]], refused: tuple[Refusal, ...], apart: Apart
    ) -> LocalFiles:
        paths: dict[str, Path] = {}
        for place, (path, instance) in enumerate(found):
            instance.sha256 = str(place)
            paths[instance.sha256] = path
        uids = dict.fromkeys(instance.study_uid for _path, instance in found)
        studies: list[ImagingStudy] = []
        for uid in uids:
            ours = [instance for _path, instance in found if instance.study_uid == uid]
            studies.append(merged(None, _NOBODY, ours, f"local-{len(studies)}"))
        people = {instance.study_uid: instance.person for _path, instance in reversed(found)}
        by_study = {study.id: people[uid] for study, uid in zip(studies, uids, strict=True)}
        leaders = groups(instance.person for _path, instance in found)
        whose = {(instance.study_uid, leaders[instance.person]) for _path, instance in found}
        return cls(tuple(studies), refused, paths, apart, _people=by_study, is_shared=len(whose) > len(studies))

    @property
    def apart(self) -> Apart:
        """What decodes them."""
        return self._apart

    def person(self, study: ImagingStudy) -> PersonInFile:
        """Return whom the first file of a study says it is about."""
        return self._people[study.id]

    def path(self, key: str) -> Path:
        """Return where a file lies, by the address its instance has."""
        return self._paths[key]

    def content(self, key: str) -> bytes:
        """Return the bytes of a file by the address its instance has.

        Raises:
            UnreadableFileError: it has become too large, or is there no longer.
        """
        return _content(self._paths[key])

    @property
    def shelf(self) -> Shelf:
        """What opens their series."""
        return Shelf(self.studies, self.content, self._apart, self._kept)


def _content(path: Path) -> bytes:
    return file_at(path, path.name).content()


def _glance(path: Path, apart: Apart) -> FoundInstance:
    """Return what a file is, without decoding it; one without identifiers gets its own, as nothing is kept.

    Raises:
        UnreadableFileError: it cannot be shown.
    """
    dataset = read_dataset(_content(path))
    if text_of(dataset.file_meta, "MediaStorageSOPClassUID") == MediaStorageDirectoryStorage:
        raise UnreadableFileError(Text("This file only lists others; open the folder it lies in."))
    found = described(dataset, f"2.25.{uuid5(NAMESPACE_URL, path.resolve().as_uri()).int}")
    kind = kind_of(found.sop_class)
    if kind == "document":
        found.frames = page_count(dataset, apart)
    elif is_video(dataset):
        found.frames = 1
    elif kind in ("picture", "segmentation"):
        check_pixels(dataset)
        found.frames = extent_of(dataset).usable
    return found
