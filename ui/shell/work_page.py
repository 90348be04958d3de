"""The window of somebody who is signed in: rail, banner, notice, the screens, status bar."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from clinic_app.records import AllergyIntolerance
from ui.language import say
from ui.shell.context import ScreenContext
from ui.shell.rail import Rail
from ui.shell.screens import Screen, screens_of, warm_up
from ui.shell.status_strip import StatusStrip
from ui.shell.status_view_model import StatusViewModel
from ui.widgets.chip import Tone
from ui.widgets.notice import NoticeBar
from ui.widgets.patient_banner import PatientBanner

_BREATH_MS = 40
"""Between two screens that are made ahead; the window answers in between."""


class WorkPage(QWidget):
    """Composes one session's screens; each is made ahead, or when it is first opened if that comes sooner.

    Args:
        context: services, session, patient.

    Signals: ``lock_asked``, ``sign_out_asked``, ``language_chosen(str)``, ``theme_chosen(str)``.
    """

    lock_asked = Signal()
    sign_out_asked = Signal()
    language_chosen = Signal(str)
    theme_chosen = Signal(str)

    def __init__(self, context: ScreenContext) -> None:
        super().__init__()
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._context = context
        self._screens = {screen.key: screen for screen in screens_of(context.session.role)}
        self._made: dict[str, QWidget] = {}
        self.rail = Rail(tuple(self._screens.values()))
        self.banner = PatientBanner(self._keys_of("patients"))
        self.notice = NoticeBar("notice")
        self._stack = QStackedWidget()
        self._status_model = StatusViewModel(context.workstation.sync, context.runner, context.events)
        self.status = StatusStrip(self._status_model, context.session)
        self._breath = QTimer(self, singleShot=True, interval=_BREATH_MS)
        self._build()
        self._connect()
        self._follow_patient()

    def _build(self) -> None:
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        right = QVBoxLayout()
        right.setSpacing(0)
        for part in (self.banner, self.notice):
            right.addWidget(part)
        right.addWidget(self._stack, 1)
        middle.addWidget(self.rail)
        middle.addLayout(right, 1)
        page.addLayout(middle, 1)
        page.addWidget(self.status)

    def _keys_of(self, key: str) -> str:
        places = list(self._screens)
        return f"Alt+{places.index(key) + 1}" if key in places else ""

    def _connect(self) -> None:
        self._breath.timeout.connect(self._make_ahead)
        self.rail.chosen.connect(self._choose)
        self.status.lock_asked.connect(self.lock_asked)
        self.status.sign_out_asked.connect(self.sign_out_asked)
        self.banner.put_away.connect(self._put_away)
        self._context.hand.changed.connect(self._follow_patient)

    def begin(self) -> None:
        """Open the first screen of the role; call it when the page can be seen, so that the cursor finds its place."""
        self._status_model.look()
        self.go(next(iter(self._screens)))
        self._context.runner.run(warm_up, owner=self, done=lambda _none: self._make_ahead())

    def _make_ahead(self) -> None:
        """Make the role's other screens one by one while nothing else is to be done, so that each opens at once."""
        waiting = next((key for key in self._screens if key not in self._made), None)
        if waiting is not None:
            self.widget_of(waiting)
            self._breath.start()
        elif any(more() for screen in self._made.values() if (more := getattr(screen, "make_more", None))):
            self._breath.start()

    @property
    def current_key(self) -> str:
        """The key of the screen in front."""
        front = self._stack.currentWidget()
        return next((key for key, widget in self._made.items() if widget is front), "")

    def widget_of(self, key: str) -> QWidget:
        """Return a screen, made now if this is the first time."""
        if key not in self._made:
            self._made[key] = self._make(self._screens[key])
        return self._made[key]

    def go(self, key: str) -> None:
        """Bring a screen to the front, if this role has it and it may be shown."""
        screen = self._screens.get(key)
        if screen is None or (screen.needs_patient and self._context.hand.patient is None):
            self.rail.mark(self.current_key)
            return
        widget = self.widget_of(key)
        self._stack.setCurrentWidget(widget)
        self.rail.mark(key)
        entered = getattr(widget, "entered", None)
        if entered is not None:
            entered()

    def _choose(self, key: str) -> None:
        self.notice.leave_good_news()
        self.go(key)

    def say(self, words: str, tone: str = "ok") -> None:
        """Show a notice."""
        self.notice.show_notice(words, cast("Tone", tone))

    def _make(self, screen: Screen) -> QWidget:
        widget = screen.factory(self._context)
        self._stack.addWidget(widget)
        for signal, slot in (
            ("noticed", self.say),
            ("went", self.go),
            ("language_chosen", self.language_chosen),
            ("theme_chosen", self.theme_chosen),
            ("allergies_changed", self._ask_allergies),
        ):
            if hasattr(widget, signal):
                getattr(widget, signal).connect(slot)
        return widget

    def _put_away(self) -> None:
        self._context.hand.take(None)

    def _follow_patient(self) -> None:
        patient = self._context.hand.patient
        self.banner.show_patient(patient)
        for screen in self._screens.values():
            self.rail.allow(screen.key, not screen.needs_patient or patient is not None)
        front = self._screens.get(self.current_key)
        if patient is None and front and front.needs_patient:
            self.go(next(iter(self._screens)))
        self._ask_allergies()

    def _ask_allergies(self) -> None:
        patient, context = self._context.hand.patient, self._context
        if patient is None or not context.session.can("read", "AllergyIntolerance"):
            return

        def show(found: tuple[AllergyIntolerance, ...]) -> None:
            if context.hand.patient is not None and context.hand.patient.id == patient.id:
                words = tuple(each.code.text for each in found if each.code and each.code.text)
                self.banner.show_patient(context.hand.patient, words)

        context.runner.run(
            lambda: context.workstation.encounters.allergies(context.session, patient.id),
            owner=cast("QObject", self),
            done=show,
            failed=lambda error: self.say(say(error.text), "warn"),
        )
