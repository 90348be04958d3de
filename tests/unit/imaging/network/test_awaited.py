"""Images an archive was asked for go to whoever fetches them; all others go on to the inbox."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from clinic_app.foundation.errors import ConflictError, DiskFullError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.network.awaited import Awaited
from clinic_app.imaging.waiting_image import WaitingImage
from tests.helpers.image_desk import Desk, image_desk

ONE, OTHER = "1.2.50", "1.2.51"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder: Path = tmp_path_factory.mktemp("awaited")
    with image_desk(folder) as made:
        yield made


@pytest.fixture
def awaited(desk: Desk) -> Iterator[Awaited]:
    yield Awaited(desk.inbox)
    for waiting in desk.inbox.waiting(desk.nurse):
        desk.inbox.set_aside(desk.nurse, waiting.study.uid)


def image(desk: Desk, study: str, number: int) -> WaitingImage:
    return desk.image(sop_uid=f"{study}.{number}", StudyInstanceUID=study, SeriesInstanceUID=f"{study}.9")


def test_what_nobody_fetches_waits_in_the_inbox(desk: Desk, awaited: Awaited) -> None:
    made = image(desk, ONE, 1)
    assert awaited.take(made)
    assert desk.inbox.count() == 1
    assert awaited.knows(made.sop_uid, made.digest)
    assert not awaited.take(made), "it came before"


def test_what_somebody_fetches_goes_to_him_and_nothing_else_does(desk: Desk, awaited: Awaited) -> None:
    came: list[WaitingImage] = []
    with awaited.expecting(ONE, came.append):
        assert awaited.take(image(desk, ONE, 2))
        assert awaited.take(image(desk, OTHER, 2))
    assert [each.study_uid for each in came] == [ONE]
    assert [each.study.uid for each in desk.inbox.waiting(desk.nurse)] == [OTHER]


def test_an_image_that_was_filed_before_is_fetched_once_more_where_somebody_asks(desk: Desk, awaited: Awaited) -> None:
    made = image(desk, ONE, 3)
    awaited.take(made)
    assert awaited.knows(made.sop_uid, made.digest)
    came: list[WaitingImage] = []
    with awaited.expecting(ONE, came.append):
        assert not awaited.knows(made.sop_uid, made.digest)
        awaited.take(made)
    assert len(came) == 1


def test_when_the_fetching_is_over_the_inbox_takes_what_comes_late(desk: Desk, awaited: Awaited) -> None:
    came: list[WaitingImage] = []
    with awaited.expecting(ONE, came.append):
        pass
    awaited.take(image(desk, ONE, 4))
    assert came == []
    assert desk.inbox.count() == 1


def test_two_people_do_not_fetch_one_study_at_once(awaited: Awaited) -> None:
    with awaited.expecting(ONE, lambda _image: None), ExitStack() as stack:
        with pytest.raises(ConflictError, match="already"):
            stack.enter_context(awaited.expecting(ONE, lambda _image: None))
        stack.enter_context(awaited.expecting(OTHER, lambda _image: None))


def test_a_store_that_takes_nothing_more_is_no_success_for_the_archive(desk: Desk, awaited: Awaited) -> None:
    def full(_image: WaitingImage) -> None:
        raise DiskFullError(Text("The disk is full."))

    with awaited.expecting(ONE, full), pytest.raises(DiskFullError):
        awaited.take(image(desk, ONE, 5))
    with awaited.expecting(ONE, lambda _image: None):
        assert awaited.take(image(desk, ONE, 5)), "a fetching that failed stands in nobody's way"
