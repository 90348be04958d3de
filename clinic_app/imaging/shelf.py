"""Opening a series of a shelf of studies: pictures, a report, a tracing, or pictures with what a file lays on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from pydicom.dataset import Dataset

from clinic_app.foundation.apart import HERE, Apart
from clinic_app.foundation.errors import ClinicError, NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.importing import encoding_of, frames_of, sha256_of
from clinic_app.imaging.kept_frames import KeptFrames
from clinic_app.imaging.mark_versions import in_force
from clinic_app.imaging.objects.key_object import key_object_of
from clinic_app.imaging.objects.kinds import Kind, kind_of
from clinic_app.imaging.objects.presentation import presentation_of
from clinic_app.imaging.objects.references import ImageReference
from clinic_app.imaging.objects.report import Report, report_of
from clinic_app.imaging.objects.saved_state import SavedState, saved_state_of
from clinic_app.imaging.objects.segmentation import Segmentation
from clinic_app.imaging.objects.structures import Structures
from clinic_app.imaging.reading import read_dataset
from clinic_app.imaging.stack import Dressing, FrameStack, Place
from clinic_app.imaging.texts import Reading
from clinic_app.records import ImagingStudy, ImagingStudyInstance, ImagingStudySeries

_MOST_STATES: Final = 40


@dataclass(frozen=True)
class Tracing:
    """A signal in a DICOM file, for whoever draws signals.

    Args:
        data: the file.
    """

    data: bytes


Opened = FrameStack | tuple[Report, ...] | Tracing


class Shelf:
    """Studies whose files can be read.

    Args:
        studies: of one patient.
        read: gives the bytes of a content by its digest.
        apart: decodes what is compressed.
        kept: the memory for decoded pictures of all series; by default each series has its own.
    """

    def __init__(
        self,
        studies: Sequence[ImagingStudy],
        read: Callable[[str], bytes],
        apart: Apart = HERE,
        kept: KeptFrames | None = None,
    ) -> None:
        self._studies = studies
        self._read = read
        self._apart = apart
        self._kept = kept

    def opened(self, series_uid: str) -> Opened:
        """Return what a series is.

        Raises:
            NotFoundError: there is no such series, or the pictures it speaks of are not here.
            UnreadableFileError: it is damaged.
        """
        series = self._series(series_uid)
        kind = series_kind(series)
        if kind == "report" or (kind == "key object" and not self._places_of(series, kind)):
            return tuple(report_of(*self._file(each)) for each in series.instance)
        if kind == "tracing":
            return Tracing(self._read(sha256_of(series.instance[0])))
        return self.stack(series_uid)

    def stack(self, series_uid: str) -> FrameStack:
        """Return the pictures of a series, or those it speaks of.

        Raises:
            NotFoundError: there is no such series, or no pictures.
        """
        series = self._series(series_uid)
        kind = series_kind(series)
        places = self._places_of(series, kind)
        if not places:
            raise NotFoundError(Text("The images this file speaks of are not here."))
        states = self._states_for(series) if kind == "picture" else ()
        return FrameStack(tuple(places), self._read, self._apart, self._words(series, kind), self._kept, states)

    def _series(self, uid: str) -> ImagingStudySeries:
        found = (each for study in self._studies for each in study.series if each.uid == uid)
        series = next(found, None)
        if series is None or not series.instance:
            raise NotFoundError(Text("The study has no such series."))
        return msgspec.structs.replace(series, instance=in_force(series.instance))

    def _places_of(self, series: ImagingStudySeries, kind: Kind) -> list[Place]:
        if kind == "key object":
            chosen = [each for item in series.instance for each in key_object_of(*self._file(item)).images]
            return list(self._found(chosen, None))
        if kind == "presentation":
            return [place for each in series.instance for place in self._presented(each)]
        if kind == "structures":
            return [place for each in series.instance for place in self._outlined(each)]
        if kind == "segmentation":
            laid = [place for each in series.instance for place in self._segmented(each)]
            return laid or list(_own(series.instance))
        return list(_own(series.instance))

    def _presented(self, instance: ImagingStudyInstance) -> Iterator[Place]:
        state = presentation_of(*self._file(instance))
        yield from self._found(state.images, state)

    def _outlined(self, instance: ImagingStudyInstance) -> Iterator[Place]:
        structures = Structures(*self._file(instance))
        yield from self._found(structures.images, structures)

    def _segmented(self, instance: ImagingStudyInstance) -> Iterator[Place]:
        dataset, reading = self._file(instance)
        segmentation = Segmentation(dataset, self._apart, reading)
        yield from self._found(segmentation.images, segmentation)

    def _found(self, wanted: Iterable[ImageReference], dressing: Dressing | None) -> Iterator[Place]:
        """Yield the pictures that are here, in the order they have in their series."""
        names = {each.sop_uid: each for each in wanted}
        for study in self._studies:
            for series in study.series:
                for instance in series.instance:
                    if (image := names.get(instance.uid)) is not None:
                        yield from _places(instance, image.frames, dressing)

    def _states_for(self, series: ImagingStudySeries) -> tuple[SavedState, ...]:
        """Return how people saved that pictures of a series are to be seen, those saved last first."""
        ours = {instance.uid for instance in series.instance}
        study = next((each for each in self._studies if any(one.uid == series.uid for one in each.series)), None)
        states = (one for one in (study.series if study else ()) if series_kind(one) == "presentation")
        found: list[SavedState] = []
        for instance in [each for one in states for each in in_force(one.instance)][-_MOST_STATES:]:
            try:
                state = saved_state_of(instance.uid, *self._file(instance))
            except ClinicError:
                continue
            if any(image.sop_uid in ours for image in state.presentation.images):
                found.append(state)
        return tuple(sorted(found, key=lambda each: each.made_on, reverse=True))

    def _words(self, series: ImagingStudySeries, kind: Kind) -> str:
        """Return what a file that chooses or marks pictures says about them."""
        try:
            if kind == "key object":
                chosen = key_object_of(*self._file(series.instance[0]))
                return " · ".join(part for part in (chosen.title, chosen.words) if part)
            if kind == "presentation":
                state = presentation_of(*self._file(series.instance[0]))
                return " · ".join(part for part in (state.words or state.label, state.author) if part)
        except ClinicError:
            return ""
        return ""

    def _file(self, instance: ImagingStudyInstance) -> tuple[Dataset, Reading]:
        return read_dataset(self._read(sha256_of(instance))), Reading(encoding_of(instance))


def series_kind(series: ImagingStudySeries) -> Kind:
    """Return what a series is for, by its first file."""
    code = series.instance[0].sop_class.code or "" if series.instance else ""
    return kind_of(code.removeprefix("urn:oid:"))


def _own(instances: Iterable[ImagingStudyInstance]) -> Iterator[Place]:
    for instance in instances:
        yield from _places(instance, (), None)


def _places(instance: ImagingStudyInstance, frames: tuple[int, ...], dressing: Dressing | None) -> Iterator[Place]:
    count = frames_of(instance)
    for number in frames or range(1, count + 1):
        if number <= count:
            yield Place(instance.uid, sha256_of(instance), number - 1, encoding_of(instance), dressing)
