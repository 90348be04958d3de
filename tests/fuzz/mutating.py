"""Inputs a little beside the good ones, for where there is no libFuzzer: bits, cuts, copies, and words that hurt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

HURTFUL: Final = (
    b"",
    b"\0",
    b"\xff" * 4,
    b"\xff\xfe",
    b"\x0b",
    b"\x1c\r",
    b"|",
    b"^",
    b"\r",
    b'"',
    b"[" * 80,
    b"{" * 80,
    b"1E-99999999",
    b"1E+99999999",
    b"NaN",
    b"9" * 400,
    b"-1",
    b"../",
    b"\\",
    b"\xed\xa0\x80",
    b"\\ud800",
    b"\xe2\x80\xae",
    b"PK\x01\x02",
    b"\xfe\xff\x00\xe0",
    b"\x7f\xff\xff\xff",
    b"\xff\xd9",
    b"age-encryption.org/v1\n",
    b"null",
    b"true",
    b"%s{0}",
)


def mutated(random: Random, seeds: Sequence[bytes], largest_bytes: int) -> Iterator[bytes]:
    """Yield endless inputs: each seed as it is, then seeds changed in one to four places."""
    yield from seeds
    while True:
        data = bytearray(random.choice(seeds))
        for _ in range(random.randint(1, 4)):
            _change(random, data, seeds)
        yield bytes(data[: max(largest_bytes, *map(len, seeds))])


def _change(random: Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    place = _place(random, len(data))
    end = min(len(data), place + random.choice((1, 2, 4, 8, 64, 1024)))
    match random.randrange(7):
        case 0 if data:
            data[min(place, len(data) - 1)] ^= 1 << random.randrange(8)
        case 1:
            data[place:end] = random.randbytes(end - place)
        case 2:
            del data[place:end]
        case 3:
            data[place:place] = data[place:end] * random.choice((1, 2, 20))
        case 4:
            data[place:place] = random.choice(HURTFUL)
        case 5:
            data[place:end] = random.choice(HURTFUL)
        case _:
            other = random.choice(seeds)
            start = _place(random, len(other))
            data[place:end] = other[start : start + end - place]


def _place(random: Random, length: int) -> int:
    """Return a place, mostly near the beginning, where the headers are."""
    return min(length, int(length * random.random() ** 3)) if random.random() < 0.7 else random.randint(0, length)
