"""What IT must hear of: numbers that stay, sentences without a word of a patient."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

from clinic_app.foundation import notices
from clinic_app.foundation.errors import StorageError
from clinic_app.foundation.notices import ATTRIBUTE, BACKUP_FAILED, NOTICES, STARTED, Told, harmless, tell
from clinic_app.foundation.texts import Text

NAME = "Өтегенова-Қарлығаш"


def test_every_event_has_a_number_of_its_own_and_the_list_is_whole() -> None:
    numbers = [each.number for each in NOTICES]
    assert numbers == sorted(set(numbers))
    assert all(0 < number < 1 << 16 for number in numbers), "Windows keeps the rest for itself"
    named = [each for each in vars(notices).values() if isinstance(each, notices.Notice)]
    assert set(named) == set(NOTICES)


def test_numbers_never_change() -> None:
    assert (STARTED.number, BACKUP_FAILED.number, notices.HUB_FELL.number) == (1, 7, 22)


def test_every_event_is_in_the_table_of_it() -> None:
    table = (Path(__file__).parents[3] / "installer" / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\d+) \| (?:information|warning|error) \| (.*?) \|", table, re.MULTILINE))
    assert rows == {str(each.number): each.sentence.msgid.replace("{detail}", "…") for each in NOTICES}


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        (3, "3"),
        ("0.2.0", "0.2.0"),
        ("keyring, disk", "keyring, disk"),
        (StorageError, "StorageError"),
        ("", "…"),
        (NAME, "…"),
        ("Karlygash", "…"),
        ("a\nb", "…"),
        ("x" * 201, "…"),
        ("%s", "…"),
        ("{0}", "…"),
    ],
)
def test_a_detail_that_could_be_anybodys_is_left_out(detail: notices.Detail, said: str) -> None:
    assert harmless(detail) == said


def test_an_event_is_a_line_of_the_log_with_its_level(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        tell(STARTED, "0.2.0")
        tell(BACKUP_FAILED, StorageError)
    assert caplog.messages == ["Dala has started: version 0.2.0.", "No backup was made: StorageError."]
    assert [each.levelno for each in caplog.records] == [logging.INFO, logging.ERROR]
    assert [getattr(each, ATTRIBUTE).notice for each in caplog.records] == [STARTED, BACKUP_FAILED]


def test_the_words_of_an_error_are_in_no_event(caplog: pytest.LogCaptureFixture) -> None:
    tell(BACKUP_FAILED, type(StorageError(Text("{name}", name=NAME))))
    tell(BACKUP_FAILED, str(StorageError(Text("{name}", name=NAME))))
    assert NAME not in caplog.text


def test_a_sentence_without_a_detail_is_as_it_is() -> None:
    assert str(Told(notices.ENDED, "…")) == "Dala has ended."
