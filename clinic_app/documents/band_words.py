"""What was filtered before a trace was stored, as it stands on paper."""

from __future__ import annotations

from clinic_app.foundation.texts import Language, Text
from clinic_app.waveforms.recording import RAW_BAND, UNSTATED_BAND


def band_words(band: str, language: Language) -> str:
    """Return a recording's filter in words; nothing is said to be unfiltered that only does not say."""
    if band == RAW_BAND:
        return Text("without filter").render(language)
    if band == UNSTATED_BAND:
        return Text("filter not stated").render(language)
    return band
