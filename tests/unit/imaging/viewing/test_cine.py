"""Loops: what files say about their speed, and which picture is due after so much time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from clinic_app.imaging.reading import read_dataset
from clinic_app.imaging.viewing.cine import DEFAULT_RATE_HZ, Clock, Timing, Way, timing_of, unstated
from tests.helpers.dicom_files import made_file

FOUR = np.zeros((4, 6, 8), np.uint8)


def loop(**elements: object) -> Dataset:
    return made_file(FOUR, Modality="US", **elements)


def said(timing: Timing) -> str:
    return timing.origin.render("en")


@pytest.mark.parametrize(
    ("elements", "rate", "origin"),
    [
        ({"FrameTime": 40}, 25.0, "frame time"),
        ({"FrameTimeVector": [0, 20, 20, 20]}, 50.0, "frame time vector"),
        ({"CineRate": 30}, 30.0, "cine rate"),
        ({"RecommendedDisplayFrameRate": 12}, 12.0, "recommended display rate"),
        ({"ActualFrameDuration": 50}, 20.0, "actual frame duration"),
        ({"FrameTime": 40, "CineRate": 30}, 25.0, "frame time"),
        ({"FrameTime": 0, "CineRate": 30}, 30.0, "cine rate"),
        ({"FrameTime": 0.0001, "CineRate": 30}, 30.0, "cine rate"),
        ({"CineRate": 100_000, "RecommendedDisplayFrameRate": 9}, 9.0, "recommended display rate"),
    ],
)
def test_a_file_says_how_fast_it_runs(elements: dict[str, object], rate: float, origin: str) -> None:
    timing = timing_of(loop(**elements))
    assert timing.rate_hz == pytest.approx(rate)
    assert (said(timing), timing.is_stated) == (origin, True)


def test_the_pointer_decides_between_time_and_vector() -> None:
    both = {"FrameTime": 40, "FrameTimeVector": [0, 10, 20, 30]}
    assert said(timing_of(loop(**both))) == "frame time"
    timing = timing_of(loop(**both, FrameIncrementPointer=Tag(0x0018, 0x1065)))
    assert said(timing) == "frame time vector"
    assert timing.durations(4) == (10, 20, 30, 20), "nobody says how long the last one is seen: as long as the others"


@pytest.mark.parametrize("vector", [[0, 20], [0, -1, 20, 20], [0, 0, 0, 0], [0, 20, 20, 20, 20]])
def test_a_vector_that_cannot_be_is_left_aside(vector: list[float]) -> None:
    timing = timing_of(loop(FrameTimeVector=vector))
    assert (timing.is_stated, timing.rate_hz) == (False, DEFAULT_RATE_HZ)


def test_a_file_that_says_nothing_runs_at_a_usual_speed_and_that_is_said() -> None:
    assert timing_of(loop()) == unstated()
    assert said(unstated()) == "the file does not say how fast"
    assert unstated().durations(2) == (1000 / DEFAULT_RATE_HZ,) * 2


def test_how_it_goes_on_and_which_part_is_meant_are_read_too() -> None:
    timing = timing_of(loop(CineRate=10, PreferredPlaybackSequencing=1, StartTrim=2, StopTrim=3))
    assert (timing.way, timing.trim) == ("swing", (2, 3))
    for start, stop in ((3, 2), (0, 3), (1, 9), (1, 4)):
        assert timing_of(loop(CineRate=10, StartTrim=start, StopTrim=stop)).trim is None


def test_real_loops_say_their_speed(shared_data: Path) -> None:
    rates = {}
    for name in ("examples_ybr_color.dcm", "OBXXXX1A.dcm", "palette-multiframe-jpeg-ls.dcm"):
        timing = timing_of(read_dataset((shared_data / "dicom" / "us" / name).read_bytes()))
        rates[name] = (round(timing.rate_hz, 1), timing.is_stated)
    assert rates["examples_ybr_color.dcm"] == (30.0, True)
    assert all(0.1 <= rate <= 240 for rate, _is_stated in rates.values())


# --- the clock ---


def clock(way: Way = "loop", first: int = 1, last: int = 4, speed: float = 1.0) -> Clock:
    made = Clock((100.0,) * 4, first, last, speed, way)
    made.begin(50.0, first)
    return made


def numbers(made: Clock, *after_s: float) -> list[int]:
    return [made.due(50.0 + each)[1] for each in after_s]


def test_a_loop_begins_anew_after_its_last_picture() -> None:
    assert numbers(clock(), 0, 0.05, 0.15, 0.25, 0.35, 0.45, 0.85) == [1, 1, 2, 3, 4, 1, 1]


def test_a_swing_goes_back_and_shows_the_ends_once() -> None:
    seen = numbers(clock("swing"), *(0.05 + 0.1 * place for place in range(8)))
    assert seen == [1, 2, 3, 4, 3, 2, 1, 2]


def test_what_runs_once_stays_at_the_last_picture() -> None:
    made = clock("once")
    assert numbers(made, 0.35, 0.45, 99) == [4, 4, 4]
    assert [made.is_over(50.0 + after) for after in (0.35, 0.45)] == [False, True]
    assert not clock("loop").is_over(9999)


def test_a_part_runs_alone_and_twice_as_fast() -> None:
    assert numbers(clock(first=2, last=3, speed=2.0), 0.01, 0.06, 0.11) == [2, 3, 2]
    assert numbers(clock("swing", first=2, last=3), 0.01, 0.11, 0.21) == [2, 3, 2]
    assert numbers(clock(first=3, last=3), 0.01, 5) == [3, 3]


def test_it_begins_at_the_picture_that_is_seen() -> None:
    made = clock()
    made.begin(0.0, 3)
    assert [made.due(at)[1] for at in (0.0, 0.1, 0.2)] == [3, 4, 1]
    made.begin(0.0, 99)
    assert made.due(0.0)[1] == 1, "a picture outside the part has no place in it"


def test_pictures_of_different_length_are_seen_as_long_as_the_file_says() -> None:
    made = Clock((10.0, 500.0, 40.0), 1, 3)
    made.begin(0.0, 1)
    assert [made.due(at)[1] for at in (0.005, 0.02, 0.5, 0.52, 0.555)] == [1, 2, 2, 3, 1]


def test_time_that_runs_backwards_shows_the_first_picture() -> None:
    assert numbers(clock(), -5.0) == [1]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.floats(5, 2000), min_size=1, max_size=20),
    st.floats(0, 100),
    st.floats(0, 5),
    st.sampled_from(("loop", "swing", "once")),
)
def test_more_time_never_takes_steps_back(durations: list[float], at: float, more: float, way: Way) -> None:
    made = Clock(durations, 1, len(durations), 1.0, way)
    made.begin(0.0, 1)
    (before, first), (after, second) = made.due(at), made.due(at + more)
    assert after >= before
    assert {first, second} <= set(range(1, len(durations) + 1))
