"""Names of monitors: two never share one, and one that connects again keeps its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from clinic_app.devices.hl7.sources import HANGING_S, MOST_HOSTS, MOST_SOURCES, Sources
from clinic_app.foundation.texts import Text

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
WARD, OTHER_WARD = ("192.168.1.5", 40001), ("192.168.1.6", 40001)


class Steady:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_two_monitors_that_call_themselves_alike_are_told_apart() -> None:
    sources = Sources(Steady())
    assert sources.name_for("BENEVIEW", WARD) == "BENEVIEW"
    assert sources.name_for("BENEVIEW", OTHER_WARD) == "BENEVIEW (192.168.1.6)"
    assert sources.name_for("BENEVIEW", ("192.168.1.6", 7)) == "BENEVIEW (192.168.1.6:7)"


def test_a_monitor_that_went_and_came_back_has_its_name() -> None:
    sources = Sources(Steady())
    sources.note(sources.name_for("BENEVIEW", WARD), NOON, None)
    sources.forget("BENEVIEW", WARD, is_stranger=False)
    assert not sources.all()[0].is_connected
    assert sources.name_for("BENEVIEW", ("192.168.1.5", 40002)) == "BENEVIEW"


def test_a_hanging_connection_gives_its_name_to_the_same_host_only() -> None:
    steady = Steady()
    sources = Sources(steady)
    sources.name_for("BENEVIEW", WARD)
    steady.now_s += HANGING_S + 1
    assert sources.name_for("BENEVIEW", OTHER_WARD) == "BENEVIEW (192.168.1.6)"
    again = ("192.168.1.5", 40002)
    assert sources.name_for("BENEVIEW", again) == "BENEVIEW"
    assert not sources.holds("BENEVIEW", WARD)
    sources.note("BENEVIEW", NOON, None)
    sources.forget("BENEVIEW", WARD, is_stranger=False)
    assert sources.all()[0].is_connected


def test_a_name_one_host_had_is_never_that_of_another() -> None:
    sources = Sources(Steady())
    sources.name_for("BENEVIEW", WARD)
    sources.forget("BENEVIEW", WARD, is_stranger=False)
    assert sources.name_for("BENEVIEW", OTHER_WARD) == "BENEVIEW (192.168.1.6)"
    assert sources.name_for("BENEVIEW", ("192.168.1.5", 9)) == "BENEVIEW"


def test_hosts_without_end_do_not_eat_the_memory() -> None:
    sources = Sources(Steady())
    for number in range(MOST_HOSTS + 200):
        address = (f"10.0.{number // 200}.{number % 200}", 1)
        name = sources.name_for(f"M{number}", address)
        sources.beds_of(f"M{number}", address[0])
        sources.forget(name, address, is_stranger=False)
    assert len(sources._hosts) <= MOST_HOSTS
    assert len(sources._beds) <= MOST_SOURCES


def test_a_live_connection_keeps_its_name_against_a_second_one_of_its_host() -> None:
    steady = Steady()
    sources = Sources(steady)
    sources.name_for("BENEVIEW", WARD)
    steady.now_s += HANGING_S + 1
    assert sources.holds("BENEVIEW", WARD)
    assert sources.name_for("BENEVIEW", ("192.168.1.5", 40002)) == "BENEVIEW (192.168.1.5)"


def test_a_stranger_is_listed_only_with_what_it_did_wrong() -> None:
    sources = Sources(Steady())
    sources.note("10.0.0.1:5", NOON, None)
    sources.forget("10.0.0.1:5", ("10.0.0.1", 5), is_stranger=True)
    assert sources.all() == ()
    sources.note("10.0.0.1:6", NOON, Text("This file holds no signal that can be read."))
    sources.forget("10.0.0.1:6", ("10.0.0.1", 6), is_stranger=True)
    assert [state.is_connected for state in sources.all()] == [False]


def test_names_without_end_do_not_eat_the_memory_and_drive_out_nobody_connected() -> None:
    sources = Sources(Steady())
    sources.note(sources.name_for("BENEVIEW", WARD), NOON, None)
    for i in range(300):
        address = ("10.0.0.1", i)
        name = sources.name_for(f"M{i}", address)
        sources.note(name, NOON + timedelta(seconds=i), None)
        sources.forget(name, address, is_stranger=False)
    assert len(sources.all()) <= MOST_SOURCES
    assert sources.all()[0].name == "BENEVIEW"


def test_the_screen_that_lists_them_waits_for_no_device() -> None:
    sources = Sources(Steady())
    sources.note("BENEVIEW", NOON, None)
    with sources._lock:  # a device that calls and is not let run just now
        assert [each.name for each in sources.all()] == ["BENEVIEW"]


def test_the_streams_of_a_name_go_on_for_the_same_host_and_for_no_other() -> None:
    sources = Sources()
    first = sources.waves_of("M", "10.0.0.1")
    assert sources.waves_of("M", "10.0.0.1") is first
    assert sources.waves_of("M", "10.0.0.2") is not first
    for number in range(MOST_SOURCES):
        sources.waves_of(f"M-{number}", "10.0.0.1")
    assert sources.waves_of("M", "10.0.0.1") is not first, "strangers cannot fill the memory"
