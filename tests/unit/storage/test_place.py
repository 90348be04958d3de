"""Where data may lie: local disks yes; shares, mapped drives and synchronised folders no, by what each system says."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from clinic_app.foundation.errors import StorageError
from clinic_app.storage import Store, one_instance
from clinic_app.storage.folder import place, place_posix, place_windows
from clinic_app.storage.folder.place import check_place, synchronising
from clinic_app.storage.folder.place_posix import is_network, kind_of
from clinic_app.storage.folder.place_windows import DRIVE_REMOTE, one_drive_roots, remote_drive
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import KEY

MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:21 / /proc rw - proc proc rw
30 22 0:40 / /home rw - overlay overlay rw
31 30 0:41 / /home/clinic/net\\040drive rw - nfs4 server:/export rw
32 22 0:42 / /mnt/share rw - cifs //server/share rw
33 22 0:43 / /mnt/phone rw - fuse.sshfs phone: rw
34 22 0:44 / /mnt/usb rw - fuseblk /dev/sdb1 rw
35 22 0:45 / /mnt/host rw - 9p host rw
36 22 0:46 / /mnt/twice rw - nfs server:/a rw
37 22 0:47 / /mnt/twice rw - tmpfs tmpfs rw
38 22 0:48 / /mnt/vm rw - virtiofs share rw
a line nobody understands
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/", "ext4"),
        ("/var/lib/dala", "ext4"),
        ("/home/clinic/data", "overlay"),
        ("/home/clinic/net drive", "nfs4"),
        ("/home/clinic/net drive/a/b", "nfs4"),
        ("/home/clinic/net drive 2", "overlay"),
        ("/mnt/share/x", "cifs"),
        ("/mnt/phone", "fuse.sshfs"),
        ("/mnt/usb/dala", "fuseblk"),
        ("/mnt/host", "9p"),
        ("/mnt/twice/x", "tmpfs"),
        ("/mnt/vm", "virtiofs"),
    ],
)
def test_the_deepest_and_last_mount_above_a_folder_tells_its_kind(folder: str, kind: str) -> None:
    assert kind_of(Path(folder), MOUNTS) == kind


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "fuse.rclone", "ceph"])
def test_file_systems_behind_a_network_are_known(kind: str) -> None:
    assert is_network(kind)


@pytest.mark.parametrize(
    "kind", ["ext4", "xfs", "btrfs", "zfs", "overlay", "tmpfs", "fuseblk", "virtiofs", "vfat", "fuse.ntfs-3g", ""]
)
def test_disks_of_this_computer_are_taken(kind: str) -> None:
    assert not is_network(kind)


def test_a_list_of_mounts_that_cannot_be_read_refuses_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(place_posix, "MOUNTS", tmp_path / "not there")
    assert place_posix.network_drive(tmp_path) == ""
    check_place(tmp_path)


def _types(root: str) -> int:
    return {"Z:\\": DRIVE_REMOTE, "C:\\": 3, "E:\\": 2}[root]


@pytest.mark.parametrize(
    ("folder", "drive"),
    [
        ("\\\\server\\share\\dala", "\\\\server\\share"),
        ("\\\\?\\UNC\\server\\share\\dala", "\\\\server\\share"),
        ("Z:\\dala", "Z:"),
        ("\\\\?\\Z:\\dala", "Z:"),
        ("C:\\ProgramData\\Dala", ""),
        ("\\\\?\\C:\\ProgramData\\Dala", ""),
        ("E:\\dala", ""),
    ],
)
def test_shares_and_mapped_drives_of_windows_are_told_from_local_disks(folder: str, drive: str) -> None:
    assert remote_drive(PureWindowsPath(folder), _types) == drive


def test_one_drive_says_in_the_environment_what_it_synchronises(tmp_path: Path) -> None:
    roots = one_drive_roots({"OneDrive": str(tmp_path / "od"), "OneDriveCommercial": "", "PATH": "x"})
    assert roots == (tmp_path / "od",)
    assert synchronising(tmp_path / "od" / "Documents" / "Dala", roots) == "od"
    assert synchronising(tmp_path / "other", roots) == ""


@pytest.mark.parametrize(
    ("folder", "cloud"),
    [
        ("C:\\Users\\a\\OneDrive - District Hospital\\Dala", "OneDrive - District Hospital"),
        ("C:\\Users\\a\\OneDrive", "OneDrive"),
        ("D:\\Dropbox\\clinic", "Dropbox"),
        ("D:\\Яндекс.Диск\\Dala", "Яндекс.Диск"),
        ("D:\\YandexDisk\\Dala", "YandexDisk"),
        ("G:\\Google Drive\\x", "Google Drive"),
        ("C:\\ProgramData\\Dala", ""),
        ("C:\\Users\\Dala\\AppData\\Local", ""),
    ],
)
def test_folders_that_clouds_watch_are_known_by_their_names(folder: str, cloud: str) -> None:
    assert synchronising(PureWindowsPath(folder)) == cloud


def test_a_posix_path_is_asked_the_same() -> None:
    assert synchronising(PurePosixPath("/home/a/dropbox/clinic")) == "dropbox"
    assert synchronising(PurePosixPath("/var/lib/dala")) == ""


def test_a_synchronised_folder_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "Dropbox" / "dala"
    with pytest.raises(StorageError, match="synchronised by Dropbox"):
        check_place(folder)
    with pytest.raises(StorageError, match="synchronised"):
        Store.open(folder, KEY, FixedClock())
    with pytest.raises(StorageError, match="synchronised"), one_instance(folder):
        pass
    assert not folder.exists()


def test_a_link_into_a_synchronised_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "OneDrive").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "OneDrive", target_is_directory=True)
    with pytest.raises(StorageError, match="OneDrive"):
        check_place(tmp_path / "data")


def test_a_network_drive_is_refused_with_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = tmp_path / "mountinfo"
    listed.write_text(f"{MOUNTS}40 22 0:50 / {tmp_path}/net rw - nfs4 server:/a rw\n", encoding="utf-8")
    monkeypatch.setattr(place_posix, "MOUNTS", listed)
    check_place(tmp_path / "local")
    with pytest.raises(StorageError, match=r"network drive \(nfs4\)"):
        Store.open(tmp_path / "net" / "dala", KEY, FixedClock())
    assert not (tmp_path / "net").exists()


def test_this_computers_own_disk_is_taken(tmp_path: Path) -> None:
    check_place(tmp_path / "not there yet")
    assert place.platform().synchronised_roots() == ()


@pytest.mark.parametrize("module", [place_posix, place_windows])
def test_an_allocated_file_has_its_size(module: place.Platform, tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        module.allocate(file, 3 << 20)
    assert (tmp_path / "file").stat().st_size == 3 << 20


def test_an_allocated_file_has_really_taken_its_room(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        place_posix.allocate(file, 3 << 20)
    assert (tmp_path / "file").stat().st_blocks * 512 >= 3 << 20


def test_a_system_without_allocation_writes_the_room_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "posix_fallocate")
    with (tmp_path / "file").open("wb") as file:
        place_posix.allocate(file, 2 << 20)
    assert (tmp_path / "file").stat().st_size == 2 << 20
