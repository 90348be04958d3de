"""Two devices never share a name, whatever they call themselves: their patients would mix."""

from __future__ import annotations

from decimal import Decimal

from clinic_app.devices.block import Numerics
from clinic_app.devices.driver import Item
from clinic_app.devices.result import Result
from clinic_app.devices.source_names import MOST_NAMES, SourceNames
from tests.helpers.device_lines import MOMENT, arrival


def said(source: str) -> Numerics:
    return Numerics(source, {}, arrival().at, arrival().monotonic_s)


def name_of(item: Item) -> str:
    assert isinstance(item, Numerics)
    return item.source


def test_who_comes_first_by_another_door_keeps_the_name() -> None:
    names = SourceNames()
    assert name_of(names.named(said("M-7"), "HL7")) == "M-7"
    assert name_of(names.named(said("M-7"), "Ward")) == "M-7 (Ward)"
    assert name_of(names.named(said("M-7"), "HL7")) == "M-7"


def test_a_device_that_is_configured_has_its_name_before_all_others() -> None:
    names = SourceNames()
    assert name_of(names.named(said("BED-1"), "HL7")) == "BED-1"
    names.keep(frozenset(("BED-1", "BED-2")))
    assert name_of(names.named(said("BED-1"), "HL7")) == "BED-1 (HL7)"
    assert name_of(names.named(said("BED-1"), "BED-1")) == "BED-1"
    assert name_of(names.named(said("BED-1"), "BED-2")) == "BED-1 (BED-2)"
    names.keep(frozenset())
    assert name_of(names.named(said("BED-1"), "HL7")) == "BED-1", "its name is free again"


def test_a_result_keeps_the_name_it_came_with() -> None:
    names = SourceNames()
    names.keep(frozenset(("BC",)))
    result = Result("BC", "6690-2", Decimal(5), MOMENT)
    assert names.named(result, "HL7") is result


def test_strangers_cannot_fill_the_memory_with_names() -> None:
    names = SourceNames()
    for number in range(3 * MOST_NAMES):
        names.named(said(f"M-{number}"), "HL7")
    assert len(names._owners) <= MOST_NAMES
