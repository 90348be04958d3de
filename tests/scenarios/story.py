"""One patient's story, step by step, as people do it: with keyboard and mouse, in the real windows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pypdfium2
from pypdf import PdfReader
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel, QListView, QListWidget, QPlainTextEdit, QTableView, QWidget
from sqlalchemy import select

from clinic_app.foundation.texts import LANGUAGES, Language
from clinic_app.hub.folder import open_hub_store
from clinic_app.referral import Case
from clinic_app.storage.tables import HISTORY
from clinic_app.sync import Failed
from clinic_app.waveforms import Recording
from tests.helpers.watchdog import Watchdog
from tests.scenarios.camera import Camera
from tests.scenarios.hand import Hand, wait_for
from tests.scenarios.sample import OPINION, PASSWORD, PATIENT, PLAN, QUESTION
from tests.scenarios.stage import Desk, Stage, image_folder
from ui import language
from ui.imaging.review_tree import ReviewTree
from ui.referral.summary_file import SummaryFiles
from ui.widgets.ecg_paper import EcgPaper
from ui.widgets.image_canvas import ImageCanvas
from ui.widgets.sweep import Sweep

if TYPE_CHECKING:
    from clinic_app.access import Session

Step = tuple[str, Callable[[], None]]


class Story:
    """The steps in their order.

    Args:
        stage: hub, link, monitor and both hospitals.
        camera: takes the pictures.
        dog: watches the windows; it rests while the camera works.
        out: where packages and PDFs go.
    """

    LENGTH = 22

    def __init__(self, stage: Stage, camera: Camera, dog: Watchdog, out: Path) -> None:
        self.stage = stage
        self.camera = camera
        self.dog = dog
        self.out = out
        self.task_id = ""

    def steps(self) -> list[Step]:
        """Return every step with its name."""
        return [
            ("The sign-in window speaks three languages", self.three_languages),
            ("A wrong password is refused in a sentence", self.wrong_password),
            ("The registrar signs in, searches and finds nobody", self.nobody_found),
            ("A wrong check digit and a future birth date are named at their fields", self.wrong_fields),
            ("The registrar registers the patient by keyboard alone", self.register),
            ("The patient is found again, typed on the wrong keyboard", self.found_again),
            ("The nurse sees no monitor and is told what to do", self.no_monitor),
            ("A monitor is switched on: twelve leads and a pleth sweep", self.live),
            ("The picture is frozen and let go", self.freeze),
            ("Ten seconds are recorded", self.record),
            ("Vital signs are taken over from the monitor and saved", self.vitals),
            ("The doctor looks at the recording with calipers", self.recordings),
            ("The doctor imports a CD; the damaged file is named, the others are there", self.import_images),
            ("Images are scrolled, windowed, zoomed and measured", self.look_at_images),
            ("The link is cut; the doctor sends a referral; it waits and the screen says so", self.send_offline),
            ("The link comes back; the case reaches the hub", self.link_restored),
            ("The specialist finds the case on the worklist and opens it", self.specialist_opens),
            ("The specialist replays the ECG with calipers and looks at the images", self.specialist_looks),
            ("A draft is saved here and is nowhere else", self.draft),
            ("The specialist signs", self.sign),
            ("The district reads the signed answer and closes the referral", self.read_and_close),
            ("The consult summary is made in three languages", self.summary),
        ]

    # -- the gate

    def three_languages(self) -> None:
        """Show the gate in each language."""
        desk = self.stage.district
        desk.window.show()
        hand = desk.hand
        hand.find("sign_in.login", QWidget)
        for each in LANGUAGES:
            self._speak(each)
            self._picture(desk, f"sign-in-{each}")
        self._speak("kk")

    def wrong_password(self) -> None:
        """Try once with a wrong password."""
        hand = self.stage.district.hand
        hand.type("sign_in.login", "tirkeushi")
        hand.type("sign_in.password", "wrong-password")
        hand.click("sign_in.enter")
        self._until(lambda: self._says(hand, "sign_in"), "a sentence about the password")
        self._picture(self.stage.district, "wrong-password")
        QTest.qWait(2500)  # the next try is let through after a moment

    # -- the reception

    def nobody_found(self) -> None:
        """Sign in and search."""
        desk = self.stage.district
        self._sign_in(desk, "tirkeushi")
        desk.hand.type("registration.search", PATIENT.family)
        self._until(lambda: desk.hand.sees("registration.results.empty.action"), "the empty state")
        QTest.qWait(600)  # a search begins when the fingers rest
        self._picture(desk, "nobody-found")

    def wrong_fields(self) -> None:
        """Make two mistakes on the form."""
        hand = self.stage.district.hand
        hand.press(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        hand.type("registration.family", PATIENT.family)
        hand.type("registration.given", PATIENT.given)
        hand.type("registration.iin", PATIENT.wrong_iin)
        hand.type("registration.birth_date", "01.01.2999")
        hand.press(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        for field in ("iin", "birth_date"):
            name = f"registration.{field}.message"
            self._until(lambda name=name: hand.find(name, QLabel).text(), f"a sentence at {field}")
        self._picture(self.stage.district, "form-errors")
        with self.dog.paused():
            assert not self._find_patients(), "a wrong form was saved"

    def register(self) -> None:
        """Fill the form with Tab alone, and save with Ctrl+Enter."""
        hand = self.stage.district.hand
        hand.type("registration.family", PATIENT.family)
        for text in (PATIENT.given, PATIENT.patronymic, PATIENT.iin, PATIENT.birth_date):
            hand.press(Qt.Key.Key_Tab)
            hand.type_here(text)
        hand.press(Qt.Key.Key_Tab)
        hand.press(Qt.Key.Key_Right)
        hand.press(Qt.Key.Key_Space)
        for text in (PATIENT.phone, PATIENT.address):
            hand.press(Qt.Key.Key_Tab)
            hand.type_here(text)
        self._picture(self.stage.district, "form-filled")
        hand.press(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        self._until(self._find_patients, "the patient in the store")
        self._until(lambda: hand.sees("banner.name"), "the patient in the banner")
        with self.dog.paused():
            (patient,) = self._find_patients()
        assert patient.full_name == f"{PATIENT.family} {PATIENT.given} {PATIENT.patronymic}", patient.full_name
        assert patient.birth_date == "1985-01-01"
        assert patient.gender == "male"
        name = hand.find("banner.name", QLabel)
        self._until(lambda: name.text().casefold().startswith(PATIENT.family.casefold()), "the name in the banner")
        self._picture(self.stage.district, "registered")

    def found_again(self) -> None:
        """Search with the keyboard set to English, as happens: the same keys."""
        desk = self.stage.district
        desk.hand.click("rail.patients")
        desk.hand.type("registration.search", "ekub,ftd")
        self._until(lambda: desk.hand.sees("registration.results"), "the patient under the wrong keyboard")
        self._picture(desk, "found")
        desk.hand.open_row("registration.results")
        self._until(lambda: desk.hand.sees("banner.name"), "the patient in the banner")
        self._sign_out(desk)

    # -- the bedside

    def no_monitor(self) -> None:
        """Open the signals before anything is plugged in."""
        desk = self.stage.district
        self._sign_in(desk, "meyirgher")
        self._take_patient(desk)
        desk.hand.click("rail.signals")
        self._until(lambda: desk.hand.sees("monitor.empty"), "the empty state of the monitor")
        self._picture(desk, "no-monitor")

    def live(self) -> None:
        """Switch the monitor on and watch."""
        desk = self.stage.district
        with self.dog.paused():
            self.stage.start_monitor()
        traces = desk.workstation.live_traces
        self._until(lambda: desk.hand.sees("monitor.sweep"), "the sweep")
        self._until(lambda: any(s.end_index() > 11 * s.rate_hz() for s in traces.streams()), "eleven seconds of signal")
        codes = {channel.code for channel in traces.channels()}
        assert len([code for code in codes if code.startswith("MDC_ECG_LEAD")]) == 12, codes
        assert "MDC_PULS_OXIM_PLETH" in codes
        assert not desk.hand.find("monitor.sweep", Sweep).is_stale
        self._picture(desk, "monitor-live")

    def freeze(self) -> None:
        """Freeze with Space: the picture stands, the samples go on."""
        desk = self.stage.district
        sweep = desk.hand.find("monitor.sweep", Sweep)
        desk.hand.click("monitor.freeze")
        self._until(lambda: sweep.is_frozen, "the frozen picture")
        with self.dog.paused():
            before = sweep.grab().toImage()
        stream = desk.workstation.live_traces.streams()[0]
        end = stream.end_index()
        self._until(lambda: stream.end_index() > end + stream.rate_hz(), "another second of samples behind it")
        with self.dog.paused():
            assert sweep.grab().toImage() == before, "the frozen picture moved"
        desk.hand.click("monitor.freeze")
        self._until(lambda: not sweep.is_frozen, "the sweep to go on")

    def record(self) -> None:
        """Record ten seconds."""
        desk = self.stage.district
        desk.hand.click("monitor.record")
        self._until(self._recordings, "the recording to be kept", 40)
        with self.dog.paused():
            recording = self._load(self._recordings()[0])
        assert len(recording.leads) == 12
        assert abs(recording.duration_s - 10) < 0.1
        assert recording.band == "raw"
        QTest.qWait(200)
        self._picture(desk, "recorded")

    def vitals(self) -> None:
        """Take over and save."""
        desk = self.stage.district
        desk.hand.click("monitor.take_over")
        self._until(lambda: desk.hand.find("monitor.spo2", QWidget).property("text"), "the values in the form")
        self._picture(desk, "vitals-taken-over")
        desk.hand.click("monitor.save_vitals")
        session = self._session(desk)
        self._until(lambda: desk.workstation.encounters.vitals(session, self._patient_id()), "saved vital signs")
        desk.hand.click("rail.chart")
        self._until(lambda: desk.hand.sees("chart.sittings"), "the chart")
        QTest.qWait(200)
        self._picture(desk, "chart")
        with self.dog.paused():
            self.stage.stop_monitor()
        self._sign_out(desk)

    # -- the doctor

    def recordings(self) -> None:
        """Open the recording and measure."""
        desk = self.stage.district
        self._sign_in(desk, "dariger")
        self._take_patient(desk)
        desk.hand.click("rail.recordings")
        self._measure_ecg(desk, "recordings.paper", "recordings.caliper")
        self._picture(desk, "recording-calipers")

    def import_images(self) -> None:
        """Import a CD with real images and one file cut in half."""
        desk = self.stage.district
        with self.dog.paused():
            disc = image_folder(self.stage.folder, with_damaged=True)
        desk.hand.click("rail.images")
        screen = desk.hand.find("imaging.import", QWidget)
        while not hasattr(screen, "choose_folder"):
            parent = screen.parentWidget()
            assert parent is not None, "no screen with choose_folder around the button"
            screen = parent
        QTest.qWait(150)
        self._picture(desk, "images-empty")
        screen.choose_folder = lambda: disc
        desk.hand.click("imaging.import")
        found = desk.hand.find("imaging.confirm_names.tree", ReviewTree)
        self._until(lambda: found.topLevelItemCount() and found.isVisible(), "what was found on the disc")
        self._picture(desk, "images-found")
        for place in range(found.topLevelItemCount()):
            found.tick(place, is_ticked=True)
        desk.hand.click("imaging.confirm_names")
        session = self._session(desk)
        self._until(lambda: desk.workstation.imaging.studies(session, self._patient_id()), "studies")
        self._until(
            lambda: "damaged.dcm" in " ".join(self._rows_of(desk.hand.find("imaging.report.refused", QListWidget))),
            "the refused file",
        )
        self._picture(desk, "images-report")

    def look_at_images(self) -> None:
        """Scroll, window, zoom, measure, mark."""
        desk = self.stage.district
        canvas = desk.hand.find("imaging.canvas", ImageCanvas)
        series = desk.hand.find("imaging.series", QListView)
        series.setCurrentIndex(series.model().index(0, 0))
        self._until(lambda: canvas.image_count == 30, "the ultrasound loop")
        canvas.setFocus()
        for _ in range(3):
            desk.hand.press(Qt.Key.Key_Down)
        self._until(lambda: canvas.image_number == 4, "the fourth image of the loop")
        self._picture(desk, "ultrasound")
        series.setCurrentIndex(series.model().index(series.model().rowCount() - 1, 0))
        self._until(lambda: canvas.image_count == 1, "the CT image")
        QTest.qWait(300)
        window, zoom = canvas.window, canvas.zoom
        centre = canvas.rect().center()
        desk.hand.drag("imaging.canvas", centre, centre + QPoint(90, 60))
        self._until(lambda: canvas.window != window, "another window")
        canvas.setFocus()
        desk.hand.press(Qt.Key.Key_Plus)
        self._until(lambda: canvas.zoom > zoom, "a larger image")
        desk.hand.press(Qt.Key.Key_R)
        desk.hand.click("imaging.tool.length")
        desk.hand.drag("imaging.canvas", centre - QPoint(120, 40), centre + QPoint(120, 40))
        self._until(lambda: canvas.last_length is not None, "a length")
        self._picture(desk, "image-measured")
        desk.hand.click("imaging.tool.window")
        desk.hand.click("imaging.key_image")
        session = self._session(desk)
        self._until(lambda: desk.workstation.key_images.of_patient(session, self._patient_id()), "a key image")

    # -- the referral

    def send_offline(self) -> None:
        """Cut the link, write, send."""
        desk = self.stage.district
        with self.dog.paused():
            self.stage.link.cut()
        desk.hand.click("rail.referrals")
        desk.hand.click("referrals.new")
        desk.hand.choose("referral.specialty", "cardiology")
        desk.hand.click("referral.urgency.stat")
        box = desk.hand.find("referral.destination", QComboBox)
        self._until(lambda: box.count() > 0, "a hospital to ask")
        box.setCurrentIndex(box.count() - 1)
        desk.hand.type("referral.question", QUESTION)
        rows = desk.hand.find("referral.evidence", QListWidget)
        self._until(lambda: rows.count() >= 4, "evidence to choose from")
        for place in range(rows.count()):
            rows.item(place).setCheckState(Qt.CheckState.Checked)
        self._picture(desk, "referral-form")
        desk.hand.click("referral.send")
        session = self._session(desk)
        self._until(lambda: desk.workstation.referrals.cases(session), "the case")
        with self.dog.paused():
            self.task_id = desk.workstation.referrals.cases(session)[0].task.id
        self._until(lambda: self._sync_failed(desk), "the status bar to say that there is no link")
        with self.dog.paused():
            case = self._case(desk)
            assert case.progress in ("saved-here", "queued"), case.progress
            assert case.hub_received_at is None
            desk.workstation.referrals.save_package(session, self.task_id, self.out)
        self._picture(desk, "link-down")

    def link_restored(self) -> None:
        """Mend the link and wait."""
        desk = self.stage.district
        with self.dog.paused():
            self.stage.link.restore()
        assert desk.workstation.sync is not None
        desk.workstation.sync.sync_now()
        self._until(lambda: self._case(desk).hub_received_at is not None, "the hub's receipt", 60)
        self._until(lambda: self._case(desk).progress in ("received-by-hub", "opened"), "the package at the hub", 60)
        QTest.qWait(300)
        self._picture(desk, "received-by-hub")

    # -- the specialist

    def specialist_opens(self) -> None:
        """Sign in at the centre and open the case."""
        desk = self.stage.centre
        self.stage.district.window.hide()
        desk.window.show()
        self._sign_in(desk, "kardiolog")
        session = self._session(desk)
        self._until(lambda: self._arrived(desk, session), "the case and its package at the centre", 60)
        self._until(
            lambda: PATIENT.family.casefold() in self._table_text(desk, "worklist.list"), "his name in the list"
        )
        self._picture(desk, "worklist")
        desk.hand.open_row("worklist.list")
        self._until(lambda: desk.hand.sees("consultation.question"), "the question")
        self._until(lambda: desk.hand.sees("consultation.ecg"), "the ECG of the case", 30)
        QTest.qWait(300)
        self._picture(desk, "case-opened")

    def specialist_looks(self) -> None:
        """Measure the ECG, then look through the other evidence."""
        desk = self.stage.centre
        self._measure_ecg(desk, "consultation.ecg", "consultation.ecg_measure")
        self._picture(desk, "case-ecg-calipers")
        rows = desk.hand.find("consultation.evidence", QListWidget)
        assert rows.count() >= 4, "the evidence is not complete"
        for place in range(1, rows.count()):
            rows.setCurrentRow(place)
            QTest.qWait(500)
            self._picture(desk, f"case-evidence-{place}")

    def draft(self) -> None:
        """Write; wait until it is saved; look for it at the hub and in the district."""
        desk = self.stage.centre
        desk.hand.type("consultation.opinion", OPINION)
        desk.hand.type("consultation.plan", PLAN)
        session = self._session(desk)

        def saved() -> bool:
            form = desk.workstation.consultations.draft(session, self.task_id)
            return form is not None and form.plan == PLAN

        self._until(saved, "the saved draft")
        self._picture(desk, "draft")
        for each in (desk, self.stage.district):
            assert each.workstation.sync is not None
            each.workstation.sync.sync_now()
        QTest.qWait(3000)
        district = self.stage.district.workstation
        with self.dog.paused():
            assert district.consultations.answer(self._doctor(), self.task_id) is None
            assert not self._hub_knows("ST сегментінің"), "the draft reached the hub"

    def sign(self) -> None:
        """Sign after one more question."""
        desk = self.stage.centre
        desk.hand.click("consultation.sign")
        self._picture(desk, "sign-question")
        desk.hand.click("consultation.confirm")
        session = self._session(desk)
        self._until(lambda: desk.workstation.consultations.answer(session, self.task_id), "the signed answer")
        self._until(
            lambda: desk.hand.find("consultation.opinion", QPlainTextEdit).isReadOnly(), "a case that is closed"
        )
        QTest.qWait(300)
        self._picture(desk, "signed")

    # -- the answer

    def read_and_close(self) -> None:
        """Read the answer and close the referral."""
        desk = self.stage.district
        self.stage.centre.window.hide()
        desk.window.show()
        self._until(lambda: self._case(desk).progress == "answered", "the answer in the district", 60)
        desk.hand.click("rail.referrals")
        if not desk.hand.sees("case.opinion"):
            desk.hand.open_row("referrals.list")
        self._until(lambda: desk.hand.sees("case.opinion"), "the opinion")
        with self.dog.paused():
            answer = desk.workstation.consultations.answer(self._session(desk), self.task_id)
        assert answer is not None
        assert answer.is_signature_valid
        assert answer.report.conclusion == OPINION
        self._picture(desk, "answer")
        desk.hand.click("case.read_and_close")
        self._until(lambda: self._case(desk).progress == "closed", "the closed referral")
        QTest.qWait(300)
        self._picture(desk, "closed")

    def summary(self) -> None:
        """Make the PDF in each language, look into each."""
        desk = self.stage.district
        page = desk.hand.find("case.make_summary", QWidget)
        while not isinstance(getattr(page, "files", None), SummaryFiles):
            parent = page.parentWidget()
            assert parent is not None, "no page with summary files around the button"
            page = parent
        for each in LANGUAGES:
            path = self.out / f"consult-summary-{each}.pdf"
            page.files = SummaryFiles(choose=lambda _parent, _name, path=path: path, show=lambda _path: None)
            desk.hand.choose("case.summary_language", each)
            desk.hand.click("case.make_summary")
            self._until(path.exists, f"the summary in {each}", 60)
            self._until(lambda: desk.hand.find("case.make_summary", QWidget).isEnabled(), "the button again")
            with self.dog.paused():
                self._check_pdf(path)
        self._picture(desk, "summary-made")

    def _check_pdf(self, path: Path) -> None:
        reader = PdfReader(path)
        text = " ".join(page.extract_text() for page in reader.pages)
        for words in (PATIENT.family, "≥1", "≤ 92", "1 / " if "1 / " in text else "1", PATIENT.iin[:6]):
            assert words.casefold() in text.casefold(), f"{words!r} is not in {path.name}"
        document = pypdfium2.PdfDocument(path)
        for number in range(len(document)):
            picture = document[number].render(scale=1.6).to_pil()
            picture.save(self.out / f"{path.stem}-page-{number + 1}.png")
        document.close()

    # -- what several steps need

    def _until(self, condition: Callable[[], object], what: str, seconds: float = 30.0) -> None:
        """Let the windows run until ``condition`` holds; asking is the tour's own work and leaves the watchdog out."""

        def asked() -> object:
            with self.dog.paused():
                return condition()

        wait_for(asked, what, seconds)

    def _sign_in(self, desk: Desk, login: str) -> None:
        desk.hand.type("sign_in.login", login)
        desk.hand.type("sign_in.password", PASSWORD)
        desk.hand.press(Qt.Key.Key_Return)
        self._until(lambda: desk.window.session is not None and desk.window.work is not None, f"{login} to be in", 30)
        self._until(lambda: desk.hand.sees("status.user"), "the work page")
        QTest.qWait(150)

    def _sign_out(self, desk: Desk) -> None:
        desk.hand.click("status.sign_out")
        self._until(lambda: desk.hand.sees("sign_in.login"), "the gate")

    def _take_patient(self, desk: Desk) -> None:
        desk.hand.click("rail.patients")
        desk.hand.type("registration.search", PATIENT.family)
        desk.hand.open_row("registration.results")
        self._until(lambda: desk.hand.sees("banner.name"), "the patient in the banner")

    def _measure_ecg(self, desk: Desk, paper_name: str, tool: str) -> None:
        paper = desk.hand.find(paper_name, EcgPaper)
        button = desk.hand.find(tool, QWidget)
        if not button.property("checked"):
            desk.hand.click(tool)
        middle = paper.viewport().rect().center() if hasattr(paper, "viewport") else paper.rect().center()
        desk.hand.drag(paper_name, middle - QPoint(60, 30), middle + QPoint(60, 30))
        self._until(lambda: paper.reading() is not None, "a measurement on the ECG")

    def _session(self, desk: Desk) -> Session:
        assert desk.window.session is not None
        return desk.window.session

    def _doctor(self) -> Session:
        session = self.stage.district.window.session
        assert session is not None
        return session

    def _find_patients(self) -> tuple:  # type: ignore[type-arg]
        desk = self.stage.district
        return desk.workstation.registration.search(self._session(desk), PATIENT.family)

    def _patient_id(self) -> str:
        return str(self._find_patients()[0].id)

    def _recordings(self) -> tuple:  # type: ignore[type-arg]
        desk = self.stage.district
        return desk.workstation.recordings.of_patient(self._session(desk), self._patient_id())

    def _load(self, document: object) -> Recording:
        desk = self.stage.district
        return desk.workstation.recordings.load(self._session(desk), document)  # type: ignore[arg-type]

    def _case(self, desk: Desk) -> Case:
        return desk.workstation.referrals.case(self._session(desk), self.task_id)

    def _arrived(self, desk: Desk, session: Session) -> bool:
        cases = desk.workstation.consultations.worklist(session)
        return bool(cases) and cases[0].patient is not None

    def _sync_failed(self, desk: Desk) -> bool:
        return desk.workstation.sync is not None and isinstance(desk.workstation.sync.state(), Failed)

    def _hub_knows(self, words: str) -> bool:
        """Search everything the hub would give to anybody, in its own store."""
        store = open_hub_store(self.stage.folder / "hub", None)
        try:
            with store.database.reading() as connection:
                bodies = connection.execute(select(HISTORY.c.body)).scalars().all()
        finally:
            store.close()
        assert bodies, "the hub has nothing at all"
        return any(words.encode() in body for body in bodies)

    def _says(self, hand: Hand, prefix: str) -> bool:
        labels = hand.window.findChildren(QLabel)
        return any(
            each.isVisible() and each.text() and each.objectName().startswith(prefix) and "message" in each.objectName()
            for each in labels
        ) or any(each.isVisible() and each.text() and "notice" in each.objectName() for each in labels)

    def _table_text(self, desk: Desk, name: str) -> str:
        view = desk.hand.find(name, QTableView)
        model = view.model()
        cells = [model.index(0, column).data() for column in range(model.columnCount())] if model.rowCount() else []
        return " ".join(str(cell) for cell in cells).casefold()

    def _rows_of(self, rows: QListWidget) -> list[str]:
        return [rows.item(place).text() for place in range(rows.count())]

    def _speak(self, spoken: Language) -> None:
        language.use(spoken)
        QTest.qWait(60)

    def _picture(self, desk: Desk, name: str) -> None:
        with self.dog.paused():
            self.camera.take(desk.window, name)
