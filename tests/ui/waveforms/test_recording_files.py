"""Import and export beside the recordings: nothing is filed before a person says so, and any wait can be left."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace as replace_fields
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLabel, QPushButton, QWidget

from clinic_app.access import Role, Session, Trail
from clinic_app.documents import FoundRecording, RecordingFiles
from clinic_app.documents.recording_files import Whose
from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Language, Text
from clinic_app.records import Attachment, DocumentReference, DocumentReferenceContent, HumanName, Identifier, Patient
from clinic_app.terminology.systems import IIN
from clinic_app.waveforms import PatientText, Recordings
from clinic_app.waveforms.formats import Watch, write
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.recordings import recording
from tests.helpers.stores import opened, patient, session_of, set_up
from tests.helpers.waiting import wait_until
from ui import language
from ui.shell.patient_in_hand import PatientInHand
from ui.tasks import TaskRunner
from ui.waveforms.files_panel import FilesPanel
from ui.waveforms.view_model_files import FilesModel

ONE = Patient(
    id="p1",
    identifier=(Identifier(system=IIN, value="850101300124"),),
    name=(HumanName(family="Үлгібаев", given=("Ерлан",)),),
    birth_date="1985-01-01",
    gender="male",
)
OTHER = Patient(id="p2", name=(HumanName(family="Петров"),))
CONTENT = DocumentReferenceContent(attachment=Attachment(content_type="application/dicom"))
DOCUMENT = DocumentReference(id="d1", status="current", date=NOON, content=(CONTENT,))
SOURCE = Path("foreign.edf")


class FakeFiles:
    """Finds one recording in any file; waits while it is told to."""

    def __init__(self) -> None:
        self.whose: Whose = "same"
        self.differs: tuple[str, ...] = ()
        self.is_damaged = False
        self.gate = threading.Event()
        self.gate.set()
        self.taken: list[str] = []
        self.written: list[tuple[str, str, bool, Language]] = []

    def look(self, session: Session, patient_id: str, path: Path, watch: Watch) -> FoundRecording:
        if self.is_damaged:
            raise UnreadableFileError(Text("This file holds no signal that can be read."))
        while not self.gate.wait(0.005):
            watch(1, 2)
        said = PatientText("640305300123", "Akhmetova Aigul", "1964-03-05")
        return FoundRecording(path, recording(patient_text=said), ONE, self.whose, self.differs)

    def take(self, session: Session, patient_id: str, found: FoundRecording) -> DocumentReference:
        self.taken.append(patient_id)
        return DOCUMENT

    def export(
        self,
        session: Session,
        document: DocumentReference,
        path: Path,
        code: str,
        language: Language,
        *,
        is_anonymous: bool = False,
        watch: Watch,
    ) -> tuple[Path, ...]:
        self.written.append((path.name, code, is_anonymous, language))
        return (path,)


class Room:
    """The panel with what it stands on."""

    def __init__(self, role: Role = "nurse") -> None:
        self.files = FakeFiles()
        self.runner = TaskRunner(1)
        self.hand = PatientInHand()
        self.hand.take(ONE)
        self.model = FilesModel(self.files, self.runner, Session("n", "N", "n", role, "org", "H"), self.hand)
        self.panel = FilesPanel(self.model)
        self.notices: list[tuple[str, str]] = []
        self.filed: list[bool] = []
        self.panel.noticed.connect(lambda words, tone: self.notices.append((words, tone)))
        self.panel.taken.connect(lambda: self.filed.append(True))
        self.panel.ask_source = lambda: SOURCE
        self.asked: list[str] = []
        self.panel.ask_target = self._target
        self.panel.buttons.show()

    def _target(self, name: str) -> Path | None:
        self.asked.append(name)
        return Path("out") / name

    def button(self, name: str) -> QPushButton:
        found = self.panel.findChild(QPushButton, name) or self.panel.buttons.findChild(QPushButton, name)
        assert isinstance(found, QPushButton), name
        return found

    def words(self, name: str) -> str:
        found = self.panel.findChild(QLabel, name)
        assert isinstance(found, QLabel)
        return found.text()

    def settle(self) -> None:
        wait_until(lambda: self.model.doing is None, what="the work to end")

    def look(self) -> None:
        self.button("recordings.import").click()
        self.settle()

    def close(self) -> None:
        self.files.gate.set()
        self.runner.close()
        for widget in (self.panel, self.panel.buttons):
            widget.close()
            widget.deleteLater()


@pytest.fixture
def room(qapp: QApplication) -> Iterator[Room]:
    language.use("en")
    made = Room()
    yield made
    made.close()


# --- in ---


def test_a_file_is_read_and_the_question_shows_both_and_files_nothing(room: Room) -> None:
    room.look()
    assert not room.panel.isHidden()
    assert "this patient's number" in room.words("recordings.confirm.title")
    words = room.words("recordings.confirm.text")
    assert "Akhmetova Aigul, 05.03.1964, 640305300123" in words
    assert "Үлгібаев" in words
    assert "850101300124" in words
    assert not room.files.taken


@pytest.mark.parametrize(
    ("whose", "differs", "said"),
    [
        ("other", (), "another patient's number"),
        ("unsaid", (), "no number of a patient"),
        ("same", ("name", "birth_date"), "the name is not"),
        ("unsaid", ("name",), "another name and no number"),
        ("same", ("birth_date",), "date of birth is not"),
        ("same", ("sex",), "the sex is not"),
    ],
)
def test_what_does_not_fit_is_said_above(room: Room, whose: Whose, differs: tuple[str, ...], said: str) -> None:
    room.files.whose, room.files.differs = whose, differs
    room.look()
    assert said in room.words("recordings.confirm.title")
    assert not room.files.taken


def test_confirmed_it_is_filed_once_and_the_list_is_told(room: Room) -> None:
    room.look()
    room.button("recordings.confirm").click()
    room.settle()
    assert room.files.taken == ["p1"]
    assert room.filed == [True]
    assert room.notices[-1][1] == "ok"
    assert room.panel.isHidden()


def test_enter_does_not_confirm_and_the_cursor_stands_on_no(room: Room) -> None:
    room.panel.show()
    room.look()
    confirm = room.button("recordings.confirm")
    QTest.keyClick(confirm, Qt.Key.Key_Return)
    assert room.model.question is not None
    QTest.keyClick(room.button("recordings.confirm.cancel"), Qt.Key.Key_Return)
    assert room.model.question is None
    assert not room.files.taken


def test_another_patient_takes_the_question_away(room: Room) -> None:
    room.look()
    room.hand.take(OTHER)
    assert room.model.question is None
    assert room.panel.isHidden()
    room.model.confirm()
    assert not room.files.taken


def test_a_file_that_was_read_for_the_one_before_is_dropped(room: Room) -> None:
    room.files.gate.clear()
    room.button("recordings.import").click()
    room.hand.take(OTHER)
    room.files.gate.set()
    room.settle()
    assert room.model.question is None


def test_a_wait_says_for_what_and_can_be_left_without_a_word(room: Room) -> None:
    room.files.gate.clear()
    room.button("recordings.import").click()
    assert not room.panel.isHidden()
    assert not room.button("recordings.import").isEnabled()
    room.button("recordings.progress.cancel").click()
    room.settle()
    assert not room.notices
    assert room.panel.isHidden()
    assert room.button("recordings.import").isEnabled()


def test_a_damaged_file_is_refused_in_words(room: Room) -> None:
    room.files.is_damaged = True
    room.look()
    assert room.notices == [("This file holds no signal that can be read.", "warn")]


def test_nothing_is_asked_where_no_file_was_chosen(room: Room) -> None:
    room.panel.ask_source = lambda: None
    room.button("recordings.import").click()
    assert room.model.doing is None


# --- with the real service, over real files ---


@pytest.fixture
def real(tmp_path: Path, room: Room) -> Iterator[tuple[Room, Recordings, Session, Patient]]:
    """The panel over the real service and store, somebody in hand."""
    with opened(tmp_path / "data") as store:
        set_up(store, "nurse")
        known = replace_fields(patient("Ахметова", iin="640305400123"), birth_date="1964-03-05", gender="female")
        (saved,) = store.records.commit((known,))
        assert isinstance(saved, Patient)
        session, trail = session_of(store, "nurse"), Trail(store, FixedClock())
        recordings = Recordings(store, trail, FixedClock())
        room.hand.take(saved)
        service = RecordingFiles(store, trail, recordings)
        room.model._files, room.model._session = service, session
        yield room, recordings, session, saved
        room.settle()


@pytest.mark.parametrize("end", ["edf", "hea", "dcm"])
@pytest.mark.parametrize(
    ("said", "title"),
    [
        (PatientText("850101300124", "Kasymov Nurlan", "1985-01-01", "male"), "another patient's number"),
        (PatientText("", "Kasymov Nurlan"), "another name and no number"),
        (PatientText("640305400123", "Kasymov Nurlan", "1964-03-05", "female"), "the name is not"),
        (PatientText("640305400123", "Akhmetova Nurlan", "1985-01-01", "female"), "date of birth is not"),
        (PatientText(), "no number of a patient"),
        (PatientText("640305400123", "AKHMETOVA N", "1964-03-05", "female"), "Is it his recording?"),
    ],
)
def test_whatever_a_file_says_it_is_never_filed_without_a_person(
    real: tuple[Room, Recordings, Session, Patient], tmp_path: Path, said: PatientText, title: str, end: str
) -> None:
    room, recordings, session, his = real
    path = write(recording(patient_text=said), tmp_path / f"foreign.{end}")[0]
    room.panel.ask_source = lambda: path
    room.look()
    assert title in room.words("recordings.confirm.title")
    assert recordings.of_patient(session, his.id) == ()
    assert not room.panel.isHidden()
    QTest.keyClick(room.button("recordings.confirm"), Qt.Key.Key_Return)
    assert recordings.of_patient(session, his.id) == ()
    room.button("recordings.confirm.cancel").click()
    assert recordings.of_patient(session, his.id) == ()
    room.look()
    room.button("recordings.confirm").click()
    room.settle()
    assert len(recordings.of_patient(session, his.id)) == 1


# --- out ---


def _picker(room: Room) -> QComboBox:
    found = room.panel.findChild(QComboBox, "recordings.write.format")
    assert isinstance(found, QComboBox)
    return found


def test_export_waits_for_an_open_recording(room: Room) -> None:
    assert not room.button("recordings.export").isEnabled()
    room.panel.show_document(DOCUMENT)
    assert room.button("recordings.export").isEnabled()


def test_the_format_says_what_it_does_not_carry_and_the_file_has_no_name_of_anybody(room: Room) -> None:
    room.panel.show_document(DOCUMENT)
    room.button("recordings.export").click()
    picker = _picker(room)
    codes = [picker.itemData(row) for row in range(picker.count())]
    assert {"edf", "wfdb", "dicom", "csv", "pdf"} <= set(codes)
    assert "scp" not in codes
    picker.setCurrentIndex(codes.index("wfdb"))
    picker.activated.emit(codes.index("wfdb"))
    assert "not who made a mark" in room.words("recordings.write.words")
    room.button("recordings.write").click()
    room.settle()
    assert room.asked == [f"recording-{NOON:%Y-%m-%d-%H%M}.hea"]
    assert room.files.written == [(room.asked[0], "wfdb", False, "en")]
    assert room.notices[-1][1] == "ok"


def test_without_the_patient_is_asked_anew_each_time(room: Room) -> None:
    room.panel.show_document(DOCUMENT)
    for _ in range(2):
        room.button("recordings.export").click()
        box = room.panel.findChild(QCheckBox, "recordings.write.nameless")
        assert isinstance(box, QCheckBox)
        assert not box.isChecked()
        box.setChecked(True)
        room.button("recordings.write").click()
        room.settle()
    assert [each[2] for each in room.files.written] == [True, True]


def test_a_choice_can_be_left_and_goes_with_the_recording(room: Room) -> None:
    room.panel.show_document(DOCUMENT)
    room.button("recordings.export").click()
    room.button("recordings.write.cancel").click()
    assert room.panel.isHidden()
    room.button("recordings.export").click()
    room.panel.show_document(None)
    assert room.panel.isHidden()
    assert not room.files.written


def test_who_may_not_file_has_no_import(qapp: QApplication) -> None:
    registrar = Room("registrar")
    assert not registrar.button("recordings.import").isEnabled()
    registrar.panel.show_document(DOCUMENT)
    assert not registrar.button("recordings.export").isEnabled()
    registrar.close()


@pytest.mark.parametrize("code", ["kk", "ru"])
def test_everything_speaks_the_language_of_the_windows(room: Room, code: Language) -> None:
    room.panel.show_document(DOCUMENT)
    room.button("recordings.export").click()
    room.look()
    language.use(code)
    QApplication.processEvents()
    try:
        shown = [each.text() for kind in (QPushButton, QLabel) for each in room.panel.findChildren(kind)]
        english = {"Cancel", "Import…", "Choose the file…", "Do not file it"}
        assert not english & set(shown)
        assert all(each.accessibleName() for each in room.panel.findChildren(QWidget) if isinstance(each, QPushButton))
    finally:
        language.use("en")
