"""One study that waits, whole: small pictures, what stands on it, whose it may be, and who says whose it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clinic_app.foundation.texts import Text
from clinic_app.imaging.image_inbox import WaitingStudy
from ui.inbox import Candidate
from ui.language import _, counted, say
from ui.orders.thumbnails import Thumbnails
from ui.orders.view_model_inbox import InboxViewModel
from ui.orders.words import count_words, label_words, match_words, when
from ui.widgets.waiting_card import WaitingCard


class StudyCard(WaitingCard[WaitingStudy]):
    """The chosen study, or what to do when none is chosen.

    Args:
        model: the inbox.
    """

    def __init__(self, model: InboxViewModel) -> None:
        self._model = model
        self._pictures = Thumbnails()
        super().__init__(model, "orders", "study", "images", self._pictures)
        model.thumbnail.connect(self._put_picture)
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._nothing.say(
            _("No images are chosen"), _("Choose images on the left to see whose they may be, and to file them.")
        )
        self._said_title.setText(_("What stands on the images"))
        self._whose.setText(_("Whose images are they?"))
        self._candidates.empty.say(
            _("No number on them is known here"), _("Look for the patient; he stands here once he is in hand.")
        )
        super().retranslate()

    def show_waiting(self, waiting: WaitingStudy | None) -> None:
        """Show a study, or none."""
        if waiting is not None:
            self._model.want_thumbnails(waiting)
        super().show_waiting(waiting)

    def show_thing(self, waiting: WaitingStudy) -> tuple[str, str]:
        """Show a picture of each series; return where they come from, and what stands on them."""
        study = waiting.study
        series = tuple((each[0].series_uid, each[0].series_words or count_words_of(len(each))) for each in study.series)
        self._pictures.show_series(series)
        for uid, _words in series:
            pixels = self._model.thumbnails.get((study.key, uid))
            if pixels is not None:
                self._pictures.put(uid, pixels)
        lines = [label_words(study), study.words]
        if study.accessions:
            lines.append(_("Number of the order: {number}", number=", ".join(study.accessions)))
        if any(image.encoding for image in study.images):
            lines.append(_("The device is wrong about its letters; the name is shown as it was probably meant."))
        head = f"{study.images[0].sender} · {count_words(study)} · {when(study.first_at)}"
        return head, "\n".join(filter(None, lines))

    def why_words(self, by: str) -> str:
        """Return why a patient is proposed."""
        return match_words(by)

    def doubt_words(self, text: Text, name: str) -> str:
        """Return the question after the room has found something that is not his."""
        return _("{words} File them for {name} all the same?", words=say(text), name=name)

    def warning_words(self, waiting: WaitingStudy, chosen: Candidate | None) -> str:
        """Return what speaks against filing them; the weightiest of it."""
        if chosen is not None and chosen.is_contradicted:
            return _("Another name, number or birth date stands on the images.")
        if waiting.is_shared:
            return _("The device gave several patients one study number; here are the images of one of them.")
        if len(waiting.study.names) > 1:
            return _("Several names stand on these images.")
        if not waiting.study.others:
            return ""
        return counted(
            "{count} image has the number of another one and differs; it stays here.",
            "{count} images have the numbers of others and differ; they stay here.",
            waiting.study.others,
        )

    def _put_picture(self, key: str, series_uid: str, pixels: NDArray[np.uint8]) -> None:
        if self._waiting is not None and self._waiting.study.key == key:
            self._pictures.put(series_uid, pixels)


def count_words_of(count: int) -> str:
    """Return how many images there are."""
    return counted("{count} image", "{count} images", count)
