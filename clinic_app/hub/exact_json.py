"""JSON taken apart and put together again with every number as it was written: ``72.50`` stays ``72.50``."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

_LONGEST_INTEGER: Final = 18
_encoder: Final = msgspec.json.Encoder(decimal_format="number")


def read_exact(body: bytes) -> Any:  # noqa: ANN401 - JSON of any shape
    """Return what JSON says, with decimals for numbers.

    Raises:
        ValueError: it is no JSON, is nested deeper than any record, or has a number beyond all bounds.
    """
    try:
        return json.loads(body.decode(), parse_float=_decimal, parse_int=_integer, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def write_exact(value: object) -> bytes:
    """Return JSON of what `read_exact` gave, or of a part of it.

    Raises:
        ValueError: there is half a letter in it, it is nested deeper than any record, or something is no JSON.
    """
    try:
        return _encoder.encode(value)
    except (TypeError, RecursionError, OverflowError) as error:
        raise ValueError(str(error)) from error


def _integer(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else _decimal(digits)


def _decimal(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation as error:
        raise ValueError(digits[:20]) from error


def _refuse(word: str) -> object:
    """Refuse NaN and Infinity, which are no JSON."""
    raise ValueError(word)
