"""The table of families: each can be made from its defaults, says everything in every language, and has its page."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from clinic_app.devices import FAMILIES, TRANSPORTS, DeviceConfig, Family, add_family, checked, options_of
from clinic_app.devices.families import driver_of
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.waveforms.replay_device import REPLAY

PAGES = Path(__file__).parents[3] / "docs" / "devices"
add_family(REPLAY)
KINDS = ("text", "number", "choice", "yes-no", "port", "file", "bluetooth", "microphone")
EACH = pytest.mark.parametrize("family", list(FAMILIES.values()), ids=lambda family: family.code)


def filled(family: Family, transport: str) -> DeviceConfig:
    """Return a device of a family with something in every field that must not be empty."""
    options = options_of(family, transport)
    required = {option.key: "x" for option in options if option.is_required}
    numbers = {option.key: 6661 for option in options if option.key == "port" and isinstance(option.default, int)}
    return DeviceConfig("A", family.code, transport, {**required, **numbers})


@EACH
def test_a_driver_is_made_over_every_transport_and_opens_nothing(family: Family) -> None:
    assert family.transports
    for transport in family.transports:
        config = checked(filled(family, transport))
        assert set(config.options) == {option.key for option in options_of(family, transport)}
        assert callable(driver_of(config).run)


@EACH
def test_everything_a_page_needs_is_said_in_three_languages(family: Family) -> None:
    texts = [family.name, *(TRANSPORTS[code].name for code in family.transports)]
    for transport in family.transports:
        for option in options_of(family, transport):
            assert option.kind in KINDS
            assert len(option.choice_words) in (0, len(option.choices))
            texts += [option.label, *option.choice_words, *([option.hint] if option.hint else [])]
    if family.delivers:
        texts.append(family.delivers)
    words = [text for text in texts if text.msgid]
    assert [text.msgid for text in words for language in ("kk", "ru") if text.render(language) == text.msgid] == []


@EACH
def test_it_is_made_by_a_parser_or_by_a_driver_of_its_own(family: Family) -> None:
    assert (family.make_parser is None) != (family.make_driver is None)
    assert (family.make_driver is not None) == (family.transports == ("own",))


@EACH
def test_it_stands_in_the_list_of_pages(family: Family) -> None:
    lines = (PAGES / "index.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if f"`{family.code}`" in line]
    pages = [page for row in rows for page in re.findall(r"\]\(([^)]+\.md)\)", row)]
    assert pages, f"docs/devices/index.md says nothing of {family.code}"
    assert all((PAGES / page).is_file() for page in pages)


@EACH
def test_a_field_that_must_not_be_empty_is_asked_for(family: Family) -> None:
    for transport in family.transports:
        config = filled(family, transport)
        for option in options_of(family, transport):
            if option.is_required:
                with pytest.raises(InvalidInputError) as caught:
                    checked(replace(config, options={**config.options, option.key: " "}))
                assert caught.value.field == option.key
