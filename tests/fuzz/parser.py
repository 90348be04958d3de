"""What a parser is to the fuzzer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clinic_app.foundation.errors import ClinicError


@dataclass(frozen=True)
class Parser:
    """One way in.

    Args:
        parse: takes the bytes; may raise `ClinicError` and nothing else.
        seeds: good inputs to start from.
        largest_bytes: longer inputs find nothing new.
    """

    parse: Callable[[bytes], object]
    seeds: Callable[[], tuple[bytes, ...]]
    largest_bytes: int = 4096

    def __call__(self, data: bytes) -> bool:
        """Return whether the input was taken; whatever is no `ClinicError` comes out."""
        try:
            self.parse(data)
        except ClinicError as error:
            sentence = error.text.render("kk")
        else:
            return True
        assert sentence, "a refusal without a sentence"
        return False
