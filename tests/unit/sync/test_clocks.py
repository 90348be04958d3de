"""The clock of a computer: turned by hand, dead at 1970, asleep; and what is not signed with it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clinic_app.access.right_clock import CLOCK_OFFSET, HUB_TIME, check_clock, clock_offset
from clinic_app.consultation import OpinionForm
from clinic_app.foundation.errors import ClinicError, ClockError
from clinic_app.foundation.texts import LANGUAGES
from clinic_app.records import DiagnosticReport, Task
from clinic_app.referral import ReferralForm
from clinic_app.storage import Store
from clinic_app.sync.clocks import NOISE, ClockWatch, steady_s
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.nodes import CENTRE, DISTRICT, Node, form, introduce, node, patient_with_evidence
from tests.helpers.stores import opened

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


class Wall:
    """A wall clock and a steady one that go together until somebody turns the first."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.steady = 1000.0

    def pass_by(self, **parts: float) -> None:
        """Let time go by."""
        self.steady += timedelta(**parts).total_seconds()
        self.clock.advance(**parts)

    def turn(self, **parts: float) -> None:
        """Turn the wall clock."""
        self.clock.advance(**parts)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "store") as made:
        yield made


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def watch(store: Store, wall: Wall) -> ClockWatch:
    return ClockWatch(store, wall.clock, lambda: wall.steady)


def _blocks(store: Store, clock: FixedClock) -> bool:
    try:
        check_clock(store, clock)
    except ClockError as error:
        return all(error.text.render(language) for language in LANGUAGES)
    return False


def test_who_never_heard_a_hub_signs(store: Store) -> None:
    assert clock_offset(store) is None
    assert not _blocks(store, FixedClock())


@pytest.mark.parametrize(
    ("offset", "is_blocked"),
    [
        (timedelta(), False),
        (3 * MINUTE, False),
        (DAY, False),
        (DAY + MINUTE, True),
        (-DAY, False),
        (-DAY - MINUTE, True),
        (timedelta(days=20_000), True),
    ],
)
def test_nothing_is_signed_with_a_clock_more_than_a_day_away(
    store: Store, wall: Wall, watch: ClockWatch, offset: timedelta, is_blocked: bool
) -> None:
    watch.measured(offset)
    assert _blocks(store, wall.clock) is is_blocked


def test_a_clock_that_falls_back_to_1970_without_a_link_signs_nothing(store: Store, wall: Wall) -> None:
    ClockWatch(store, wall.clock, lambda: wall.steady).measured(timedelta(seconds=1))
    woken = FixedClock(datetime(1970, 1, 1, tzinfo=UTC))
    assert _blocks(store, woken)
    assert not _blocks(store, FixedClock(NOON + timedelta(days=30)))


def test_a_clock_turned_without_a_link_is_noticed_and_turning_it_back_makes_it_good(
    store: Store, wall: Wall, watch: ClockWatch
) -> None:
    watch.measured(timedelta(seconds=5))
    wall.pass_by(hours=1)
    wall.turn(days=3)
    watch.look()
    assert clock_offset(store) == timedelta(seconds=5) - 3 * DAY
    assert _blocks(store, wall.clock)
    wall.pass_by(hours=5)
    wall.turn(days=-3)
    watch.look()
    assert clock_offset(store) == timedelta(seconds=5)
    assert not _blocks(store, wall.clock)


def test_time_that_goes_by_is_no_turn(store: Store, wall: Wall, watch: ClockWatch) -> None:
    watch.measured(timedelta(seconds=5))
    for _ in range(10):
        wall.pass_by(hours=9)
        watch.look()
    assert clock_offset(store) == timedelta(seconds=5)


def test_a_clock_that_creeps_is_noticed_when_it_has_crept_far(store: Store, wall: Wall, watch: ClockWatch) -> None:
    watch.measured(timedelta())
    for _ in range(100):
        wall.pass_by(minutes=10)
        wall.turn(seconds=0.5)
        watch.look()
    offset = clock_offset(store)
    assert offset is not None
    assert abs(offset + timedelta(seconds=50)) <= 2 * NOISE


def test_a_turn_before_any_hub_was_heard_says_nothing(store: Store, wall: Wall, watch: ClockWatch) -> None:
    wall.turn(days=30)
    watch.look()
    assert clock_offset(store) is None


def test_what_the_network_takes_is_not_written_down_each_time(store: Store, wall: Wall, watch: ClockWatch) -> None:
    watch.measured(timedelta(seconds=5))
    watch.measured(timedelta(seconds=6))
    assert store.memory.get(CLOCK_OFFSET) == b"5.0"
    watch.measured(timedelta(seconds=9))
    assert store.memory.get(CLOCK_OFFSET) == b"9.0"


def test_the_last_word_of_the_hubs_clock_is_kept_about_each_hour(store: Store, wall: Wall, watch: ClockWatch) -> None:
    watch.measured(timedelta())
    wall.pass_by(minutes=50)
    watch.measured(timedelta())
    assert store.memory.get(HUB_TIME) == NOON.isoformat().encode()
    wall.pass_by(minutes=50)
    watch.measured(timedelta())
    assert store.memory.get(HUB_TIME) == (NOON + timedelta(minutes=100)).isoformat().encode()


@pytest.mark.parametrize("kept", [b"", b"x", b"nan", b"1e400"])
def test_an_offset_that_cannot_be_read_is_none(store: Store, kept: bytes) -> None:
    store.memory.put(CLOCK_OFFSET, kept)
    assert clock_offset(store) is None


def test_the_steady_clock_goes_forward_and_not_by_leaps() -> None:
    first = steady_s()
    assert 0 <= steady_s() - first < 60
    assert abs(time.monotonic() - first) >= 0


@pytest.fixture(scope="module")
def hospitals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Node, Node]]:
    folder = tmp_path_factory.mktemp("clock")
    with node(folder / "district", DISTRICT) as district, node(folder / "centre", CENTRE) as centre:
        introduce(district, centre)
        yield district, centre


def _refer(district: Node, urgency: str) -> Task:
    patient, evidence = patient_with_evidence(district)
    told = form(evidence)
    asked = ReferralForm(told.specialty, urgency, told.question, CENTRE, evidence)  # type: ignore[arg-type]
    return district.referrals.send(district.session("doctor"), patient.id, asked).task


def _turn(here: Node, offset: timedelta) -> None:
    ClockWatch(here.store, here.clock).measured(offset)


def test_a_referral_is_not_sealed_with_a_wrong_clock_but_an_emergency_is(hospitals: tuple[Node, Node]) -> None:
    district, _ = hospitals
    _turn(district, -2 * DAY)
    before = len(district.store.records.find(Task))
    with pytest.raises(ClockError):
        _refer(district, "routine")
    assert len(district.store.records.find(Task)) == before
    assert _refer(district, "stat").status == "requested"
    _turn(district, timedelta())
    assert _refer(district, "routine").status == "requested"


def test_an_opinion_is_not_signed_with_a_wrong_clock_and_the_draft_stays(hospitals: tuple[Node, Node]) -> None:
    district, centre = hospitals
    _turn(district, timedelta())
    task = _refer(district, "routine")
    sent = [district.store.records.body(type(each), each.id) for each in _all(district, task)]
    centre.store.records.receive(sent)
    session = centre.session("specialist")
    _turn(centre, 2 * DAY)
    opinion = OpinionForm("Норма: синусовый ритм")
    with pytest.raises(ClinicError) as caught:
        centre.consultations.sign(session, task.id, opinion)
    assert isinstance(caught.value, ClockError)
    assert centre.store.records.find(DiagnosticReport, status="final") == ()


def _all(district: Node, task: Task) -> list[object]:
    from clinic_app.records import ServiceRequest

    return [task, district.store.records.get(ServiceRequest, task.focus.id if task.focus else "")]
