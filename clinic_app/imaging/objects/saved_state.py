"""How somebody saved that pictures are to be seen: what a viewer offers beside the pictures themselves."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.dataset import Dataset

from clinic_app.imaging.objects.presentation import Presentation, presentation_of
from clinic_app.imaging.reading import text_of
from clinic_app.imaging.texts import Reading

_LONGEST = 64


@dataclass(frozen=True)
class SavedState:
    """A presentation state as it is offered.

    Args:
        sop_uid: of its file.
        presentation: what it does to pictures.
        made_on: eight digits, or what stands there.
    """

    sop_uid: str
    presentation: Presentation
    made_on: str = ""

    @property
    def author(self) -> str:
        """Who saved it, as the file says."""
        return self.presentation.author[:_LONGEST]

    @property
    def words(self) -> str:
        """What he says about it."""
        return (self.presentation.words or self.presentation.label)[:_LONGEST]

    def is_for(self, sop_uid: str, frame_number: int) -> bool:
        """Return whether it is for a picture."""
        return any(each.holds(sop_uid, frame_number) for each in self.presentation.images)


def saved_state_of(sop_uid: str, dataset: Dataset, reading: Reading) -> SavedState:
    """Return the presentation state in a file.

    Raises:
        UnreadableFileError: it is for no picture.
    """
    made_on = text_of(dataset, "PresentationCreationDate") or text_of(dataset, "ContentDate")
    return SavedState(sop_uid, presentation_of(dataset, reading), made_on[:_LONGEST])
