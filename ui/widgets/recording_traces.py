"""A recording as ECG paper draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ui.widgets.paper_layout import PaperTrace

if TYPE_CHECKING:
    from clinic_app.waveforms import Recording

_VOLTS: Final = ("uV", "mV")


def traces_of(recording: Recording) -> tuple[PaperTrace, ...]:
    """Return the channels as the paper draws them: leads in the order of paper, then everything else."""
    leads = recording.leads
    others = tuple(each for each in recording.channels if all(each is not lead for lead in leads))
    return tuple(
        PaperTrace(each.label, each.millivolts, each.rate_hz)
        if each.unit in _VOLTS
        else PaperTrace(each.label, each.samples, each.rate_hz, is_millivolts=False)
        for each in (*leads, *others)
    )


def marks_of(recording: Recording) -> tuple[tuple[float, str], ...]:
    """Return what was marked, as seconds from the beginning and words."""
    return tuple(((mark.at - recording.started_at).total_seconds(), mark.text) for mark in recording.marks)
