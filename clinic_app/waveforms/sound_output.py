"""The loudspeaker behind a port: PortAudio where the computer has it, a sentence where it has not."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text
from clinic_app.waveforms.sound import at_rate

_USUAL_HZ: Final = 48_000.0


class SoundOut(Protocol):
    """Plays one sound at a time."""

    def play(self, samples: NDArray[np.float32], rate_hz: float) -> None:
        """Begin to play; what played before stops. Not for the thread of the windows: a sound card takes its time.

        Raises:
            DeviceError: nothing can be heard on this computer.
        """
        ...

    def stop(self) -> None:
        """Be quiet."""
        ...

    def played_s(self) -> float | None:
        """Return how much of the sound was heard; None when nothing plays."""
        ...


class SoundCard:
    """The loudspeaker of this computer.

    Args:
        monotonic: the steady clock.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._stream: Any = None
        self._begin_s = 0.0
        self._length_s = 0.0

    def play(self, samples: NDArray[np.float32], rate_hz: float) -> None:
        """Begin to play (see `SoundOut`)."""
        self.stop()
        try:
            import sounddevice
        except (ImportError, OSError) as error:  # the library of the system is not there
            raise _no_sound() from error
        try:
            stream = _started(sounddevice, samples, rate_hz)
        except (sounddevice.PortAudioError, ValueError, OSError) as error:
            raise _no_sound() from error
        self._begin_s = self._monotonic() + float(stream.latency)
        self._length_s = len(samples) / rate_hz
        self._stream = stream

    def stop(self) -> None:
        """Be quiet."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.abort()
            stream.close()

    def played_s(self) -> float | None:
        """Return how much was heard."""
        if self._stream is None:
            return None
        played_s = max(0.0, self._monotonic() - self._begin_s)
        return played_s if played_s < self._length_s else None


def _started(sounddevice: Any, samples: NDArray[np.float32], rate_hz: float) -> Any:  # noqa: ANN401 - no type hints
    """Return a stream of the usual loudspeaker that plays already."""
    card = sounddevice.query_devices(kind="output")
    card_hz = float(card.get("default_samplerate") or _USUAL_HZ)
    sound, place = at_rate(samples, rate_hz, card_hz), [0]

    def give(out: NDArray[np.float32], frames: int, _time: object, _status: object) -> None:
        piece = sound[place[0] : place[0] + frames]
        out[: len(piece), 0], out[len(piece) :, 0] = piece, 0.0
        place[0] += frames

    stream = sounddevice.OutputStream(samplerate=card_hz, channels=1, dtype="float32", callback=give)
    stream.start()
    return stream


def _no_sound() -> DeviceError:
    return DeviceError(Text("No sound can be played on this computer."))
