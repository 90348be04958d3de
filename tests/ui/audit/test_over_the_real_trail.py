"""The auditor's screen over the encrypted store: what people did is there, whole, and leaves as a table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtWidgets import QAbstractItemView, QApplication, QComboBox, QLineEdit

from clinic_app.registration import PatientForm
from clinic_app.settings import Settings
from clinic_app.workstation import Workstation, build_workstation
from tests.helpers.fake_workstation import PASSWORD, FakeWorkstation
from tests.helpers.windows import Desk
from ui import language, theme
from ui.audit.trail_page import TrailPage
from ui.shell.screens import screens_of
from ui.tasks import TaskRunner

FORM = PatientForm(family="Әлібекқызы", given="Гүлнұр", birth_date="05.03.1964", gender="female")


@pytest.fixture
def station(qapp: QApplication, tmp_path: Path) -> Iterator[Workstation]:
    language.use("en")
    theme.apply(qapp, "light")
    made = build_workstation(Settings(tmp_path, {"key_storage": "file", "reserve_mb": 0, "lock_after_s": 0}))
    made.set_up("Ырғыз АА", "Петров", "it", PASSWORD)
    admin = made.people.sign_in("it", PASSWORD)
    for login, role in (("doctor", "doctor"), ("auditor", "auditor")):
        made.people.add(admin, login, PASSWORD, f"{login} here", role)  # type: ignore[arg-type]
    doctor = made.people.sign_in("doctor", PASSWORD)
    patient = made.registration.register(doctor, FORM)
    made.encounters.record_allergy(doctor, patient.id, "пенициллин")
    yield made
    made.close()
    language.use("kk")


@pytest.fixture
def desk(station: Workstation) -> Iterator[Desk]:
    made = Desk(cast("FakeWorkstation", station), TaskRunner(2))
    made.enter("auditor")
    yield made
    made.close()


def _column(desk: Desk, column: int) -> list[str]:
    model = desk.find("audit.lines", QAbstractItemView).model()
    return [str(model.index(row, column).data()) for row in range(model.rowCount())]


def _choose(desk: Desk, name: str, data: object) -> None:
    box = desk.find(name, QComboBox)
    assert box.findData(data) >= 0
    box.setCurrentIndex(box.findData(data))
    box.activated.emit(box.currentIndex())
    desk.settle()


def test_what_the_doctor_did_is_there_in_words_with_the_patients_name(desk: Desk) -> None:
    done = list(zip(_column(desk, 1), _column(desk, 2), _column(desk, 3), strict=True))
    assert ("doctor here", "Created", "Әлібекқызы Гүлнұр") in done
    assert ("doctor here", "Signed in", "—") in done
    assert "Signed in" in _column(desk, 2)[0] or "Read the trail" in _column(desk, 2)[0]


def test_a_wrong_password_is_found_by_its_outcome(station: Workstation, desk: Desk) -> None:
    desk.click("status.sign_out")
    desk.type("sign_in.login", "doctor")
    desk.type("sign_in.password", "wrong-password")
    desk.click("sign_in.enter")
    desk.enter("auditor")
    _choose(desk, "audit.outcome", "4")
    _choose(desk, "audit.action", "login")
    assert set(_column(desk, 4)) == {"Refused"}
    assert len(_column(desk, 0)) == 1


def test_a_patient_is_found_and_narrows_the_trail(desk: Desk) -> None:
    desk.find("audit.patient", QLineEdit).setText("alibekkyzy")
    desk.find("audit.patient").returnPressed.emit()  # type: ignore[attr-defined]
    desk.settle()
    desk.click("audit.found.0")
    assert set(_column(desk, 3)) == {"Әлібекқызы Гүлнұр"}
    assert "Created" in _column(desk, 2)


def test_the_chain_is_whole_and_the_table_leaves_without_a_formula(desk: Desk, tmp_path: Path) -> None:
    desk.click("audit.check")
    assert "The chain is whole" in desk.words("audit.verdict")
    path = tmp_path / "away.csv"
    desk.window.findChildren(TrailPage)[0]._choose = lambda _parent, _name: path
    desk.click("audit.export")
    rows = path.read_text(encoding="utf-8-sig").splitlines()
    assert len(rows) > 5
    assert not [row for row in rows if row.startswith(("=", "+", "-", "@"))]
    assert str(path) in desk.words("notice.text").replace("\u200b", "")


@pytest.mark.parametrize(
    ("role", "keys"),
    [
        ("auditor", ["audit", "statistics", "settings", "exchange"]),
        ("statistician", ["statistics", "settings"]),
        ("laboratory", ["patients", "chart", "settings", "devices", "exchange"]),
        ("administrator", ["settings", "devices", "image_network", "exchange"]),
    ],
)
def test_each_of_the_new_roles_has_its_screens(role: str, keys: list[str]) -> None:
    assert [screen.key for screen in screens_of(role)] == keys  # type: ignore[arg-type]


def test_the_page_and_its_count_tell_of_the_same_events(desk: Desk) -> None:
    assert desk.words("audit.count").split()[0] == str(len(_column(desk, 0)))


@pytest.mark.parametrize(("spoken", "form"), [("kk", "кк.аа.жжжж"), ("ru", "дд.мм.гггг"), ("en", "dd.mm.yyyy")])
def test_an_empty_day_shows_its_form_and_no_day_that_looks_chosen(desk: Desk, spoken: str, form: str) -> None:
    language.use(spoken)  # type: ignore[arg-type]
    desk.settle()
    assert {desk.find(f"audit.{each}", QLineEdit).placeholderText() for each in ("from", "to")} == {form}
    language.use("en")
