"""The catalogues are joined whole, or not at all and with every place named."""

from __future__ import annotations

import gettext
from pathlib import Path

import pytest

from installer.catalogues import CatalogueError, join_catalogues, placeholders, write_catalogue

HEADER = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: {forms}\\n"

"""
RU = "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);"
DAYS = (
    'msgid "{count} day"\nmsgid_plural "{count} days"\n'
    'msgstr[0] "{count} день"\nmsgstr[1] "{count} дня"\nmsgstr[2] "{count} дней"\n\n'
)


def _file(folder: Path, name: str, *messages: str) -> Path:
    path = folder / f"{name}.po"
    path.write_text(HEADER.replace("{forms}", RU) + "\n".join(messages), encoding="utf-8")
    return path


def _message(source: str, translation: str) -> str:
    return f'msgid "{source}"\nmsgstr "{translation}"\n\n'


def test_two_rooms_make_one_catalogue_with_plurals(tmp_path: Path) -> None:
    files = [_file(tmp_path, "a", _message("Save", "Сохранить")), _file(tmp_path, "b", DAYS)]
    write_catalogue(files, tmp_path / "ru.mo", "ru")
    with (tmp_path / "ru.mo").open("rb") as stream:
        words = gettext.GNUTranslations(stream)
    assert words.gettext("Save") == "Сохранить"
    plurals = [words.ngettext("{count} day", "{count} days", n) for n in (1, 2, 5, 11, 21)]
    assert plurals == ["{count} день", "{count} дня", "{count} дней", "{count} дней", "{count} день"]


def test_the_same_translation_in_two_rooms_is_no_fault(tmp_path: Path) -> None:
    files = [_file(tmp_path, name, _message("Save", "Сохранить")) for name in "ab"]
    assert len(join_catalogues(files, "ru")) == 1


def test_two_translations_of_one_sentence_are_refused_with_both_places(tmp_path: Path) -> None:
    files = [_file(tmp_path, "a", _message("Save", "Сохранить")), _file(tmp_path, "b", _message("Save", "Записать"))]
    with pytest.raises(CatalogueError, match=r"b\.po.*'Save'.*a\.po"):
        join_catalogues(files, "ru")


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (_message("Save", ""), "not translated"),
        (_message("Case {number}", "Случай {nomer}"), "placeholders differ"),
        (_message("Case {number}", "Случай"), "placeholders differ"),
        (DAYS.replace('msgstr[2] "{count} дней"\n', ""), "not translated|2 forms"),
        (DAYS.replace("{count} дня", "дня"), "placeholders differ"),
        ("#, fuzzy\n" + _message("Save", "Спасти"), "fuzzy"),
    ],
)
def test_a_sentence_that_would_mislead_is_refused(tmp_path: Path, message: str, fault: str) -> None:
    with pytest.raises(CatalogueError, match=fault):
        join_catalogues([_file(tmp_path, "a", message)], "ru")


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    path = _file(tmp_path, "a", _message("One", ""), _message("Two", ""))
    with pytest.raises(CatalogueError) as caught:
        join_catalogues([path], "ru")
    assert len(str(caught.value).splitlines()) == 2


def test_a_broken_catalogue_leaves_the_old_one_in_place(tmp_path: Path) -> None:
    target = tmp_path / "ru.mo"
    target.write_bytes(b"old")
    with pytest.raises(CatalogueError):
        write_catalogue([_file(tmp_path, "a", _message("One", ""))], target, "ru")
    assert target.read_bytes() == b"old"


def test_placeholders_are_compared_with_their_format() -> None:
    assert placeholders("{a} and {b:.1f} {{no}}") == {"a:", "b:.1f"}


@pytest.mark.parametrize("translation", ["Случай {number", "Случай number}", "Случай {number}{", "{number} }"])
def test_a_lone_brace_is_named_with_its_place(tmp_path: Path, translation: str) -> None:
    with pytest.raises(CatalogueError, match=r"a\.po.*'Case \{number\}'.*brace"):
        join_catalogues([_file(tmp_path, "a", _message("Case {number}", translation))], "ru")
