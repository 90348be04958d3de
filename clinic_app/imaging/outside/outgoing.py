"""Files as they leave: how they would, what must be looked at first, and the writing of a folder or an archive.

It knows no rights and no trail: whoever takes files out of the house asks and notes before (`image_exit`); files that
lie on the disk in plain sight belong to whoever opened them (`local_exit`).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydicom.dataset import Dataset

from clinic_app.foundation.apart import HERE, Apart
from clinic_app.foundation.errors import (
    ClinicError,
    DiskFullError,
    InvalidInputError,
    NotFoundError,
    StorageError,
    UnreadableFileError,
)
from clinic_app.foundation.texts import Language, Text
from clinic_app.imaging.importing import sha256_of
from clinic_app.imaging.intake.sources import Refusal
from clinic_app.imaging.outside.burned_in import Box, needs_looking, outside_regions
from clinic_app.imaging.outside.deidentifying import Wish, why_not
from clinic_app.imaging.outside.fates import Fate, fates_of
from clinic_app.imaging.outside.file_set import check_free, folder_in_making, put_archive, put_folder
from clinic_app.imaging.outside.leaving import Disguise, as_it_is, disguised
from clinic_app.imaging.outside.readme import readme_page
from clinic_app.imaging.outside.stopping import Watch
from clinic_app.imaging.reading import number_of, read_dataset, text_of
from clinic_app.records import ImagingStudy, ImagingStudySeries

_SPARE: Final = 16 << 20
"""Bytes beside the files themselves: their list, and what the disk keeps for itself."""


@dataclass(frozen=True)
class Outgoing:
    """A series as it would leave.

    Args:
        study_id: its study here.
        uid: of the series.
        files: how many.
        size_bytes: of all of them.
        needs_looking: letters may be burned into its pixels.
        proposal: what to make black at first.
        columns: of its first picture; 0 where it has none.
        rows: likewise.
        refusal: why it does not leave without its patient; None where it can.
        fates: what becomes of the elements of its first file; none where it leaves as it is.
    """

    study_id: str
    uid: str
    files: int
    size_bytes: int
    needs_looking: bool = False
    proposal: tuple[Box, ...] = ()
    columns: int = 0
    rows: int = 0
    refusal: Text | None = None
    fates: tuple[Fate, ...] = ()


@dataclass(frozen=True)
class Chosen:
    """A series somebody wants to take out.

    Args:
        study: of which.
        uid: of the series.
        boxes: to make black in every frame of every file.
        is_looked_at: he has looked through it for burned-in letters.
    """

    study: ImagingStudy
    uid: str
    boxes: tuple[Box, ...] = ()
    is_looked_at: bool = False


@dataclass(frozen=True)
class ExitForm:
    """How images are to leave.

    Args:
        series: which.
        is_archive: as one ZIP file, else as a folder.
        is_nameless: without the patient.
        wish: what else may stay, if so.
        language: of the page that says what it is.
    """

    series: tuple[Chosen, ...]
    is_archive: bool = False
    is_nameless: bool = False
    wish: Wish = field(default_factory=Wish)
    language: Language = "ru"


@dataclass(frozen=True)
class Taken:
    """What has left.

    Args:
        path: the folder or the archive.
        files: how many.
        left_out: which did not, and why.
    """

    path: Path
    files: int
    left_out: tuple[Refusal, ...] = ()


class OutgoingFiles:
    """Files that may leave.

    Args:
        read: gives the bytes of a file by its address.
        size: gives how many bytes it has.
        apart: decodes what is compressed.
        free: how many bytes are free where a path lies.
    """

    def __init__(
        self,
        read: Callable[[str], bytes],
        size: Callable[[str], int],
        apart: Apart = HERE,
        free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
    ) -> None:
        self._read, self._size_of, self._apart, self._free = read, size, apart, free

    def look(self, study: ImagingStudy, uids: Sequence[str], wish: Wish | None) -> tuple[Outgoing, ...]:
        """Return how series of a study would leave; nothing is written.

        Raises:
            NotFoundError: the study has no such series.
        """
        return tuple(self._outgoing(study, _series(study, uid), wish) for uid in uids)

    def check(self, form: ExitForm, studies: Mapping[str, ImagingStudy], target: Path) -> None:
        """Return if everything is looked at, the place is free and there is room.

        Raises:
            InvalidInputError: nobody has looked at a series that needs it.
            ConflictError: something is there already.
            DiskFullError: there is no room.
            StorageError: there is no such folder.
        """
        self._check_looked_at(form, studies)
        check_free(target)
        self._check_room(form, studies, target)

    def write(self, form: ExitForm, studies: Mapping[str, ImagingStudy], target: Path, watch: Watch) -> Taken:
        """Write a folder with a DICOMDIR, or a ZIP archive of one.

        Raises:
            InvalidInputError: nothing of it may leave.
            StorageError: the disk refused it.
            StoppedError: whoever watches wanted no more; nothing remains.
        """
        disguise = Disguise(wish=form.wish)
        work = [
            (chosen, sha256_of(each), each.uid)
            for chosen in form.series
            for each in _series(studies[chosen.study.id], chosen.uid).instance
        ]
        total = len(work) * (2 if form.is_archive else 1)
        left_out: list[Refusal] = []
        with folder_in_making(target) as making:
            for done, (chosen, sha256, uid) in enumerate(work):
                watch(done, total)
                try:
                    making.add(*self._leaving(form, disguise, chosen, self._read(sha256)))
                except (UnreadableFileError, NotFoundError) as error:
                    left_out.append(Refusal(uid, error.text))
            count = len(making)
            if not count:
                raise InvalidInputError(left_out[0].reason if left_out else Text("Choose at least one series."))
            finished = making.finished(readme_page(form.language, count, is_nameless=form.is_nameless))
            if form.is_archive:
                put_archive(finished, target, lambda done, _of: watch(min(len(work) + done, total), total))
            else:
                put_folder(finished, target)
        watch(total, total)
        return Taken(target, count, tuple(left_out))

    def _leaving(self, form: ExitForm, disguise: Disguise, chosen: Chosen, data: bytes) -> tuple[bytes, Dataset]:
        if not form.is_nameless:
            return as_it_is(data)
        return disguised(data, disguise, chosen.boxes, is_looked_at=chosen.is_looked_at, apart=self._apart)

    def _check_looked_at(self, form: ExitForm, studies: Mapping[str, ImagingStudy]) -> None:
        """Refuse to write what nobody has looked at although letters may be burned in."""
        for chosen in form.series if form.is_nameless else ():
            series = _series(studies[chosen.study.id], chosen.uid)
            if not chosen.is_looked_at and any(self._needs_looking(sha256_of(each)) for each in series.instance):
                raise InvalidInputError(
                    Text("Look through the series “{name}” for letters in the picture first.", name=_name(series))
                )

    def _needs_looking(self, sha256: str) -> bool:
        try:
            return needs_looking(read_dataset(self._read(sha256)))
        except ClinicError:
            return False  # it does not leave at all

    def _check_room(self, form: ExitForm, studies: Mapping[str, ImagingStudy], target: Path) -> None:
        size = sum(self._size(_series(studies[each.study.id], each.uid)) for each in form.series)
        wanted = size * (2 if form.is_archive else 1) + _SPARE
        try:
            free = self._free(target.parent)
        except OSError as error:
            raise StorageError(Text("There is no folder “{name}”.", name=target.parent)) from error
        if free < wanted:
            raise DiskFullError(
                Text(
                    "There is too little room: {wanted} MB are needed, {free} MB are free.",
                    wanted=wanted >> 20,
                    free=free >> 20,
                )
            )

    def _size(self, series: ImagingStudySeries) -> int:
        total = 0
        for each in series.instance:
            try:
                total += self._size_of(sha256_of(each))
            except ClinicError:
                continue  # it has not arrived
        return total

    def _outgoing(self, study: ImagingStudy, series: ImagingStudySeries, wish: Wish | None) -> Outgoing:
        plain = Outgoing(study.id, series.uid, len(series.instance), self._size(series))
        if wish is None:
            return plain
        try:
            return self._described(plain, series, wish)
        except ClinicError as error:
            return Outgoing(plain.study_id, plain.uid, plain.files, plain.size_bytes, refusal=error.text)

    def _described(self, plain: Outgoing, series: ImagingStudySeries, wish: Wish) -> Outgoing:
        data = self._read(sha256_of(series.instance[0]))
        source = read_dataset(data)
        refusal = why_not(text_of(source, "SOPClassUID"), wish)
        fates: tuple[Fate, ...] = ()
        if refusal is None:
            fates = fates_of(source, disguised(data, Disguise(wish=wish), apart=self._apart)[1])
        return Outgoing(
            plain.study_id,
            plain.uid,
            plain.files,
            plain.size_bytes,
            needs_looking=any(self._needs_looking(sha256_of(each)) for each in series.instance),
            proposal=outside_regions(source),
            columns=int(number_of(source, "Columns", 0)),
            rows=int(number_of(source, "Rows", 0)),
            refusal=refusal,
            fates=fates,
        )


def _series(study: ImagingStudy, uid: str) -> ImagingStudySeries:
    found = next((each for each in study.series if each.uid == uid), None)
    if found is None or not found.instance:
        raise NotFoundError(Text("The study has no such series."))
    return found


def _name(series: ImagingStudySeries) -> str:
    return series.description or series.uid
