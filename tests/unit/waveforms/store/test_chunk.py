"""What goes into a chunk comes out of it, bit for bit, and what is no chunk is refused."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.devices import ChannelInfo
from clinic_app.foundation.errors import DamagedError
from clinic_app.waveforms.store import Chunk, Number, Part, decode, encode
from clinic_app.waveforms.store import chunk as chunk_module
from tests.helpers.device_items import LEADS, NOON, RATE_HZ, STEP_UV, samples
from tests.helpers.signals import real_leads

PLETH = ChannelInfo("MDC_PULS_OXIM_PLETH", "Pleth", "%")


def part(values: np.ndarray, resolution: float | None = None, channel: ChannelInfo = LEADS[0]) -> Part:
    rows = np.atleast_2d(np.asarray(values, dtype=np.float32))
    return Part("run 1", (channel,) * len(rows), (resolution,) * len(rows), RATE_HZ, 70, NOON, rows)


def kept(each: Part) -> Part:
    return decode(encode(Chunk("r", 0, (each,)))).parts[0]


def test_everything_in_it_comes_back() -> None:
    ecg = Part(
        "run 1", LEADS, (STEP_UV, STEP_UV), RATE_HZ, 5000, NOON, samples(5000, 5000), ((5100, 5200, "MDC_ECG_LEAD_I"),)
    )
    pleth = part(np.linspace(0, 100, 1250), channel=PLETH)
    numbers = (Number(NOON, "MDC_ECG_HEART_RATE", Decimal("72.50"), "/min"),)
    chunk = decode(encode(Chunk("recording", 17, (ecg, replace(pleth, rate_hz=Fraction(24989, 100))), numbers)))
    assert (chunk.recording_id, chunk.number, chunk.numbers) == ("recording", 17, numbers)
    first, second = chunk.parts
    np.testing.assert_array_equal(first.samples, ecg.samples)
    np.testing.assert_array_equal(second.samples, pleth.samples)
    assert (first.channels, first.resolutions, first.leads_off) == (ecg.channels, ecg.resolutions, ecg.leads_off)
    assert (first.stream_id, first.first_index, first.at) == ("run 1", 5000, NOON)
    assert (second.rate_hz, second.channels) == (Fraction(24989, 100), (PLETH,))


def test_the_integers_of_the_device_come_back() -> None:
    integers = np.random.default_rng(1).integers(-(2**20), 2**20, 4000)
    back = kept(part((integers * 0.00488).astype(np.float32), 0.00488))
    np.testing.assert_array_equal(np.rint(back.samples[0].astype(np.float64) / 0.00488), integers)
    assert back.resolutions == (0.00488,)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.floats(width=32, allow_nan=True, allow_infinity=False), max_size=40),
    st.sampled_from([None, 1.0, 2.44, 0.1]),
)
def test_any_samples_come_back_bit_for_bit(values: list[float], resolution: float | None) -> None:
    back = kept(part(np.array([values], dtype=np.float32), resolution))
    np.testing.assert_array_equal(back.samples, np.array([values], dtype=np.float32))


@pytest.mark.parametrize("step", [None, 2.5, 7.3])
def test_lost_samples_stay_lost_and_hide_nothing(step: float | None) -> None:
    values = np.arange(-500, 500) * (step or 0.37)
    values[[0, 1, 500, 999]] = np.nan
    back = kept(part(values, step))
    np.testing.assert_array_equal(back.samples[0], values.astype(np.float32))


def test_a_channel_that_was_lost_altogether_comes_back_lost() -> None:
    assert np.isnan(kept(part(np.full(100, np.nan))).samples).all()
    assert kept(part(np.empty(0))).samples.shape == (1, 0)


def test_a_wrong_resolution_changes_no_sample() -> None:
    values = np.random.default_rng(2).normal(0, 300, 1000).astype(np.float32)
    back = kept(part(values, 5.0))
    np.testing.assert_array_equal(back.samples[0], values)
    assert back.resolutions == (None,)


def test_a_real_ecg_takes_less_than_half_of_its_integers() -> None:
    leads = real_leads()
    data = encode(Chunk("r", 0, (replace(part(leads), channels=LEADS * 6),)))
    assert len(data) < leads.size * 2 / 2
    np.testing.assert_array_equal(decode(data).parts[0].samples, leads)


def test_ten_seconds_of_silence_take_nearly_nothing() -> None:
    assert len(encode(Chunk("r", 0, (part(np.full((12, 5000), np.nan)),)))) < 2000


@pytest.mark.parametrize("place", [0, 9, 40, -5, -1])
def test_a_changed_byte_is_noticed(place: int) -> None:
    data = bytearray(encode(Chunk("r", 0, (part(np.arange(100)),))))
    data[place] ^= 1
    with pytest.raises(DamagedError):
        decode(bytes(data))


@pytest.mark.parametrize("cut", [0, 3, 8, 30, -1])
def test_a_cut_is_noticed(cut: int) -> None:
    data = encode(Chunk("r", 0, (part(np.arange(100)),)))
    with pytest.raises(DamagedError):
        decode(data[:cut])


def test_moments_keep_their_microseconds() -> None:
    moment = NOON + timedelta(microseconds=123_457)
    assert kept(replace(part(np.arange(3)), at=moment)).at == moment


def resealed(change: Callable[[dict[str, Any]], None]) -> bytes:
    """Return a chunk whose header somebody changed, with a check sum that fits."""
    data = encode(Chunk("r", 0, (part(np.arange(100)),)))
    content = zstandard.ZstdDecompressor().decompress(data[8:-4])
    (length,) = struct.unpack_from("<I", content)
    header = msgspec.msgpack.decode(content[4 : 4 + length])
    change(header)
    packed = msgspec.msgpack.encode(header)
    body = b"DALAWAV1" + zstandard.ZstdCompressor().compress(
        struct.pack("<I", len(packed)) + packed + content[4 + length :]
    )
    return body + struct.pack("<I", zlib.crc32(body))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("length", 10**12),
        ("length", -5),
        ("rate", (0, 1)),
        ("rate", (1, 0)),
        ("rate", (500, -1)),
        ("rows", "x"),
        ("at", "x"),
    ],
)
def test_a_header_that_cannot_be_is_refused(name: str, value: object) -> None:
    with pytest.raises(DamagedError):
        decode(resealed(lambda header: header["stretches"][0].update({name: value})))
    decode(resealed(lambda header: None))


def test_what_inflates_beyond_measure_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunk_module, "_MOST_BYTES", 1 << 16)
    body = b"DALAWAV1" + zstandard.ZstdCompressor().compress(bytes(1 << 20))
    with pytest.raises(DamagedError):
        decode(body + struct.pack("<I", zlib.crc32(body)))
