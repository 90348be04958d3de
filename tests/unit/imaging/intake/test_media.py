"""Folders, indexes, archives and images of discs: what is found, in which order, and what never is."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.imaging import Gathering, from_paths
from clinic_app.imaging.intake import sources, zip_source
from clinic_app.imaging.intake.dicomdir import listed_names
from clinic_app.imaging.intake.sources import Contents, contents_of, file_at
from tests.helpers.discs import disc, index_of, one_file, write, zip_of

ONE, TWO = one_file(1), one_file(2)


def found(*paths: Path) -> Contents:
    with contents_of(paths) as contents:
        for each in contents.files:
            each.read(1)
        return contents


def names(contents: Contents) -> list[str]:
    return [each.name for each in contents.files]


def reasons(contents: Contents) -> dict[str, str]:
    return {each.name: each.reason.render("en") for each in contents.refused}


def zipped(tmp_path: Path, files: dict[str, bytes]) -> Path:
    path = tmp_path / "study.zip"
    path.write_bytes(zip_of(files))
    return path


# --- folders and their index ---


def test_a_folder_gives_every_file_under_its_own_name(tmp_path: Path) -> None:
    folder = write(tmp_path / "cd", {"b/2": TWO, "a/1": ONE, "read.me": b"hello"})
    assert names(found(folder)) == ["read.me", "a/1", "b/2"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    folder = write(tmp_path / "cd", {"1": ONE})
    (folder / "out").symlink_to(write(tmp_path / "secret", {"2": TWO}))
    (folder / "3").symlink_to(tmp_path / "secret" / "2")
    assert names(found(folder)) == ["1"]


def test_an_index_orders_its_files_and_leaves_the_viewer(tmp_path: Path) -> None:
    files = {"DICOMDIR": index_of("IM/2", "IM/1"), "IM/1": ONE, "IM/2": TWO, "viewer.exe": b"MZ", "x/page.htm": b"<"}
    contents = found(write(tmp_path / "cd", files))
    assert names(contents) == ["IM/2", "IM/1"]
    assert contents.left == 2
    assert contents.refused == []


def test_an_image_the_index_forgot_is_found_all_the_same(tmp_path: Path) -> None:
    folder = write(tmp_path / "cd", {"DICOMDIR": index_of("1"), "1": ONE, "extra/2": TWO})
    assert names(found(folder)) == ["1", "extra/2"]


def test_a_file_the_index_names_and_the_disc_lacks_is_said(tmp_path: Path) -> None:
    contents = found(write(tmp_path / "cd", {"DICOMDIR": index_of("1", "2"), "1": ONE}))
    assert names(contents) == ["1"]
    assert reasons(contents) == {"2": "The index of the disc names this file, but it is not there."}


def test_the_case_of_letters_is_that_of_the_system_and_not_of_the_index(tmp_path: Path) -> None:
    folder = write(tmp_path / "cd", {"dicomdir": index_of("IM/A1"), "im/a1": ONE, "viewer.exe": b"MZ"})
    assert names(found(folder)) == ["im/a1"]


@pytest.mark.parametrize(
    "index",
    [b"", b"MZ", index_of("1")[:200], ONE, index_of("nothing/here")],
    ids=["empty", "exe", "cut", "image", "other"],
)
def test_where_the_index_is_not_whole_every_file_is_looked_at(tmp_path: Path, index: bytes) -> None:
    folder = write(tmp_path / "cd", {"DICOMDIR": index, "1": ONE, "read.me": b"hello"})
    assert names(found(folder)) == ["1", "read.me"]


def test_words_of_an_index_never_become_a_path(tmp_path: Path) -> None:
    write(tmp_path, {"secret": ONE})
    index = write(tmp_path / "cd", {"DICOMDIR": index_of("../secret", "C:/x", "1"), "1": TWO}) / "DICOMDIR"
    assert listed_names(file_at(index, "DICOMDIR")) == ("1",)
    assert names(found(tmp_path / "cd")) == ["1"]


def test_two_discs_copied_into_one_folder_keep_their_own_indexes(tmp_path: Path) -> None:
    inner = {"cd1/DICOMDIR": index_of("1"), "cd1/1": ONE, "cd1/a.exe": b"MZ"}
    other = {"cd2/DICOMDIR": index_of("1"), "cd2/1": TWO, "cd2/b.exe": b"MZ"}
    contents = found(write(tmp_path / "all", {**inner, **other}))
    assert sorted(names(contents)) == ["cd1/1", "cd2/1"]
    assert contents.left == 2


def test_more_files_than_are_taken_at_once_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MOST_FILES", 3)
    contents = found(write(tmp_path / "cd", {str(number): ONE for number in range(5)}))
    assert len(contents.files) == 3
    assert reasons(contents) == {"…": "There are more than 3 files; take the folders in one by one."}


def test_whoever_stops_is_not_kept_waiting_for_the_list(tmp_path: Path) -> None:
    folder = write(tmp_path / "cd", {"1": ONE})
    with contents_of([folder], lambda: True) as contents:
        assert contents.files == []


def test_a_file_that_is_gone_when_it_is_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "1"
    path.write_bytes(ONE)
    file = file_at(path, "1")
    path.unlink()
    with pytest.raises(UnreadableFileError):
        file.content()


def test_what_is_no_image_is_not_read_beyond_its_head(tmp_path: Path) -> None:
    asked: list[int] = []
    file = sources.SourceFile("film.avi", 1 << 29, lambda most: asked.append(most) or b"RIFF" * 40)  # type: ignore[func-returns-value]
    with pytest.raises(UnreadableFileError):
        file.content()
    assert asked == [132]
    assert not file.is_marked()


# --- archives ---


def test_a_zip_is_read_without_being_unpacked(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"IM/1": ONE, "IM/2": TWO})
    with contents_of([path]) as contents:
        assert [each.content() for each in contents.files] == [ONE, TWO]
        assert names(contents) == ["study.zip/IM/1", "study.zip/IM/2"]
    assert [each.name for each in tmp_path.iterdir()] == ["study.zip"]


def test_a_zip_inside_a_folder_is_read_too(tmp_path: Path) -> None:
    folder = write(tmp_path / "stick", {"mail/a.zip": zip_of({"1": ONE}), "2": TWO})
    assert sorted(names(found(folder))) == ["2", "mail/a.zip/1"]


@pytest.mark.parametrize("name", ["../1", "a/../../1", "/etc/1", "C:\\1", "c:/1", "..\\1"])
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    contents = found(zipped(tmp_path, {name: ONE, "good": TWO}))
    assert names(contents) == ["study.zip/good"]
    assert list(reasons(contents).values()) == ["Its name leads out of the archive."]


def test_archives_in_archives_links_and_strange_packing_are_refused_with_their_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inner.zip", zip_of({"1": ONE}))
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("packed", ONE, zipfile.ZIP_LZMA)
        archive.writestr("folder/", b"")
    contents = found(path)
    assert contents.files == []
    assert [each.split(";")[0] for each in reasons(contents).values()] == [
        "An archive inside an archive is not opened",
        "It is a link and no file.",
        "It is packed in a way this program does not unpack.",
    ]


def test_an_entry_with_a_password_is_said_to_have_one(tmp_path: Path) -> None:
    data = bytearray(zip_of({"1": ONE}))
    data[6] |= 1
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    assert "password" in reasons(found(tmp_path / "a.zip"))["a.zip/1"]


def test_a_bomb_is_never_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_source, "FREE_BYTES", 1 << 20)
    zeros = ONE[:132] + bytes(40 << 20)
    path = zipped(tmp_path, {"bomb": zeros, "film": bytes(60 << 20), "1": ONE})
    with contents_of([path]) as contents:
        bomb, film, _one = contents.files
        with pytest.raises(UnreadableFileError, match="DICOM"):
            film.content()
        with pytest.raises(UnreadableFileError, match="unpacks to more"):
            bomb.content()


def test_a_size_that_is_a_lie_is_not_believed(tmp_path: Path) -> None:
    data = bytearray(zip_of({"1": ONE}))
    at = data.rfind(b"PK\x01\x02") + 24
    data[at : at + 4] = (100).to_bytes(4, "little")
    (tmp_path / "a.zip").write_bytes(data)
    with contents_of([tmp_path / "a.zip"]) as contents:
        (file,) = contents.files
        with pytest.raises(UnreadableFileError):
            file.content()


def test_a_list_of_millions_is_refused_before_it_is_read(tmp_path: Path) -> None:
    data = bytearray(zip_of({"1": ONE}))
    at = data.rfind(b"PK\x05\x06") + 12
    data[at : at + 4] = (64 << 20).to_bytes(4, "little")
    (tmp_path / "a.zip").write_bytes(data)
    assert reasons(found(tmp_path / "a.zip")) == {
        "a.zip": "The archive lists more files than this program takes from anybody."
    }


@pytest.mark.parametrize("cut", [40, 300, 500])
def test_a_cut_archive_is_said_to_be_cut(tmp_path: Path, cut: int) -> None:
    (tmp_path / "a.zip").write_bytes(zip_of({"1": ONE, "2": TWO})[:cut])
    assert reasons(found(tmp_path / "a.zip")) == {"a.zip": "The archive is damaged or cut short."}


def test_an_entry_whose_bytes_are_damaged_is_told_alone(tmp_path: Path) -> None:
    data = bytearray(zip_of({"1": ONE, "2": TWO}, zipfile.ZIP_STORED))
    data[200] ^= 255
    (tmp_path / "a.zip").write_bytes(data)
    with contents_of([tmp_path / "a.zip"]) as contents:
        first, second = contents.files
        with pytest.raises(UnreadableFileError):
            first.content()
        assert second.content() == TWO


def test_names_of_a_russian_windows_are_shown_as_they_were_typed(tmp_path: Path) -> None:
    made = zip_of({"XXXXXX/1": ONE}).replace(b"XXXXXX", "Снимки".encode("cp866"))
    (tmp_path / "a.zip").write_bytes(made)
    assert names(found(tmp_path / "a.zip")) == ["a.zip/Снимки/1"]


def test_an_entry_without_a_name_is_a_file_like_others(tmp_path: Path) -> None:
    data = bytearray(zip_of({"1": ONE}))
    for mark, place in ((b"PK\x03\x04", 26), (b"PK\x01\x02", 28)):
        at = data.rfind(mark)
        data[at + place : at + place + 2] = b"\0\0"
    (tmp_path / "a.zip").write_bytes(data)
    assert len(found_or_said(tmp_path / "a.zip")) == 1


def found_or_said(path: Path) -> list[str]:
    """Return what became of each entry, by its name."""
    with contents_of([path]) as contents:
        return [*names(contents), *reasons(contents)]


def test_a_head_that_is_damaged_is_the_damage_of_one_file(tmp_path: Path) -> None:
    kind = ONE.index(b"\x02\x00\x02\x00UI")
    damaged = ONE[: kind + 4] + b"\x49\x1a" + ONE[kind + 6 :]
    folder = write(tmp_path / "stick", {"1": damaged, "2": TWO})
    gathering = Gathering(lambda _data: "kept")
    from_paths([folder])(gathering)
    assert "2" in {each.name for each in gathering.instances}
    assert len(gathering.instances) + len(gathering.refused) == 2


# --- images of discs ---


def test_the_image_of_a_disc_is_read_where_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "cd.iso"
    path.write_bytes(disc())
    with contents_of([path]) as contents:
        assert names(contents) == [f"cd.iso/DICOM/I000000{number}" for number in (1, 2, 3)]
        assert all(each.content()[128:132] == b"DICM" for each in contents.files)
    assert contents.left == 3, "the viewer, its start and a page with a long name"


def test_the_long_names_of_a_disc_are_read(tmp_path: Path) -> None:
    from contextlib import ExitStack

    from clinic_app.imaging.intake.iso_source import iso_contents

    path = tmp_path / "cd.iso"
    path.write_bytes(disc())
    with ExitStack() as stack:
        assert "Прочтите меня, пожалуйста.txt" in names(iso_contents(path, stack))


def without_joliet() -> bytes:
    data = bytearray(disc())
    for sector in range(16, 32):
        if data[sector * 2048] == 2:
            data[sector * 2048 + 88 : sector * 2048 + 91] = bytes(3)
    return bytes(data)


def test_a_disc_without_long_names_is_read_by_its_short_ones(tmp_path: Path) -> None:
    path = tmp_path / "cd.iso"
    path.write_bytes(without_joliet())
    assert names(found(path)) == [f"cd.iso/DICOM/I000000{number}" for number in (1, 2, 3)]


@pytest.mark.parametrize("sectors", [17, 20, 24, 28, 32])
def test_a_disc_that_is_cut_gives_what_is_left_and_says_the_rest(tmp_path: Path, sectors: int) -> None:
    path = tmp_path / "cd.iso"
    path.write_bytes(disc()[: sectors * 2048])
    contents = found(path)
    assert contents.refused
    assert not any(each.is_marked() for each in contents.files)


def test_a_folder_that_contains_itself_ends(tmp_path: Path) -> None:
    data = bytearray(without_joliet())
    root = int.from_bytes(data[16 * 2048 + 158 : 16 * 2048 + 162], "little")
    at = data.find(b"DICOM", root * 2048, root * 2048 + 2048) - 33
    data[at + 2 : at + 6] = root.to_bytes(4, "little")
    path = tmp_path / "cd.iso"
    path.write_bytes(data)
    assert all("DICOM/DICOM" not in name for name in names(found(path)))


@pytest.mark.parametrize("place", [2, 10])
def test_numbers_of_a_disc_are_not_believed(tmp_path: Path, place: int) -> None:
    data = bytearray(without_joliet())
    at = 16 * 2048 + 156 + place
    data[at : at + 4] = b"\xff" * 4
    path = tmp_path / "cd.iso"
    path.write_bytes(data)
    assert found(path).files == []
