"""The words of the question who lies at a monitor that is being recorded for somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clinic_app.foundation.dates import form_moment
from ui.language import _
from ui.waveforms.view_model_whose import Played
from ui.widgets.patient_words import list_name
from ui.widgets.whose_question import Asked

if TYPE_CHECKING:
    from ui.waveforms.view_model_whose import Doubt


def whose_monitor(doubt: Doubt | Played) -> Asked:
    """Return the question."""
    if isinstance(doubt, Played):
        return Asked(
            title=_("{source} plays a file. It is nobody who lies here now.", source=doubt.source),
            lines=(
                _("In hand: {words}", words=list_name(doubt.patient)),
                _("What is filed keeps the name {source}. A recording of this patient is imported instead, under "
                  "Recordings.", source=doubt.source),
            ),
            confirm=_("File it as a replay all the same"),
            decline=_("Do nothing"),
        )  # fmt: skip
    other = list_name(doubt.other) if doubt.other is not None else _("another patient")
    since = form_moment(doubt.since)
    return Asked(
        title=_("{source} is being recorded for somebody else. Who lies there now?", source=doubt.source),
        lines=(
            _("Recorded for: {name}, since {moment}", name=other, moment=since),
            _("In hand: {words}", words=list_name(doubt.patient)),
        ),
        confirm=_("The patient in hand; end the other recording"),
        decline=_("Do nothing"),
    )
