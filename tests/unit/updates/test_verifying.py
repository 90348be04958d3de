"""Releases are believed for their signatures alone: what is forged, old, ended, oversized or mixed is refused."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.updates import verifying
from clinic_app.updates.release import Release
from clinic_app.updates.sources import METADATA, TARGETS, FolderSource, opened_source
from clinic_app.updates.verifying import Verifier, copy_release, write_repository
from tests.helpers.releases import NEWS, Maker, new_keys


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    made = Maker(tmp_path)
    made.publish("1.2.0")
    return made


@pytest.fixture
def verifier(maker: Maker, tmp_path: Path) -> Verifier:
    return Verifier(tmp_path / "trusted", maker.root)


def read(verifier: Verifier, folder: Path) -> list[str]:
    with opened_source(folder) as source:
        return [each.version for each in verifier.releases(source)]


def copied(maker: Maker, name: str = "copy") -> Path:
    return Path(shutil.copytree(maker.place, maker.folder / name))


def refused(verifier: Verifier, folder: Path) -> str:
    with pytest.raises(UnreadableFileError) as caught:
        read(verifier, folder)
    return caught.value.text.render("en")


def change(path: Path, old: str, new: str) -> None:
    words = path.read_text(encoding="utf-8")
    assert old in words
    path.write_text(words.replace(old, new), encoding="utf-8")


def test_a_release_is_what_its_maker_signed(maker: Maker, verifier: Verifier) -> None:
    with opened_source(maker.place) as source:
        (release,) = verifier.releases(source)
    assert (release.version, release.kind, release.name) == ("1.2.0", "setup", "Dala-1.2.0-x64.exe")
    assert release.news == NEWS
    assert verifier.known() == (release,)


def test_a_file_for_a_stick_says_the_same(maker: Maker, verifier: Verifier, tmp_path: Path) -> None:
    with opened_source(maker.packed()) as source:
        (release,) = verifier.releases(source)
        copy_release(source, release, tmp_path / "setup.exe")
    assert (tmp_path / "setup.exe").read_bytes() == b"Setup of 1.2.0"


def test_a_stick_with_the_folder_inside_is_found(maker: Maker, verifier: Verifier, tmp_path: Path) -> None:
    shutil.copytree(maker.place, tmp_path / "stick" / "dala-update")
    assert read(verifier, tmp_path / "stick") == ["1.2.0"]


def test_somebody_elses_repository_is_refused(verifier: Verifier, tmp_path: Path) -> None:
    stranger = Maker(tmp_path / "stranger")
    stranger.publish("9.0.0")
    assert "not signed by who makes this program" in refused(verifier, stranger.place)


def test_a_changed_digest_is_refused(maker: Maker, verifier: Verifier) -> None:
    place = copied(maker)
    described = place / METADATA / "2.targets.json"
    digest = json.loads(described.read_bytes())["signed"]["targets"]["Dala-1.2.0-x64.exe"]["hashes"]["sha256"]
    change(described, digest, digest[::-1])
    assert "do not belong together" in refused(verifier, place)


def test_a_forged_word_of_the_newest_is_refused(maker: Maker, verifier: Verifier) -> None:
    place = copied(maker)
    change(place / METADATA / "timestamp.json", '"version": 2', '"version": 3')
    assert "not signed by who makes this program" in refused(verifier, place)


def test_targets_signed_by_the_key_of_another_role_are_refused(tmp_path: Path, maker: Maker) -> None:
    """The key that says what is newest lies nearest to a network; it vouches for no release."""
    thief = Maker(tmp_path / "thief", keys={**new_keys(), "targets": maker.keys["timestamp"]})
    thief.publish("9.0.0")
    place = copied(maker)
    shutil.copytree(thief.place / METADATA, place / METADATA, dirs_exist_ok=True)
    shutil.copyfile(maker.place / METADATA / "1.root.json", place / METADATA / "1.root.json")
    assert "not signed by" in refused(Verifier(tmp_path / "trusted", maker.root), place)


def test_an_older_word_than_the_last_is_refused(maker: Maker, verifier: Verifier) -> None:
    old = copied(maker)
    maker.publish("1.3.0")
    assert read(verifier, maker.place) == ["1.2.0", "1.3.0"]
    assert "older than what this computer has seen" in refused(verifier, old)
    assert [each.version for each in verifier.known()] == ["1.2.0", "1.3.0"]


def test_what_was_shown_already_may_be_shown_again(maker: Maker, verifier: Verifier) -> None:
    assert read(verifier, maker.place) == read(verifier, maker.place) == ["1.2.0"]


def test_a_word_that_has_ended_is_refused(tmp_path: Path) -> None:
    maker = Maker(tmp_path).earlier(121)
    maker.publish("1.2.0")
    assert "has ended. Get a newer copy" in refused(Verifier(tmp_path / "trusted", maker.root), maker.place)


def test_a_word_of_months_ago_is_good_where_there_is_no_link(tmp_path: Path) -> None:
    maker = Maker(tmp_path).earlier(119)
    maker.publish("1.2.0")
    assert read(Verifier(tmp_path / "trusted", maker.root), maker.place) == ["1.2.0"]


def test_files_of_two_versions_put_together_are_refused(maker: Maker, verifier: Verifier) -> None:
    old = copied(maker)
    maker.publish("1.3.0")
    mixed = copied(maker, "mixed")
    (mixed / METADATA / "3.targets.json").unlink()
    shutil.copyfile(old / METADATA / "2.targets.json", mixed / METADATA / "3.targets.json")
    assert "do not belong together" in refused(verifier, mixed)


def test_metadata_of_endless_length_are_refused(maker: Maker, verifier: Verifier) -> None:
    place = copied(maker)
    with (place / METADATA / "timestamp.json").open("ab") as file:
        file.write(b" " * (17 << 10))
    assert "do not belong together" in refused(verifier, place)


@pytest.mark.parametrize("name", ["timestamp.json", "2.snapshot.json", "2.targets.json"])
def test_a_missing_file_is_refused(maker: Maker, verifier: Verifier, name: str) -> None:
    place = copied(maker)
    (place / METADATA / name).unlink()
    assert "do not belong together" in refused(verifier, place)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"signed": 1, "signatures": []}', b"[" * 9000])
def test_nonsense_is_refused(maker: Maker, verifier: Verifier, body: bytes) -> None:
    place = copied(maker)
    (place / METADATA / "timestamp.json").write_bytes(body)
    assert refused(verifier, place)


def test_new_keys_are_believed_where_enough_of_the_former_signed_them(maker: Maker, verifier: Verifier) -> None:
    assert read(verifier, maker.place) == ["1.2.0"]
    fresh = new_keys()
    maker.repository.change_root(fresh, 2, maker.keys["root"][:2])
    former, maker.keys = maker.keys, fresh
    maker.publish("1.3.0")
    assert read(verifier, maker.place) == ["1.2.0", "1.3.0"]
    assert verifier.root_version == 2
    thief = Maker(maker.folder, keys=former)  # the former keys were stolen afterwards
    with pytest.raises(Exception, match="must be signed by its key"):
        thief.publish("9.0.0")


def test_a_computer_that_was_off_for_years_follows_every_root(maker: Maker, tmp_path: Path) -> None:
    root = maker.root
    for _ in range(3):
        fresh = new_keys()
        maker.repository.change_root(fresh, 2, maker.keys["root"])
        maker.keys = fresh
    verifier = Verifier(tmp_path / "late", root)
    assert read(verifier, maker.place) == ["1.2.0"]
    assert verifier.root_version == 4


def test_one_stolen_key_of_the_root_is_not_enough(maker: Maker, verifier: Verifier, tmp_path: Path) -> None:
    thief = Maker(tmp_path / "thief", keys={**new_keys(), "root": [maker.keys["root"][0], *new_keys()["root"][:1]]})
    thief.repository.change_root(thief.keys, 2, thief.keys["root"])
    place = copied(maker)
    shutil.copyfile(thief.place / METADATA / "2.root.json", place / METADATA / "2.root.json")
    assert "not signed by who makes this program" in refused(verifier, place)


def test_what_was_verified_can_be_handed_on(maker: Maker, verifier: Verifier, tmp_path: Path) -> None:
    maker.repository.change_root(maker.keys, 2, maker.keys["root"])
    read(verifier, maker.place)
    write_repository(tmp_path / "next", verifier.metadata())
    assert read(Verifier(tmp_path / "other", maker.root), tmp_path / "next") == ["1.2.0"]


def test_a_file_that_is_not_what_was_signed_is_not_kept(maker: Maker, verifier: Verifier, tmp_path: Path) -> None:
    with opened_source(maker.place) as source:
        (release,) = verifier.releases(source)
        stored = maker.place / TARGETS / release.stored_as
        for body in (b"Setup of 1.2.1", b"Setup", b"Setup of 1.2.0 and much more", b""):
            stored.write_bytes(body)
            with pytest.raises(UnreadableFileError):
                copy_release(source, release, tmp_path / "copy" / "setup.exe")
        stored.unlink()
        with pytest.raises(UnreadableFileError, match="is not there"):
            copy_release(source, release, tmp_path / "copy" / "setup.exe")
    assert list((tmp_path / "copy").iterdir()) == []


def test_no_more_of_a_file_is_read_than_was_signed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    read_bytes = 0

    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            nonlocal read_bytes
            read_bytes += size
            return bytes(size)

    class Source:
        @contextmanager
        def opened(self, inner: str) -> Iterator[BinaryIO]:
            yield Endless()  # type: ignore[misc]

    monkeypatch.setattr(verifying, "_PIECE", 1000)
    release = Release("1.2.0", "setup", "Dala-1.2.0-x64.exe", "0" * 64, 5000)
    with pytest.raises(UnreadableFileError):
        copy_release(Source(), release, tmp_path / "setup.exe")
    assert read_bytes <= 6000


def test_how_far_a_copy_has_come_is_told(maker: Maker, verifier: Verifier, tmp_path: Path) -> None:
    told: list[int] = []
    with opened_source(maker.place) as source:
        (release,) = verifier.releases(source)
        copy_release(source, release, tmp_path / "setup.exe", told.append)
    assert told == [release.size]


def test_nothing_leads_out_of_a_repository(maker: Maker, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    source = FolderSource(maker.place)
    for inner in ("../secret", "metadata/../../secret", "/etc/passwd", "metadata\\x", "targets/", "metadata/.x", ""):
        with pytest.raises(FileNotFoundError), source.opened(inner):
            pass


def test_a_link_on_a_stick_is_not_followed(maker: Maker, verifier: Verifier, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"Setup of 1.2.0")
    with opened_source(maker.place) as source:
        (release,) = verifier.releases(source)
        stored = maker.place / TARGETS / release.stored_as
        stored.unlink()
        stored.symlink_to(tmp_path / "secret")
        with pytest.raises(UnreadableFileError):
            copy_release(source, release, tmp_path / "setup.exe")
        stored.unlink()
        stored.mkdir()
        with pytest.raises(UnreadableFileError):
            copy_release(source, release, tmp_path / "setup.exe")


def test_a_file_that_is_no_repository_is_refused(tmp_path: Path) -> None:
    strange = tmp_path / "a.dala-update"
    for body in (b"", b"PK", b"not a ZIP file"):
        strange.write_bytes(body)
        with pytest.raises(UnreadableFileError, match="is no file of releases"), opened_source(strange):
            pass
    with pytest.raises(UnreadableFileError), opened_source(tmp_path / "gone"):
        pass


def test_a_file_that_would_unpack_to_more_than_it_is_is_refused(tmp_path: Path, verifier: Verifier) -> None:
    bomb = tmp_path / "bomb.dala-update"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata/timestamp.json", bytes(1 << 20))
    assert refused(verifier, bomb)
    with zipfile.ZipFile(bomb, "w") as archive:
        for index in range(501):
            archive.writestr(f"metadata/{index}.root.json", b"")
    assert "is no file of releases" in refused(verifier, bomb)


def test_a_folder_without_metadata_is_refused(verifier: Verifier, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "do not belong together" in refused(verifier, tmp_path / "empty")
    assert verifier.known() == ()
