"""Real indexes of discs, as other programs wrote them: their order, what they lack, and what is taken all the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from clinic_app.imaging import Gathering, from_paths
from clinic_app.imaging.intake.dicomdir import listed_names
from clinic_app.imaging.intake.sources import contents_of, file_at

INDEXES = ("DICOMDIR", "DICOMDIR-implicit", "DICOMDIR-nopatient", "DICOMDIR-reordered")


@pytest.mark.parametrize("name", INDEXES)
def test_an_index_names_its_files_whatever_its_packing_and_order(shared_data: Path, name: str) -> None:
    listed = listed_names(file_at(shared_data / "dicom/dicomdir" / name, name))
    assert listed is not None
    assert len(listed) > 1
    assert len(set(listed)) == len(listed)
    assert all(not each.startswith("/") and ".." not in each for each in listed)


def test_the_same_disc_in_another_order_names_the_same_files(shared_data: Path) -> None:
    folder = shared_data / "dicom/dicomdir"
    plain, turned = (listed_names(file_at(folder / name, name)) for name in ("DICOMDIR", "DICOMDIR-reordered"))
    assert plain is not None
    assert turned is not None
    assert set(plain) == set(turned)


@pytest.fixture
def disc(shared_data: Path, tmp_path: Path) -> Path:
    """A copy of the disc with one index, a viewer, and nothing else beside it."""
    folder = tmp_path / "disc"
    shutil.copytree(shared_data / "dicom/dicomdir", folder, ignore=shutil.ignore_patterns("DICOMDIR-*", "TINY_*"))
    (folder / "AUTORUN.INF").write_text("[autorun]\n", encoding="ascii")
    (folder / "VIEWER.EXE").write_bytes(b"MZ" + bytes(300))
    return folder


def test_a_real_disc_is_read_in_the_order_of_its_index_and_its_viewer_is_left(disc: Path) -> None:
    listed = listed_names(file_at(disc / "DICOMDIR", "DICOMDIR"))
    assert listed is not None
    with contents_of([disc]) as contents:
        found = [each.name for each in contents.files]
        there = [name for name in listed if (disc / name).is_file()]
        assert found[: len(there)] == there
        assert {"AUTORUN.INF", "VIEWER.EXE"}.isdisjoint(found)
        assert {each.name for each in contents.refused} == set(listed) - set(there)
        assert contents.left >= 2


def test_every_image_of_it_is_gathered_or_named_with_its_reason(disc: Path) -> None:
    gathering = Gathering(lambda _data: "kept")
    told: list[tuple[int, int]] = []
    from_paths([disc], lambda done, total: told.append((done, total)))(gathering)
    assert told[-1][0] == told[-1][1] == len(gathering.instances) + len(gathering.refused)
    assert all(each.reason.render("ru") for each in gathering.refused)


def test_without_its_index_the_same_images_are_found(disc: Path) -> None:
    def found() -> set[str]:
        gathering = Gathering(lambda _data: "kept")
        from_paths([disc])(gathering)
        return {each.sop_uid for each in gathering.instances}

    with_index = found()
    (disc / "DICOMDIR").unlink()
    assert found() == with_index
