"""Limits mark a number and do nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from clinic_app.access import Session, Trail
from clinic_app.foundation.errors import InvalidInputError, NotAllowedError
from clinic_app.records import AuditEvent
from clinic_app.storage import Store
from clinic_app.waveforms.limits import DEFAULTS, Limit, Limits
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import opened, session_of, set_up

RATE, SPO2 = "MDC_ECG_HEART_RATE", "MDC_PULS_OXIM_SAT_O2"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path) as made:
        set_up(made, "nurse", "registrar")
        yield made


@pytest.fixture
def limits(store: Store) -> Limits:
    return Limits(store, Trail(store, FixedClock()))


@pytest.fixture
def nurse(store: Store) -> Session:
    return session_of(store, "nurse")


@pytest.mark.parametrize(
    ("value", "side"), [("49", "low"), ("50", None), ("85", None), ("120", None), ("120.1", "high")]
)
def test_what_lies_beyond_is_marked(limits: Limits, value: str, side: str | None) -> None:
    assert limits.mark("bed 1", RATE, Decimal(value)) == side


def test_a_limit_may_have_one_side(limits: Limits) -> None:
    assert limits.mark("bed 1", SPO2, Decimal(89)) == "low"
    assert limits.mark("bed 1", SPO2, Decimal(100)) is None
    assert Limit().mark(Decimal(5)) is None
    assert limits.mark("bed 1", "A_NUMBER_NOBODY_KNOWS", Decimal(5)) is None


def test_limits_belong_to_a_device_and_stay(limits: Limits, nurse: Session, store: Store) -> None:
    limits.set(nurse, "bed 1", RATE, Limit(Decimal(60), Decimal("180.5")))
    again = Limits(store, Trail(store, FixedClock()))
    assert again.mark("bed 1", RATE, Decimal(150)) is None
    assert again.mark("bed 2", RATE, Decimal(150)) == "high"
    assert again.of("bed 1")[SPO2] == DEFAULTS[SPO2]


def test_a_limit_can_be_taken_away_and_all_can_be_reset(limits: Limits, nurse: Session) -> None:
    limits.set(nurse, "bed 1", SPO2, Limit())
    assert limits.mark("bed 1", SPO2, Decimal(50)) is None
    limits.reset(nurse, "bed 1")
    assert limits.mark("bed 1", SPO2, Decimal(50)) == "low"


@pytest.mark.parametrize(
    "limit",
    [
        Limit(Decimal(80), Decimal(80)),
        Limit(Decimal(90), Decimal(80)),
        Limit(Decimal("NaN")),
        Limit(None, Decimal(1_000_000)),
    ],
)
def test_a_limit_that_cannot_be_is_refused(limits: Limits, nurse: Session, limit: Limit) -> None:
    with pytest.raises(InvalidInputError):
        limits.set(nurse, "bed 1", RATE, limit)
    assert limits.of("bed 1") == DEFAULTS


def test_a_device_has_a_bounded_number_of_limits(limits: Limits, nurse: Session, store: Store) -> None:
    import msgspec

    store.memory.put("limits/bed 1", msgspec.json.encode({f"CODE_{number}": Limit() for number in range(64)}))
    with pytest.raises(InvalidInputError):
        limits.set(nurse, "bed 1", RATE, Limit())


def test_who_measures_nothing_sets_no_limits(limits: Limits, store: Store) -> None:
    with pytest.raises(NotAllowedError):
        limits.set(session_of(store, "registrar"), "bed 1", RATE, Limit())


def test_who_set_them_is_in_the_trail(limits: Limits, nurse: Session, store: Store) -> None:
    before = len(list(store.records.find(AuditEvent)))
    limits.set(nurse, "bed 1", RATE, Limit(Decimal(40)))
    limits.reset(nurse, "bed 1")
    assert len(list(store.records.find(AuditEvent))) == before + 2


def test_what_is_damaged_counts_as_nothing_set(limits: Limits, store: Store) -> None:
    store.memory.put("limits/bed 1", b"{nonsense")
    assert limits.of("bed 1") == DEFAULTS
