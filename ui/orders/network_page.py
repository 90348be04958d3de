"""The image network for IT and whoever takes pictures: do devices reach us, who called, who is refused and why."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from clinic_app.foundation.dates import form_moment
from clinic_app.foundation.texts import Text
from clinic_app.imaging.network.peers import Peer
from clinic_app.imaging.network.visits import Visit
from ui.language import Translated, _, say
from ui.orders.peer_form import PeerForm
from ui.orders.secret_form import SecretForm
from ui.orders.view_model_network import NetworkViewModel
from ui.orders.words import address_words, state_words, use_words, visit_look, visit_words
from ui.widgets.buttons import Button
from ui.widgets.front_stack import FrontStack
from ui.widgets.labels import label
from ui.widgets.record_table import Column, RecordTable
from ui.widgets.second_question import SecondQuestion
from ui.widgets.standing_bar import StandingBar
from ui.widgets.standstill import Standstill

CARD_WIDTH = 430


class NetworkPage(Translated, QWidget):
    """The page.

    Args:
        model: the network.

    Signal ``noticed`` carries words and a tone.
    """

    noticed = Signal(str, str)

    def __init__(self, model: NetworkViewModel) -> None:
        super().__init__()
        self._model = model
        self._state = label("heading", is_wrapped=True)
        self._state.setObjectName("orders.network_state")
        self._trouble = StandingBar("orders.network_trouble", "triangle-alert")
        self._stranger = StandingBar("orders.stranger", "plug")
        self._shown_stranger: Visit | None = None
        self._peers: RecordTable[Peer] = RecordTable(
            "orders.peers",
            (
                Column(lambda: _("Name of the device"), lambda each: each.name, width=215, is_strong=True),
                Column(lambda: _("AE title"), lambda each: each.ae_title, width=140),
                Column(lambda: _("Address"), address_words, width=190),
                Column(lambda: _("What it does"), _uses_words),
            ),
            "plug",
            key=lambda each: each.name,
        )
        self._visits: RecordTable[Visit] = RecordTable(
            "orders.visits",
            (
                Column(lambda: _("When"), lambda each: form_moment(each.at), width=135),
                Column(lambda: _("Device"), lambda each: each.name or each.ae_title, width=190, is_strong=True),
                Column(lambda: _("Address"), lambda each: each.host, width=130),
                Column(lambda: _("Outcome"), lambda each: visit_look(each).text, visit_look, width=155),
                Column(lambda: _("What happened"), visit_words),
            ),
            "history",
            key=lambda each: each.number,
        )
        self._visits_title = label("heading")
        self._echo = Button("orders.echo", "plain", "activity")
        self._edit = Button("orders.peer_edit", "plain", "settings")
        self._remove = Button("orders.peer_remove", "plain", "circle-x")
        self._add = Button("orders.peer_add", "primary", "plus")
        self._question = SecondQuestion("orders.peer_sure", "circle-x")
        self._secrets = Button("orders.secrets", "plain", "lock")
        self._form: PeerForm | None = None
        self._secret_form: SecretForm | None = None
        self._right = FrontStack()
        self._right.setFixedWidth(CARD_WIDTH)
        self._still = Standstill(self._echo, self._edit, self._remove, self._add)
        self._build()
        self._connect()
        self.retranslate()

    def _build(self) -> None:
        left = QVBoxLayout()
        left.setSpacing(10)
        for part in (self._state, self._trouble, self._stranger):
            left.addWidget(part)
        left.addWidget(self._peers, 3)
        foot = QHBoxLayout()
        foot.setSpacing(10)
        for button in (self._add, self._echo, self._edit, self._remove):
            foot.addWidget(button)
        foot.addStretch(1)
        left.addLayout(foot)
        left.addWidget(self._question)
        for table in (self._peers, self._visits):
            table.setMinimumHeight(112)
        middle = QHBoxLayout()
        middle.addWidget(self._visits_title, 1)
        middle.addWidget(self._secrets)
        left.addLayout(middle)
        left.addWidget(self._visits, 4)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 10, 0, 0)
        row.setSpacing(14)
        row.addLayout(left, 1)
        row.addWidget(self._right)
        self._right.hide()
        for button in (self._add, self._edit, self._remove):
            button.setVisible(self._model.may_change)
        self._secrets.setVisible(self._model.may_change and bool(self._model.servers))

    def _connect(self) -> None:
        self._peers.selected.connect(lambda _row: self._show_buttons())
        self._peers.chosen.connect(lambda _row: self.edit())
        self._add.clicked.connect(self.add)
        self._secrets.clicked.connect(self._ask_secret)
        self._edit.clicked.connect(self.edit)
        self._echo.clicked.connect(self._ask_echo)
        self._remove.clicked.connect(self._ask_remove)
        self._question.answered.connect(self._do_remove)
        self._trouble.acted.connect(self._model.listen_again)
        self._stranger.acted.connect(self._allow)
        self._model.changed.connect(self._show)
        self._model.saved.connect(lambda name: self.noticed.emit(_("“{name}” is saved.", name=name), "ok"))
        self._model.secret_kept.connect(self._tell_secret)
        self._model.removed.connect(lambda name: self.noticed.emit(_("“{name}” is removed.", name=name), "ok"))
        self._model.echoed.connect(self._tell_echo)
        self._model.refused.connect(self._refuse)
        self._model.busy_changed.connect(self._still.set_busy)
        self._model.busy_changed.connect(lambda _busy: self._show_buttons())

    def watch(self, is_watched: bool) -> None:
        """Say whether somebody looks."""
        self._model.watch(is_watched)

    def retranslate(self) -> None:
        """Say everything anew."""
        self._peers.set_name(_("Imaging devices and archives"))
        hint = (
            _("Let in the machines that send images, and the archives images are sent to.")
            if self._model.may_change
            else _("An administrator lets devices in.")
        )
        self._peers.empty.say(_("No imaging device yet"), hint)
        self._visits.set_name(_("Last calls"))
        self._visits.empty.say(
            _("Nobody has called yet"), _("Each device that calls stands here, with what became of it.")
        )
        self._visits_title.setText(_("Last calls"))
        self._echo.say(_("Test the connection"))
        self._edit.say(_("Change"), "F2")
        self._remove.say(_("Remove"))
        self._secrets.say(_("Password of an archive"))
        self._add.say(_("Let a device in"), "Ctrl+N")
        self._peers.retranslate()
        self._visits.retranslate()
        self._show()

    def add(self) -> None:
        """Open an empty form."""
        if self._model.may_change:
            self._open(Peer("", "", uses=frozenset({"send", "worklist"})), "")

    def edit(self) -> None:
        """Open the form of the chosen device."""
        chosen = self._peers.current_row()
        if chosen is not None and self._model.may_change:
            self._open(chosen, chosen.name)

    def primary(self) -> None:
        """Do what the primary button does."""
        if self._right.isHidden():
            return
        for form in (self._form, self._secret_form):
            if form is not None and form.isVisible():
                form.send()

    def escape(self) -> None:
        """Leave the form."""
        if self._secret_form is not None:
            self._secret_form.leave()
        self._right.hide()

    def _tell_secret(self, name: str, is_there: bool) -> None:
        kept, gone = (
            _("The password of “{name}” is kept.", name=name),
            _("“{name}” has no password any more.", name=name),
        )
        self.noticed.emit(kept if is_there else gone, "ok")

    def _ask_secret(self) -> None:
        if self._secret_form is None:
            self._secret_form = SecretForm(self._model)
            self._right.addWidget(self._secret_form)
            self._secret_form.closed.connect(self._right.hide)
        self._right.setCurrentWidget(self._secret_form)
        self._right.show()
        self._secret_form.open()

    def _open(self, peer: Peer, former: str) -> None:
        if self._form is None:
            self._form = PeerForm(self._model)
            self._right.addWidget(self._form)
            self._form.closed.connect(self._right.hide)
        self._right.setCurrentWidget(self._form)
        self._right.show()
        self._form.open(peer, former)

    def _show(self) -> None:
        state = self._model.state
        if state is None:
            return
        words = state_words(state.state)
        if state.state == "listening":
            words = _(
                "{words}: {title} at {host}, port {port}",
                words=words,
                title=state.ae_title,
                host=state.host,
                port=state.port,
            )
        self._state.setText(words)
        if state.problem is not None:
            self._trouble.show_words(state.problem, _("Try again") if self._model.may_change else "")
        elif state.state == "off":
            self._trouble.show_words(_("The port is not set: see [dicom] in the settings file."))
        else:
            self._trouble.hide()
        self._show_stranger(state.strangers)
        self._peers.show_rows(state.peers)
        self._visits.show_rows(state.visits)
        self._show_buttons()

    def _show_stranger(self, strangers: tuple[Visit, ...]) -> None:
        self._shown_stranger = next(iter(strangers), None)
        if self._shown_stranger is None:
            self._stranger.hide()
            return
        words = _(
            "“{title}” called from {host} and is not let in.",
            title=self._shown_stranger.ae_title,
            host=self._shown_stranger.host,
        )
        self._stranger.show_words(words, _("Let it in") if self._model.may_change else "")

    def _show_buttons(self) -> None:
        chosen = self._peers.current_row()
        can_be_asked = self._peers.isEnabled() and chosen is not None
        self._echo.setEnabled(can_be_asked and chosen is not None and chosen.can_be_called)
        for button in (self._edit, self._remove):
            button.setEnabled(can_be_asked)

    def _allow(self) -> None:
        stranger = self._shown_stranger
        if stranger is not None:
            known = next((each for each in (self._model.state.peers if self._model.state else ())
                          if each.ae_title == stranger.ae_title), None)  # fmt: skip
            peer = Peer(stranger.ae_title, stranger.ae_title, stranger.host, 0, frozenset({"send", "worklist"}))
            if known is not None:  # it has moved
                peer = Peer(known.name, known.ae_title, stranger.host, known.port, known.uses, known.letters)
            self._open(peer, known.name if known is not None else "")

    def _ask_echo(self) -> None:
        chosen = self._peers.current_row()
        if chosen is not None:
            self._model.echo(chosen.name)

    def _tell_echo(self, name: str, taken_s: float) -> None:
        self.noticed.emit(_("“{name}” hears us ({ms} ms).", name=name, ms=max(1, round(taken_s * 1000))), "ok")

    def _ask_remove(self) -> None:
        chosen = self._peers.current_row()
        if chosen is not None:
            words = _("Take “{name}” off the list? It will be refused from then on.", name=chosen.name)
            self._question.ask(words, _("Remove"), _("Keep"))

    def _do_remove(self, is_yes: bool) -> None:
        chosen = self._peers.current_row()
        if is_yes and chosen is not None:
            self._model.remove(chosen.name)

    def _refuse(self, field: str, text: Text) -> None:
        if not field or self._right.isHidden():
            self.noticed.emit(say(text), "warn")


def _uses_words(peer: Peer) -> str:
    return ", ".join(use_words(use) for use in ("send", "worklist", "commit", "store", "query") if use in peer.uses)
