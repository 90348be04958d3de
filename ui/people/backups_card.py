"""The backups: what there is, when the last was made, where else they lie; and the room on the disk."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QHBoxLayout

from clinic_app.foundation.dates import form_moment
from clinic_app.foundation.texts import Text
from ui.language import Translated, _, said, say
from ui.people.view_model_data import DataViewModel
from ui.widgets.backup_words import BackupFacts, age_words, checked_look, kind_words, made_words
from ui.widgets.busy_line import BusyLine
from ui.widgets.buttons import Button
from ui.widgets.chip import Chip, ChipLook
from ui.widgets.labels import Card, label
from ui.widgets.record_table import Column, RecordTable
from ui.widgets.size_words import size_words
from ui.widgets.standstill import Standstill


class BackupsCard(Translated, Card):
    """The list, the state of the keeper, and one made by hand.

    Args:
        model: does it.
        second_disk: folder of the copies on another disk; empty for none.
    """

    def __init__(self, model: DataViewModel, second_disk: str) -> None:
        super().__init__()
        self._model = model
        self._second_disk = second_disk
        self._title = label("heading")
        self._now = Button("backups.now", "plain", "database-backup")
        self._last = Chip("backups.last")
        self._room = Chip("backups.room")
        self._where = label("muted", is_wrapped=True)
        self._where.setObjectName("backups.where")
        self._trouble = label("error", is_wrapped=True)
        self._trouble.setObjectName("backups.trouble")
        self._busy = BusyLine("backups.busy")
        self._said: Text | None = None
        self._table: RecordTable[BackupFacts] = RecordTable(
            "backups.list", self._columns(), "database-backup", key=lambda backup: backup.made_at
        )
        self._still = Standstill(self._now)
        self._build()
        self._now.clicked.connect(model.back_up_now)
        model.changed.connect(self._show)
        model.busy_changed.connect(self._show_busy)
        self.retranslate()

    def _columns(self) -> tuple[Column[Any], ...]:
        return (
            Column(lambda: _("Made"), made_words, width=140, is_strong=True),
            Column(lambda: _("Kind"), kind_words),
            Column(lambda: _("Records"), _count_words, width=82),
            Column(lambda: _("Size"), lambda each: size_words(each.size_bytes), width=80),
            Column(lambda: _("Check"), lambda each: checked_look(each).text, checked_look, width=172),
        )

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self._title)
        head.addStretch()
        head.addWidget(self._now)
        looks = QHBoxLayout()
        looks.setSpacing(8)
        for part in (self._last, self._room):
            looks.addWidget(part)
        looks.addStretch()
        for row in (head, looks):
            self.column.addLayout(row)
        for below in (self._where, self._trouble, self._busy):
            self.column.addWidget(below)
        self.column.addWidget(self._table, 1)

    def retranslate(self) -> None:
        """Say everything anew."""
        self._title.setText(_("Backups"))
        self._now.say(_("Make one now"))
        self._table.set_name(_("Backups, the newest first"))
        self._table.empty.say(_("No backup yet"), _("One is made every hour when something has changed."))
        if self._said is not None:
            self._busy.begin(say(self._said))
        self._show()

    def _show(self) -> None:
        state = self._model.state
        self._table.show_rows(state.backups)
        self._last.show_look(self._last_look())
        self._room.show_look(_room_look(state.room))
        self._where.setText(self._where_words())
        keeper = state.keeper
        troubles = (keeper.problem, keeper.second_problem) if keeper is not None else ()
        sentences = [said(each) for each in (*troubles, state.room_words) if each]
        self._trouble.setText(" ".join(sentences))
        self._trouble.setVisible(bool(sentences))

    def _last_look(self) -> ChipLook:
        keeper = self._model.state.keeper
        newest = keeper.newest if keeper is not None else None
        if newest is None:
            return ChipLook(_("none checked yet"), "warn", "triangle-alert")
        age = age_words(newest.made_at, self._model.clock.now())
        return ChipLook(_("last: {age}", age=age), "warn" if keeper.problem else "ok", "clock")

    def _where_words(self) -> str:
        often = _("Every hour, day and week, when something has changed; each copy is encrypted and checked.")
        if not self._second_disk:
            more = _("There is no second disk: name a folder there as backup_folder in settings.toml.")
            return f"{often} {more}"
        keeper = self._model.state.keeper
        carried = keeper.carried_at if keeper is not None else None
        moment = form_moment(carried) if carried else "—"
        return f"{often} " + _("Second disk {folder}: up to date {moment}.", folder=self._second_disk, moment=moment)

    def _show_busy(self, words: Text | None) -> None:
        self._said = words
        self._still.set_busy(words is not None)
        if words is None:
            self._busy.end()
        else:
            self._busy.begin(say(words))


def _count_words(backup: BackupFacts) -> str:
    return f"{backup.records}" if backup.records >= 0 else "—"


def _room_look(room: str) -> ChipLook:
    match room:
        case "ok":
            return ChipLook(_("enough room on the disk"), "ok", "hard-drive")
        case "low":
            return ChipLook(_("little room on the disk"), "warn", "hard-drive")
        case "full":
            return ChipLook(_("the disk is full"), "warn", "hard-drive")
    return ChipLook("")
