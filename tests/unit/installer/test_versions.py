"""Version numbers as Windows compares them."""

from __future__ import annotations

import pytest

from installer.versions import Version


def test_a_version_is_written_in_every_form_a_tool_wants() -> None:
    version = Version.read("1.20.300")
    assert (str(version), version.of_file, version.of_resource) == ("1.20.300", "1.20.300.0", "1,20,300,0")


def test_versions_are_ordered_by_number_and_not_by_letter() -> None:
    assert sorted(map(Version.read, ("1.10.0", "1.9.9", "0.200.0"))) == [
        Version(0, 200, 0),
        Version(1, 9, 9),
        Version(1, 10, 0),
    ]


@pytest.mark.parametrize(
    "words", ["", "1", "1.2", "1.2.3.4", "v1.2.3", "1.2.3-rc1", "01.2.3", "1.-2.3", "1.2.3\n", "１.2.3"]
)
def test_what_is_no_version_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match="no version"):
        Version.read(words)


@pytest.mark.parametrize("words", ["256.0.0", "0.256.0", "0.0.65536"])
def test_what_windows_installer_cannot_compare_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match="too large"):
        Version.read(words)


def test_the_largest_version_is_taken() -> None:
    assert str(Version.read("255.255.65535")) == "255.255.65535"
