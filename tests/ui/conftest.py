"""What every test of the windows stands on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtWidgets import QApplication

from tests.helpers.fake_workstation import FakeWorkstation, staffed
from tests.helpers.windows import Desk
from ui import language, theme
from ui.tasks import TaskRunner

OpenDesk = Callable[[FakeWorkstation], Desk]


@pytest.fixture
def open_desk(qapp: QApplication) -> Iterator[OpenDesk]:
    """Opens windows in Kazakh and light, and closes them afterwards."""
    language.use("kk")
    theme.apply(qapp, "light")
    desks: list[Desk] = []

    def make(station: FakeWorkstation) -> Desk:
        desks.append(Desk(station, TaskRunner(2)))
        return desks[-1]

    yield make
    for desk in desks:
        desk.close()
    language.use("kk")
    theme.apply(qapp, "light")


@pytest.fixture
def desk(open_desk: OpenDesk) -> Desk:
    """A window at the sign-in screen, with one person of each role."""
    return open_desk(staffed())
