"""The rooms' code is read in the windows' own thread, a piece at a time, and only once."""

from __future__ import annotations

import importlib
import pkgutil
import threading
from types import ModuleType

import pytest
import shiboken6
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

import ui
from tests.helpers.waiting import wait_until
from ui.shell import warm_up as module
from ui.shell.warm_up import ROOMS, parts, warm_up


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, threading.Thread]]:
    """What is read, and in which thread; two modules wait to be."""
    read: list[tuple[str, threading.Thread]] = []

    def read_module(name: str) -> ModuleType:
        read.append((name, threading.current_thread()))
        if name == "no.such.room":
            raise ImportError(name)
        return ModuleType(name)

    monkeypatch.setattr(module, "parts", lambda: iter(("json", "no.such.room", "another.room")))
    monkeypatch.setattr(module.importlib, "import_module", read_module)
    monkeypatch.setattr(module.gc, "freeze", lambda: None)
    return read


def test_only_the_windows_own_thread_reads_and_only_what_was_not_read(
    qapp: object, reads: list[tuple[str, threading.Thread]]
) -> None:
    owner, ended = QObject(), []
    warm_up(owner, lambda: ended.append(True))
    assert [name for name, _ in reads] == ["no.such.room"], "one module at a turn"

    wait_until(lambda: ended, what="the end")

    assert reads == [(name, threading.main_thread()) for name in ("no.such.room", "another.room")]
    assert ended == [True]


def test_nothing_more_is_read_once_the_window_is_gone(qapp: object, reads: list[tuple[str, threading.Thread]]) -> None:
    owner, ended = QObject(), []
    warm_up(owner, lambda: ended.append(True))
    shiboken6.delete(owner)
    QApplication.processEvents()

    assert (len(reads), ended) == (1, [])


def test_every_part_of_every_room_can_be_read_and_screens_come_last(qapp: object) -> None:
    names = list(parts())

    assert {".".join(name.split(".")[:2]) for name in names} == set(ROOMS)
    assert "ui.imaging.viewing.cine_bar" in names, "a room within a room is read too"
    for room in ROOMS:
        own = [name for name in names if name.startswith(f"{room}.")]
        screens = [name.endswith("_screen") for name in own]
        assert screens == sorted(screens)
    assert all(importlib.import_module(name) for name in names)


def test_what_is_made_of_many_others_is_read_after_them(qapp: object) -> None:
    """At one turn of the event loop there is one module to be read, not twenty that it brings."""
    names = list(parts())

    def place(name: str) -> int:
        return names.index(f"ui.{name}")

    assert place("widgets.image_glass") < place("widgets.image_series") < place("widgets.image_canvas")
    assert place("imaging.tool_bar") < place("imaging.viewer") < place("imaging.panes") < place("imaging.light_box")
    assert place("imaging.panes") < place("imaging.viewing.linking") < place("imaging.measuring.marks_desk")
    assert place("imaging.light_box") < place("imaging.files_window") < place("imaging.imaging_screen")


def test_no_room_with_a_screen_is_forgotten() -> None:
    """What is not read ahead is read when its screen is made, and holds the window for that long."""
    found = {each.name for each in pkgutil.iter_modules(ui.__path__, "ui.") if each.ispkg}
    assert found - {"ui.shell"} <= set(ROOMS)
