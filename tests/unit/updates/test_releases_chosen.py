"""What counts as a release, which is the newest, and what is said of it."""

from __future__ import annotations

import pytest

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.updates.release import LARGEST_RELEASE, Release, newest, numbers_of, release_of

DIGEST = "ab" * 32


def of(version: str, suffix: str = "exe") -> Release:
    return release_of(f"Dala-{version}-x64.{suffix}", DIGEST, 10, None)


def test_a_release_is_known_by_its_name() -> None:
    assert (of("1.2.0").kind, of("1.2.0", "msi").kind) == ("setup", "msi")
    assert of("1.2.0").stored_as == f"{DIGEST}.Dala-1.2.0-x64.exe"


@pytest.mark.parametrize(
    "name", ["Dala-1.2-x64.exe", "Dala-1.2.0-x64.bat",
             "../Dala-1.2.0-x64.exe", "Dala-01.2.0-x64.exe", "x", "Dala-1.2.0-x86.exe",
             "Dala-1.2.0-x64.exe\n", "Dala-١.2.0-x64.exe"],
)  # fmt: skip
def test_what_has_another_name_is_no_release(name: str) -> None:
    with pytest.raises(UnreadableFileError):
        release_of(name, DIGEST, 10, None)


@pytest.mark.parametrize(("digest", "size"), [("", 10), ("AB" * 32, 10), (DIGEST, 0), (DIGEST, LARGEST_RELEASE + 1)])
def test_what_cannot_be_checked_or_kept_is_no_release(digest: str, size: int) -> None:
    with pytest.raises(UnreadableFileError):
        release_of("Dala-1.2.0-x64.exe", digest, size, None)


def test_versions_are_compared_as_numbers() -> None:
    assert numbers_of("1.10.0") > numbers_of("1.9.99999")
    for strange in ("1.2", "1.2.3.4", "v1.2.3", "1.2.-3", "", "1.2.3 "):
        with pytest.raises(UnreadableFileError):
            numbers_of(strange)


def test_the_newest_release_of_the_right_kind_is_chosen() -> None:
    there = [of("1.2.0"), of("1.10.0"), of("1.9.0"), of("2.0.0", "msi")]
    assert newest(there, "setup", "1.1.0") == of("1.10.0")
    assert newest(there, "msi", "1.1.0") == of("2.0.0", "msi")


def test_nothing_older_and_nothing_that_failed_here_is_chosen() -> None:
    there = [of("1.2.0"), of("1.3.0")]
    assert newest(there, "setup", "1.3.0") is None
    assert newest(there, "setup", "2.0.0") is None
    assert newest(there, "setup", "1.1.0", refused=["1.3.0"]) == of("1.2.0")
    assert newest([], "setup", "1.0.0") is None


def test_what_is_new_is_said_in_the_nearest_language() -> None:
    told = release_of("Dala-1.2.0-x64.exe", DIGEST, 10, {"ru": "Новое", "en": "New", "kk": "", "x": 5})
    assert told.news_in("ru") == told.news_in("kk") == "Новое"
    assert told.news_in("en") == "New"
    assert of("1.2.0").news_in("kk") == ""


def test_endless_news_are_cut() -> None:
    assert len(release_of("Dala-1.2.0-x64.exe", DIGEST, 10, {"en": "x" * 99_999}).news_in("en")) == 4000
