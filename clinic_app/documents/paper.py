"""The format that is paper: it stands beside those of `clinic_app.waveforms.formats`, but is drawn on this floor."""

from __future__ import annotations

from clinic_app.foundation.texts import Language, Text
from clinic_app.waveforms import Recording
from clinic_app.waveforms.formats import Format, Watch


def paper_format(language: Language) -> Format:
    """Return the format that puts a recording on paper at true scale, its words in one language."""

    def write(recording: Recording, stem: str, watch: Watch) -> dict[str, bytes]:
        from clinic_app.documents.recording_paper import render_recording  # the PDF library comes with the first page

        return {f"{stem}.pdf": render_recording(recording, language, watch)}

    words = Text("Millimetre paper at true scale, 25 mm/s and 10 mm/mV, to be printed. Curves in volts only.")
    return Format("pdf", "PDF", (".pdf",), words, write=write)
