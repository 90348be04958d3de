"""Microphones behind a port: PortAudio where the computer has it, a sentence where it has not."""

from __future__ import annotations

import queue
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np

from clinic_app.devices.block import Samples
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text

_USUAL_HZ: Final = 48_000.0
_MOST_WAITING: Final = 256
"""Pieces that wait for a program that is busy, some seconds; what comes then is lost and told."""


@dataclass(frozen=True, eq=False)
class Heard:
    """A piece of sound.

    Args:
        samples: shape ``(n,)``, -1 to 1.
        is_after_hole: sound before it was lost.
    """

    samples: Samples
    is_after_hole: bool = False


class SoundIn(Protocol):
    """An open microphone."""

    @property
    def rate_hz(self) -> float:
        """Samples per second."""
        ...

    def read(self, timeout_s: float) -> Heard | None:
        """Return the next piece, or None when nothing came in time.

        Raises:
            DeviceError: it was pulled out.
        """
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Microphone:
    """A microphone of this computer.

    Args:
        name: as the system calls it; empty takes the usual one.

    Raises:
        DeviceError: there is none of this name, somebody else has it, or this computer has no sound at all.
    """

    def __init__(self, name: str) -> None:
        self._pieces: queue.Queue[Heard] = queue.Queue(_MOST_WAITING)
        self._has_lost = False
        try:
            import sounddevice

            self._stream: Any = self._opened(sounddevice, name)
        except Exception as error:
            if not _is_of_sound(error):
                raise
            raise DeviceError(Text("This computer has no microphone “{name}”.", name=name or "—")) from error

    @property
    def rate_hz(self) -> float:
        """Samples per second, as the card gives them."""
        return float(self._stream.samplerate)

    def read(self, timeout_s: float) -> Heard | None:
        """Return the next piece (see `SoundIn`)."""
        try:
            return self._pieces.get(timeout=timeout_s)
        except queue.Empty:
            if not self._stream.active:
                raise DeviceError(Text("The microphone was pulled out.")) from None
            return None

    def close(self) -> None:
        """Let go of it."""
        self._stream.abort()
        self._stream.close()

    def _opened(self, sounddevice: Any, name: str) -> Any:  # noqa: ANN401 - no type hints
        card = sounddevice.query_devices(name or None, "input")
        stream = sounddevice.InputStream(
            samplerate=float(card.get("default_samplerate") or _USUAL_HZ),
            device=name or None,
            channels=1,
            dtype="float32",
            callback=self._take,
        )
        stream.start()
        return stream

    def _take(self, data: Samples, _frames: int, _time: object, status: Any) -> None:  # noqa: ANN401 - no type hints
        """Called on PortAudio's own thread: never waits."""
        is_after_hole = self._has_lost or bool(status.input_overflow)
        try:
            self._pieces.put_nowait(Heard(np.array(data[:, 0], np.float32), is_after_hole))
            self._has_lost = False
        except queue.Full:
            self._has_lost = True


def microphones() -> tuple[str, ...]:
    """Return the names of the microphones this computer has now; none where it has no sound."""
    try:
        import sounddevice

        found = sounddevice.query_devices()
    except Exception as error:
        if not _is_of_sound(error):
            raise
        return ()
    return tuple(dict.fromkeys(str(each["name"]) for each in found if each["max_input_channels"]))


def _is_of_sound(error: Exception) -> bool:
    """Return whether a fault is the sound system's: the library is absent, or PortAudio says no."""
    return isinstance(error, (ImportError, OSError, ValueError)) or type(error).__name__ == "PortAudioError"
