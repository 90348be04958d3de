"""The second disk: it gets everything once, never a key, and a dead computer comes back from it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from clinic_app.foundation.errors import DamagedError, DiskFullError, InvalidInputError, NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.keys import FileKeyStorage, KeySlots, unlock
from clinic_app.records import Patient
from clinic_app.storage import Store, restore_backup
from clinic_app.storage.backups import second_disk
from clinic_app.storage.backups.second_disk import SecondDisk, bring_back, carry_file
from tests.helpers.clocks import FixedClock
from tests.helpers.dying import killed_everywhere
from tests.helpers.stores import KEY, opened, patient


@pytest.fixture
def second(tmp_path: Path) -> Path:
    path = tmp_path / "second"
    path.mkdir()
    return path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "data") as made:
        made.records.commit([patient()])
        yield made


@pytest.fixture
def disk(store: Store, second: Path) -> SecondDisk:
    return SecondDisk(second, store.folder, store.memory)


def its_folder(second: Path) -> Path:
    (folder,) = second.glob("dala-*")
    return folder


def blob_names(folder: Path) -> set[str]:
    return {path.name for path in (folder / "blobs").glob("??/*")}


def test_backups_and_contents_are_carried_with_all_that_opens_them(
    store: Store, disk: SecondDisk, second: Path
) -> None:
    (store.folder / "keys.json").write_bytes(b'{"site": "0198-ab/../CD"}')
    (store.folder / "settings.toml").write_bytes(b'language = "kk"\n')
    (store.folder / "unsealed.key").write_bytes(b"never")
    for number in range(5):
        store.blobs.put(b"%d" % number * 100_000)
    backup = store.backups.make("hourly")
    disk.carry()
    there = its_folder(second)
    assert there.name == "dala-0198ab"
    assert blob_names(there) == blob_names(store.folder)
    assert (there / "backups" / backup.path.name).read_bytes() == backup.path.read_bytes()
    assert (there / "keys.json").read_bytes() == b'{"site": "0198-ab/../CD"}'
    assert (there / "settings.toml").exists()
    assert (there / "key.check").exists()
    assert not (there / "unsealed.key").exists()
    assert not (there / "clinic.db").exists()


def test_what_is_there_already_is_not_written_again(
    store: Store, disk: SecondDisk, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.blobs.put(b"first" * 1000)
    store.backups.make("hourly")
    disk.carry()
    carried: list[str] = []

    def noted(source: Path, target: Path) -> None:
        carried.append(source.name)
        carry_file(source, target)

    monkeypatch.setattr(second_disk, "carry_file", noted)
    disk.carry()
    assert carried == []
    store.blobs.put(b"second" * 1000)
    newest = store.backups.make("hourly")
    disk.carry()
    assert len(carried) == 2
    assert carried[-1] == newest.path.name
    assert len(blob_names(its_folder(second))) == 2


def test_a_content_that_was_cut_there_is_carried_again(store: Store, disk: SecondDisk, second: Path) -> None:
    store.blobs.put(b"content" * 1000)
    disk.carry()
    (copy,) = (its_folder(second) / "blobs").glob("??/*")
    whole = copy.read_bytes()
    copy.write_bytes(whole[:100])
    disk.carry()
    assert copy.read_bytes() == whole


def test_a_backup_that_was_cut_there_is_carried_again(store: Store, disk: SecondDisk, second: Path) -> None:
    backup = store.backups.make("hourly")
    disk.carry()
    copy = its_folder(second) / "backups" / backup.path.name
    copy.write_bytes(b"half")
    disk.carry()
    assert copy.read_bytes() == backup.path.read_bytes()


def test_a_disk_that_does_not_keep_what_it_is_given_is_found_out(
    store: Store, disk: SecondDisk, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.backups.make("hourly")

    class Liar:
        def __init__(self, path: Path) -> None:
            self._file = path.open("wb")

        def __enter__(self) -> Liar:
            return self

        def __exit__(self, *_error: object) -> None:
            self._file.close()

        def write(self, data: bytes) -> None:
            self._file.write(bytes(len(data)))

    monkeypatch.setattr(second_disk, "whole_file", Liar)
    (its := second / f"dala-{disk._name()}" / "backups").mkdir(parents=True)
    with pytest.raises(DamagedError, match="does not keep"):
        disk.carry()
    assert list(its.iterdir()) == []


def test_a_disk_that_is_not_connected_is_named_and_not_made(store: Store, tmp_path: Path) -> None:
    disk = SecondDisk(tmp_path / "unplugged", store.folder, store.memory)
    with pytest.raises(NotFoundError, match="unplugged"):
        disk.carry()
    assert not (tmp_path / "unplugged").exists()


def test_a_folder_inside_the_data_or_without_a_full_path_is_refused(store: Store) -> None:
    (store.folder / "copies").mkdir()
    for folder in (store.folder, store.folder / "copies", Path("copies"), Path()):
        with pytest.raises(InvalidInputError, match="another disk"):
            SecondDisk(folder, store.folder, store.memory).carry()


def test_a_full_disk_keeps_what_it_has_and_goes_on_next_time(
    store: Store, disk: SecondDisk, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        store.blobs.put(b"%d" % number * 1000)
    store.backups.make("hourly")
    room = [3]

    def until_full(source: Path, target: Path) -> None:
        if not room[0]:
            raise DiskFullError(Text("The disk is full. Nothing was saved; free some space and try again."))
        room[0] -= 1
        carry_file(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(second_disk, "carry_file", until_full)
        with pytest.raises(DiskFullError):
            disk.carry()
    assert len(blob_names(its_folder(second))) == 3
    disk.carry()
    assert len(blob_names(its_folder(second))) == 6
    assert len(list((its_folder(second) / "backups").glob("*.db"))) == 1


def test_carrying_stops_when_the_program_closes(store: Store, disk: SecondDisk, second: Path) -> None:
    for number in range(6):
        store.blobs.put(b"%d" % number * 1000)
    asked: list[int] = []

    def after_two() -> bool:
        asked.append(1)
        return len(asked) > 2

    disk.carry(after_two)
    assert len(blob_names(its_folder(second))) == 2
    disk.carry()
    assert len(blob_names(its_folder(second))) == 6


def test_two_computers_share_a_disk_and_each_keeps_its_name(store: Store, second: Path, tmp_path: Path) -> None:
    with opened(tmp_path / "other") as other:
        for each in (store, other, store):
            each.backups.make("hourly")
            SecondDisk(second, each.folder, each.memory).carry()
    assert len(list(second.glob("dala-*"))) == 2
    assert sorted(len(list(path.glob("backups/*.db"))) for path in second.glob("dala-*")) == [1, 2]


def test_old_backups_go_from_the_second_disk_as_they_go_from_the_first(
    store: Store, disk: SecondDisk, second: Path
) -> None:
    for _ in range(13):
        store.backups.make("by-hand")
        disk.carry()
    names = {path.name for path in (its_folder(second) / "backups").glob("*.db")}
    assert names == {each.path.name for each in store.backups.all()}
    assert len(names) == 10


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b'{"site": 5}', b'{"site": ""}'])
def test_a_slot_file_that_names_no_site_leaves_the_name_to_the_data(
    store: Store, disk: SecondDisk, second: Path, body: bytes
) -> None:
    (store.folder / "keys.json").write_bytes(body)
    disk.carry()
    name = its_folder(second).name
    assert len(name) == len("dala-") + 12
    disk.carry()
    assert its_folder(second).name == name


def test_a_file_that_is_not_there_is_not_carried(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        carry_file(tmp_path / "none", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_dead_computer_comes_back_from_the_second_disk_with_the_recovery_code(tmp_path: Path, second: Path) -> None:
    dead = tmp_path / "dead"
    dead.mkdir()
    slots = KeySlots(dead)
    key = unlock(dead, FileKeyStorage(tmp_path / "keyring of the dead computer"))
    with opened(dead, key=key) as store:
        code = slots.new_recovery_code(key)
        (known,) = store.records.commit([patient()])
        sha256 = store.blobs.put(b"an image" * 10_000)
        store.backups.make("hourly")
        SecondDisk(second, dead, store.memory).carry()
    shutil.rmtree(dead)
    new = tmp_path / "new"
    new.mkdir()
    there = its_folder(second)
    bring_back(there, new)
    opened_key = KeySlots(new).open_with_recovery_code(code)
    assert opened_key == key
    (backup,) = (there / "backups").glob("*.db")
    restore_backup(new, backup, opened_key, FixedClock())
    with opened(new, key=key) as store:
        assert store.records.get(Patient, known.id) == known
        assert store.blobs.read(sha256) == b"an image" * 10_000
        again = store.backups.make("hourly")
        SecondDisk(second, new, store.memory).carry()
    assert its_folder(second) == there
    assert (there / "backups" / again.path.name).exists()
    assert again.number > 1


def test_what_a_new_computer_has_is_not_replaced_by_what_lies_there(tmp_path: Path) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    for folder in (there, here):
        folder.mkdir()
        (folder / "keys.json").write_text(folder.name, encoding="utf-8")
    (there / "settings.toml").write_text("", encoding="utf-8")
    bring_back(there, here)
    assert (here / "keys.json").read_text(encoding="utf-8") == "here"
    assert (here / "settings.toml").exists()


IMPORTS = """
from clinic_app.storage import Store
from clinic_app.storage.backups.second_disk import SecondDisk
from clinic_app.storage.backups.backups import listed, verified
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import KEY
"""
CARRY = """
store = Store.open(folder / "data", KEY, FixedClock())
SecondDisk(folder / "second", folder / "data", store.memory).carry()
"""
LOOK = """
(there,) = (folder / "second").glob("dala-*") or (folder,)
backups = [each for each in listed(there / "backups") if each.is_verified]
for each in backups:
    verified(each, KEY)
originals = {path.name: path.read_bytes() for path in (folder / "data" / "blobs").glob("??/*")}
blobs = [path for path in (there / "blobs").glob("??/*") if not path.name.endswith(".part")]
assert all(originals[path.name] == path.read_bytes() for path in blobs)
assert not backups or len(blobs) == len(originals)
return len(blobs), len(backups)
"""


def test_a_kill_while_carrying_leaves_only_whole_files_and_contents_come_first(tmp_path: Path) -> None:
    template = tmp_path / "template"
    (template / "second").mkdir(parents=True)
    with opened(template / "data", KEY) as store:
        store.blobs.put(b"one" * 1000)
        store.blobs.put(b"two" * 1000)
        store.backups.make("hourly")
        SecondDisk(template / "second", template / "data", store.memory)._place()
    seen = killed_everywhere(template, tmp_path / "work", IMPORTS, CARRY, LOOK)
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == ("(0, 0)", "(2, 1)")
    assert "(2, 0)" in seen
