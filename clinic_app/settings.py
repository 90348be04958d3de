"""Every setting of a workstation, once: key, type, default and one sentence.

Values lie in ``settings.toml`` in the data folder, where IT can read and distribute them. Secrets do not:
passwords, keys and the hub's token live in the encrypted store. A person's own preferences (language, theme) belong
to the person and lie in the store too.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Generic, TypeVar, cast

from clinic_app.foundation.durable_files import disk_errors, write_atomically
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import LANGUAGES, Text

T = TypeVar("T", str, int)

FILE_NAME: Final = "settings.toml"
DEVICES: Final = "devices"
"""The name of the tables of devices in the file."""
DICOM: Final = "dicom"
"""The name of the table of the image network in the file; inside it the tables of its ``peers``."""
DICOM_PEERS: Final = "dicom.peers"
DICOMWEB: Final = "dicomweb"
"""The name of the tables of DICOMweb servers in the file."""
DeviceTable = Mapping[str, object]
Table = Mapping[str, object]
_MOST_DEVICES: Final = 64
_LARGEST_FILE: Final = 1 << 20
_declared: dict[str, Setting[str] | Setting[int]] = {}


@dataclass(frozen=True)
class Setting(Generic[T]):
    """One setting.

    Args:
        key: its name in the file.
        default: its value where the file is silent; tells the type.
        sentence: what it does, for whoever edits the file.
        choices: the only values allowed, if any.
        least: the smallest number allowed.
        most: the largest number allowed.
        off: a number below `least` that turns it off, if there is one.
    """

    key: str
    default: T
    sentence: str
    choices: tuple[T, ...] = ()
    least: int = 0
    most: int = 2**31
    off: int | None = None

    def checked(self, value: object) -> T:
        """Return ``value`` if this setting can have it.

        Raises:
            InvalidInputError: wrong type, not among the choices, or out of range.
        """
        is_chosen = not self.choices or value in self.choices
        if type(value) is type(self.default) and is_chosen and self._is_in_range(value):
            return value
        raise InvalidInputError(Text("The setting “{key}” cannot be “{value}”.", key=self.key, value=value), self.key)

    def _is_in_range(self, value: object) -> bool:
        return not isinstance(value, int) or value == self.off or self.least <= value <= self.most


def _declare(setting: Setting[T]) -> Setting[T]:
    if setting.key in _declared:
        raise ValueError(f"the setting {setting.key!r} is declared twice")
    _declared[setting.key] = setting
    return setting


KEY_STORAGE: Final = _declare(
    Setting(
        "key_storage",
        "keyring",
        "Where the key of the encrypted data lies: the system's keyring, or (less safe) a file beside the data.",
        choices=("keyring", "file"),
    )
)
LANGUAGE: Final = _declare(
    Setting("language", "kk", "Language of the sign-in window, before anybody has signed in.", choices=LANGUAGES)
)
HUB_URL: Final = _declare(
    Setting(
        "hub_url",
        "",
        "Address of the hub: https://, or http:// on this very computer; empty for a workstation that stands alone.",
    )
)
SYNC_INTERVAL_S: Final = _declare(
    Setting("sync_interval_s", 15, "Seconds between two looks at the hub.", least=1, most=3600)
)
LINK_BUDGETS: Final[Mapping[str, Setting[int]]] = {
    lane: _declare(
        Setting(
            f"link_mb_a_day_{lane}",
            0,
            f"Megabytes a day for {words} on a link that is paid by the megabyte; 0 for no limit.",
            most=1_000_000,
        )
    )
    for lane, words in (
        ("referral", "referrals that are no emergency"),
        ("records", "records"),
        ("images", "key images and recordings"),
        ("bulk", "full studies"),
        ("audit", "the audit trail"),
    )
}
"""By lane; emergencies have no limit."""
MONITOR_HOST: Final = _declare(
    Setting("monitor_host", "127.0.0.1", "Network address on which patient monitors reach this workstation.")
)
MONITOR_PORT: Final = _declare(
    Setting("monitor_port", 0, "TCP port for patient monitors (HL7 v2, MLLP); 0 turns them off.", most=65535)
)
DICOM_AE_TITLE: Final = _declare(
    Setting("dicom.ae_title", "DALA", "Name of this workstation among imaging devices, at most 16 letters and digits.")
)
DICOM_HOST: Final = _declare(
    Setting("dicom.host", "127.0.0.1", "Network address on which imaging devices reach this workstation.")
)
DICOM_PORT: Final = _declare(
    Setting("dicom.port", 0, "TCP port for imaging devices (DICOM), usually 104 or 11112; 0 turns it off.", most=65535)
)
IMAGE_TEXTS: Final = _declare(
    Setting(
        "image_texts",
        "ask",
        "How names are read in images that are wrong about their letters: somebody is asked, or in this encoding.",
        choices=("ask", "cp1251", "cp866", "koi8-r", "iso8859-5", "kz1048", "utf-8"),
    )
)
LOCK_AFTER_S: Final = _declare(
    Setting(
        "lock_after_s",
        300,
        "Seconds without a key, a movement or a touch after which the window locks; 0 leaves it open for ever.",
        most=86400,
    )
)
REFERRAL_ACCESS_DAYS: Final = _declare(
    Setting(
        "referral_access_days",
        90,
        "Days after the end of a referral in which the hospital that was asked may still open the patient's record.",
        least=1,
        most=3650,
    )
)
UPDATES: Final = _declare(
    Setting(
        "updates",
        "hub",
        "Where new versions of the program come from by themselves: the hub, or only a stick.",
        choices=("hub", "stick"),
    )
)
WORKER_THREADS: Final = _declare(Setting("worker_threads", 4, "Background threads of the windows.", least=1, most=16))
BACKUP_FOLDER: Final = _declare(
    Setting("backup_folder", "", "Folder on a second disk that gets a copy of every backup; empty for none.")
)
RESERVE_MB: Final = _declare(
    Setting(
        "reserve_mb",
        64,
        "Megabytes of disk kept free for the day the disk is full, at least 16; 0 for none.",
        least=16,
        most=65536,
        off=0,
    )
)


@dataclass(frozen=True)
class Settings:
    """The settings of one data folder.

    Args:
        folder: the data folder.
        values: what its file says; what it does not say has its default.
        devices: each table ``[[devices]]`` of its file; what they mean is known to the room of the devices.
        dicom_peers: each table ``[[dicom.peers]]``; what they mean is known to the network of the images.
        dicomweb: each table ``[[dicomweb]]``, known there too.
    """

    folder: Path
    values: Mapping[str, str | int] = field(default_factory=dict)
    devices: tuple[DeviceTable, ...] = ()
    dicom_peers: tuple[Table, ...] = ()
    dicomweb: tuple[Table, ...] = ()

    def __getitem__(self, setting: Setting[T]) -> T:
        """Return the value of a declared setting."""
        return setting.checked(self.values.get(setting.key, setting.default))


def settings_from(folder: Path, values: Mapping[str, object]) -> Settings:
    """Return the settings of ``folder`` from what a file says.

    Raises:
        InvalidInputError: an unknown setting, or an impossible value.
    """
    told = _flat(values)
    tables = {key: told.pop(key, ()) for key in (DEVICES, DICOM_PEERS, DICOMWEB)}
    for key, value in told.items():
        if key not in _declared:
            raise InvalidInputError(Text("There is no setting “{key}”.", key=key), key)
        _declared[key].checked(value)
    return Settings(
        folder,
        cast("Mapping[str, str | int]", told),
        _tables(DEVICES, tables[DEVICES]),
        _tables(DICOM_PEERS, tables[DICOM_PEERS], has_lists=True),
        _tables(DICOMWEB, tables[DICOMWEB], has_lists=True),
    )


def _flat(values: Mapping[str, object]) -> dict[str, object]:
    """Return what a file says with the settings inside ``[dicom]`` under their full names."""
    inner = values.get(DICOM)
    if not isinstance(inner, Mapping):
        return dict(values)
    flat = {key: value for key, value in values.items() if key != DICOM}
    return flat | {f"{DICOM}.{key}": value for key, value in inner.items()}


def load_settings(folder: Path) -> Settings:
    """Return the settings of ``folder``; a folder without a file has the defaults.

    Raises:
        InvalidInputError: the file is no TOML, or names an unknown setting or an impossible value.
        StorageError: the disk refused the file.
    """
    path = folder / FILE_NAME
    try:
        with disk_errors(path):
            values = read_toml(path) if path.exists() else {}
    except ValueError as error:
        raise InvalidInputError(Text("The settings file {path} cannot be read.", path=path)) from error
    return settings_from(folder, values)


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file says, also one that Notepad has put its mark in front of.

    Raises:
        ValueError: no UTF-8, no TOML, too large, or nested too deep.
        OSError: the disk refused it.
    """
    with path.open("rb") as file:
        body = file.read(_LARGEST_FILE + 1)
    if len(body) > _LARGEST_FILE:
        raise ValueError(f"{path.name} is larger than {_LARGEST_FILE} bytes")
    try:
        return tomllib.loads(body.decode("utf-8-sig"))
    except RecursionError as error:
        raise ValueError(f"{path.name} is nested too deep") from error


def save_settings(settings: Settings) -> None:
    """Write the settings file whole, each value under its sentence.

    Raises:
        DiskFullError: no room; the old file is still there.
        StorageError: the disk refused it.
    """
    lines = [_line(settings, each, each.key) for each in _declared.values() if "." not in each.key]
    inner = [_line(settings, each, each.key.partition(".")[2]) for each in _declared.values() if "." in each.key]
    if any(inner):
        lines += [f"[{DICOM}]\n", *inner]
    for name, tables in (
        (DEVICES, settings.devices),
        (DICOM_PEERS, settings.dicom_peers),
        (DICOMWEB, settings.dicomweb),
    ):
        for table in tables:
            said = "\n".join(f"{_toml(key)} = {_toml(value)}" for key, value in table.items())
            lines.append(f"[[{name}]]\n{said}\n")
    write_atomically(settings.folder / FILE_NAME, ("\n".join(filter(None, lines)).encode(),))


def _line(settings: Settings, setting: Setting[str] | Setting[int], name: str) -> str:
    """Return a value under its sentence; nothing for one that nobody chose."""
    if setting.key not in settings.values:
        return ""
    return f"# {setting.sentence}\n{name} = {_toml(setting.checked(settings.values[setting.key]))}\n"


def _toml(value: object) -> str:
    """Return a text, a number, yes or no, or a table of these, as TOML writes it in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_toml(key)} = {_toml(each)}" for key, each in value.items()) + "}"
    said = json.dumps(value, ensure_ascii=False)
    return said.replace("\x7f", "\\u007f")  # JSON may hold it as it is, TOML may not


def _tables(name: str, told: object, *, has_lists: bool = False) -> tuple[Table, ...]:
    """Return the tables of one name, if they are tables of plain values.

    Args:
        name: theirs.
        told: what stands there.
        has_lists: a value may be a list of texts.

    Raises:
        InvalidInputError: they are not.
    """
    tables = told if isinstance(told, list | tuple) else [told]
    fits = all(isinstance(each, Mapping) and _is_plain(each, has_lists=has_lists) for each in tables)
    if len(tables) > _MOST_DEVICES or not fits:
        raise InvalidInputError(Text("The setting “{key}” cannot be “{value}”.", key=name, value="…"), name)
    return tuple(tables)


def _is_plain(table: Mapping[object, object], *, has_lists: bool = False) -> bool:
    """Return whether a table holds only texts, whole numbers, yes and no, and tables of these."""
    if has_lists:
        table = {key: value for key, value in table.items() if not _is_list_of_texts(value)}
    inner = [value for value in table.values() if isinstance(value, Mapping)]
    plain = [value for value in table.values() if not isinstance(value, Mapping)]
    return all(isinstance(value, str | int) for value in plain) and all(
        isinstance(value, str | int) for each in inner for value in each.values()
    )


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)
