"""The sentences of Windows' event log: as a resource that Windows reads, in three languages."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from clinic_app.computer.system_log_windows import number_of
from clinic_app.foundation.notices import HUB_STARTED, NOTICES, STARTED
from installer import event_sentences, tools
from installer.event_sentences import LANGUAGES, sentence_of, table_of
from installer.versions import Version


def read(table: bytes) -> dict[int, str]:
    """Read a table of messages as Windows does."""
    found: dict[int, str] = {}
    for block in range(struct.unpack_from("<L", table)[0]):
        low, high, place = struct.unpack_from("<3L", table, 4 + 12 * block)
        for number in range(low, high + 1):
            length, flags = struct.unpack_from("<2H", table, place)
            assert flags == 1, "written in two bytes a letter"
            assert place % 4 == length % 4 == 0
            found[number] = table[place + 4 : place + length].decode("utf-16-le").rstrip("\0")
            place += length
    return found


def test_windows_finds_every_event_by_its_number() -> None:
    table = table_of({number_of(each): sentence_of(each, "kk") for each in NOTICES})
    assert read(table) == {number_of(each): sentence_of(each, "kk") for each in NOTICES}


def test_numbers_stand_in_their_order_or_windows_does_not_find_them() -> None:
    assert list(read(table_of({9: "b", 3: "a", 0xC0000001: "c"}))) == [3, 9, 0xC0000001]


def test_what_differs_is_put_in_by_windows() -> None:
    assert sentence_of(STARTED, "en") == "Dala has started: version %1.\r\n"
    assert sentence_of(HUB_STARTED, "ru") == "Хаб запущен: версия %1.\r\n"
    for notice in NOTICES:
        for language in LANGUAGES:
            said = sentence_of(notice, language)
            assert ("%1" in said) == ("{detail}" in notice.sentence.msgid)
            assert "{" not in said


def test_every_language_is_in_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str, ...]] = []
    monkeypatch.setattr(tools, "run", lambda *words: ran.append(tuple(map(str, words))))
    event_sentences.build(tmp_path / "app", Version(1, 2, 3), tmp_path)
    description = (tmp_path / "events.rc").read_text(encoding="ascii")
    for language in LANGUAGES:
        assert f'1 11 "events-{language}.bin"' in description
        assert len(read((tmp_path / f"events-{language}.bin").read_bytes())) == len(NOTICES)
    assert "FILEVERSION 1,2,3" in description.replace(", ", ",")
    assert ran[-1][-1].endswith("Dala-events.dll")
    assert "-nostdlib" in ran[-1], "there is no code in it"
