"""One release lies ready at most, verified, whole, newer than what runs; whatever else comes changes nothing."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from clinic_app.foundation.errors import DiskFullError, UnreadableFileError
from clinic_app.updates import shelf as shelf_module
from clinic_app.updates.installed import Installed
from clinic_app.updates.shelf import Shelf
from clinic_app.updates.sources import METADATA, FolderSource, opened_source
from clinic_app.updates.verifying import Verifier
from tests.helpers.releases import Maker


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    (tmp_path / "maker").mkdir()
    made = Maker(tmp_path / "maker")
    made.publish("1.2.0")
    return made


@pytest.fixture
def shelf(maker: Maker, tmp_path: Path) -> Shelf:
    return shelf_at(maker, tmp_path)


def shelf_at(maker: Maker, data: Path, version: str = "1.0.0", refused: tuple[str, ...] = ()) -> Shelf:
    installed = Installed(data / "program", "setup", maker.root, data / "system")
    return Shelf(data, installed, version, lambda: refused)


def said(maker: Maker) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (maker.place / METADATA).iterdir()}


def fetch(shelf: Shelf, maker: Maker, piece: int = 5) -> None:
    wanted = shelf.hear(said(maker))
    assert wanted is not None
    with FolderSource(maker.place).opened(f"targets/{wanted.stored_as}") as file:
        file.seek(shelf.came(wanted))
        while body := file.read(piece):
            shelf.take_piece(wanted, body)
    shelf.complete(wanted)


def ready(shelf: Shelf) -> str:
    found = shelf.offer().ready
    return found.version if found is not None else ""


def test_a_release_of_the_hub_lies_ready_when_it_is_whole(shelf: Shelf, maker: Maker, tmp_path: Path) -> None:
    assert shelf.offer().ready is None
    fetch(shelf, maker)
    assert (ready(shelf), shelf.offer().wanted) == ("1.2.0", None)
    with opened_source(tmp_path / "updates" / "ready") as source:  # whoever comes next can verify it again
        assert [each.version for each in Verifier(tmp_path / "next", maker.root).releases(source)] == ["1.2.0"]
    assert shelf.hear(said(maker)) is None


def test_a_release_on_its_way_goes_on_where_it_stood(shelf: Shelf, maker: Maker, tmp_path: Path) -> None:
    wanted = shelf.hear(said(maker))
    assert wanted is not None
    assert shelf.take_piece(wanted, b"Setup ") == shelf.came(wanted) == 6
    offer = shelf_at(maker, tmp_path).offer()  # after a restart
    assert (offer.wanted, offer.came) == (wanted, 6)
    fetch(shelf, maker)
    assert ready(shelf) == "1.2.0"


@pytest.mark.parametrize("stick", [False, True])
def test_what_lies_ready_and_was_changed_comes_anew(
    shelf: Shelf, maker: Maker, tmp_path: Path, caplog: pytest.LogCaptureFixture, stick: bool
) -> None:
    """Of the same length: the task refuses it every night, and nobody would know."""
    fetch(shelf, maker)
    (file,) = (tmp_path / "updates" / "ready" / "targets").iterdir()
    body = file.read_bytes()
    file.write_bytes(body[:-1] + b"!")
    later = shelf_at(maker, tmp_path)
    if stick:
        assert later.take(FolderSource(maker.place)) is not None
    else:
        wanted = later.hear(said(maker))
        assert wanted is not None
        assert ready(later) == ""
        fetch(later, maker)
    assert "was changed" in caplog.text
    assert ready(later) == "1.2.0"
    assert file.read_bytes() == body


def test_what_lies_ready_is_read_through_once(shelf: Shelf, maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch(shelf, maker)
    assert shelf.hear(said(maker)) is None

    def twice(*_words: object) -> None:
        raise AssertionError("sixty megabytes are read again")

    monkeypatch.setattr(shelf_module.hashlib, "file_digest", twice)
    assert shelf.hear(said(maker)) is None


def test_a_stick_that_is_pulled_out_is_not_the_fault_of_the_disk(shelf: Shelf, maker: Maker, tmp_path: Path) -> None:
    class Pulled(FolderSource):
        @contextmanager
        def opened(self, inner: str) -> Iterator[BinaryIO]:
            with super().opened(inner) as file:
                yield cast("BinaryIO", _PulledOut(file.read(3))) if inner.startswith("targets/") else file

    with pytest.raises(UnreadableFileError, match="cannot be read"):
        shelf.take(Pulled(maker.place))
    assert ready(shelf) == ""
    assert [path for path in (tmp_path / "updates").rglob("*") if path.is_file() and "part" in path.parts] == []
    assert shelf.take(FolderSource(maker.place)) is not None


class _PulledOut(io.BytesIO):
    """A file of which the beginning can be read."""

    def read(self, size: int | None = -1, /) -> bytes:
        body = super().read(size)
        if not body:
            raise OSError(5, "Input/output error")
        return body


def test_a_wrong_file_is_thrown_away_and_begins_anew(shelf: Shelf, maker: Maker) -> None:
    wanted = shelf.hear(said(maker))
    assert wanted is not None
    shelf.take_piece(wanted, b"setup of 1.2.0")
    with pytest.raises(UnreadableFileError, match="not the one that was signed"):
        shelf.complete(wanted)
    assert shelf.came(wanted) == 0
    fetch(shelf, maker)


def test_a_newer_release_takes_the_place_of_the_one_that_waits(shelf: Shelf, maker: Maker, tmp_path: Path) -> None:
    fetch(shelf, maker)
    maker.publish("1.3.0")
    wanted = shelf.hear(said(maker))
    assert wanted is not None
    shelf.take_piece(wanted, b"Setup")
    assert (ready(shelf), shelf.offer().wanted) == ("1.2.0", wanted)
    fetch(shelf, maker)
    assert ready(shelf) == "1.3.0"
    assert len(list((tmp_path / "updates").rglob("*.exe"))) == 1


def test_what_was_on_its_way_gives_place_to_what_is_newer(shelf: Shelf, maker: Maker, tmp_path: Path) -> None:
    wanted = shelf.hear(said(maker))
    assert wanted is not None
    shelf.take_piece(wanted, b"Setup")
    maker.publish("1.3.0")
    newer = shelf.hear(said(maker))
    assert newer is not None
    shelf.take_piece(newer, b"Setup")
    assert len(list((tmp_path / "updates" / "part").iterdir())) == 1


def test_what_is_not_newer_is_not_fetched(maker: Maker, tmp_path: Path) -> None:
    for version in ("1.2.0", "1.10.0"):
        assert shelf_at(maker, tmp_path / version, version).hear(said(maker)) is None


def test_what_did_not_work_here_is_neither_fetched_nor_ready(maker: Maker, tmp_path: Path, shelf: Shelf) -> None:
    fetch(shelf, maker)
    tried = shelf_at(maker, tmp_path, refused=("1.2.0",))
    assert tried.hear(said(maker)) is None
    assert tried.offer().ready is None


def test_once_it_runs_it_is_no_longer_offered(maker: Maker, tmp_path: Path, shelf: Shelf) -> None:
    fetch(shelf, maker)
    assert shelf_at(maker, tmp_path, "1.2.0").offer().ready is None


def test_a_word_that_is_not_believed_changes_nothing_and_is_told(shelf: Shelf, maker: Maker, tmp_path: Path) -> None:
    fetch(shelf, maker)
    (tmp_path / "stranger").mkdir()
    stranger = Maker(tmp_path / "stranger")
    stranger.publish("9.0.0")
    with pytest.raises(UnreadableFileError, match="not signed by"):
        shelf.hear(said(stranger))
    assert ready(shelf) == "1.2.0"
    problem = shelf.offer().problem
    assert problem is not None
    shelf.hear(said(maker))
    assert shelf.offer().problem is None


@pytest.mark.parametrize("name", ["../../evil", "a/b", "", "metadata\\x", "x" * 300])
def test_a_hub_names_no_file_of_ours(shelf: Shelf, maker: Maker, tmp_path: Path, name: str) -> None:
    with pytest.raises(UnreadableFileError):
        shelf.hear({**said(maker), name: b"x"})
    assert not list(tmp_path.rglob("evil"))
    assert not (tmp_path / "updates" / "heard").exists()


def test_a_word_of_endless_length_is_not_kept(shelf: Shelf) -> None:
    for word in ({"a": bytes(3 << 20)}, {str(index): b"" for index in range(100)}, {}):
        with pytest.raises(UnreadableFileError):
            shelf.hear(word)


def test_a_stick_brings_a_release_at_once(shelf: Shelf, maker: Maker) -> None:
    told: list[tuple[int, int]] = []
    with opened_source(maker.packed()) as source:
        taken = shelf.take(source, lambda came, size: told.append((came, size)))
    assert taken is not None
    assert (ready(shelf), told) == ("1.2.0", [(taken.size, taken.size)])
    with opened_source(maker.place) as source:
        assert shelf.take(source) == taken  # it lies ready already


def test_a_stick_with_nothing_newer_brings_nothing(maker: Maker, tmp_path: Path) -> None:
    with opened_source(maker.place) as source:
        assert shelf_at(maker, tmp_path, "2.0.0").take(source) is None


def test_a_damaged_stick_leaves_what_lies_ready(shelf: Shelf, maker: Maker) -> None:
    fetch(shelf, maker)
    maker.publish("1.3.0")
    for path in (maker.place / "targets").glob("*1.3.0*"):
        path.write_bytes(b"damaged")
    with opened_source(maker.place) as source, pytest.raises(UnreadableFileError):
        shelf.take(source)
    assert ready(shelf) == "1.2.0"


def test_a_full_disk_takes_no_release(shelf: Shelf, maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf_module, "SPARE_BYTES", 1 << 60)
    wanted = shelf.hear(said(maker))
    assert wanted is not None
    with pytest.raises(DiskFullError, match="too little room"):
        shelf.take_piece(wanted, b"x")
    with opened_source(maker.place) as source, pytest.raises(DiskFullError):
        shelf.take(source)
    assert shelf.came(wanted) == 0


def test_a_release_cut_short_on_the_disk_is_not_ready(shelf: Shelf, maker: Maker, tmp_path: Path) -> None:
    fetch(shelf, maker)
    (path,) = (tmp_path / "updates" / "ready").rglob("*.exe")
    path.write_bytes(b"Setup")
    assert shelf.offer().ready is None
    fetch(shelf, maker)
    assert ready(shelf) == "1.2.0"
