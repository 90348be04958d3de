"""One table of the report: its bars, and below them the same in lines and columns for whoever reads by ear."""

from __future__ import annotations

from clinic_app.statistics import Line, Table, TableKey, Wait
from ui.language import Translated, _, say
from ui.statistics.words import WaitRow, chart_lines, count_words, duration_words, label_words, seen_lines, wait_rows
from ui.theme import ROW_PX
from ui.widgets.bar_chart import BarChart
from ui.widgets.labels import Card, label
from ui.widgets.record_table import Column, RecordTable

_HEADER_PX = 38
_MOST_ROWS = 5
_EMPTY_PX = 140


class TableCard(Translated, Card):
    """The chart and the table of one count.

    Args:
        key: which.
    """

    def __init__(self, key: TableKey) -> None:
        super().__init__()
        self.key = key
        self._table: Table | None = None
        self._title = label("heading", is_wrapped=True)
        self._total = label("muted")
        self._total.setObjectName(f"statistics.total.{key}")
        self.chart = BarChart(f"statistics.chart.{key}")
        self.rows: RecordTable[Line] = RecordTable(
            f"statistics.table.{key}",
            (
                Column(lambda: _("Group"), lambda line: label_words(line.label), is_strong=True),
                Column(lambda: _("Count"), lambda line: count_words(line.count), width=150),
            ),
            "chart-column",
            key=lambda line: line.label,
        )
        for part in (self._title, self.chart, self._total, self.rows):
            self.column.addWidget(part)
        self.retranslate()

    def show_table(self, table: Table | None) -> None:
        """Show another table, or none."""
        self._table = table
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew."""
        table = self._table
        title = say(table.title) if table else ""
        self._title.setText(title)
        self.rows.set_name(title)
        self.rows.empty.say(_("Nothing to count"), _("In these months there is none of this. Choose other months."))
        lines = () if table is None or table.is_empty else seen_lines(table)
        self.chart.setVisible(bool(lines))
        self.chart.show_lines(title, chart_lines(table) if table and lines else ())
        self._total.setText(_("Total: {count}", count=count_words(table.total)) if table else "")
        self._total.setVisible(bool(lines))
        self.rows.show_rows(lines)
        self.rows.setFixedHeight(_height(len(lines)))


class WaitCard(Translated, Card):
    """How long answers took, by both clocks.

    Args:
        side: ``sent`` or ``received``.
    """

    def __init__(self, side: str) -> None:
        super().__init__()
        self._title = label("heading", is_wrapped=True)
        self.rows: RecordTable[WaitRow] = RecordTable(
            f"statistics.waits.{side}",
            (
                Column(lambda: _("Urgency"), lambda row: say(row.urgency), width=150, is_strong=True),
                Column(lambda: _("Clock"), lambda row: say(row.clock)),
                Column(
                    lambda: _("A quarter within"),
                    lambda row: duration_words(row.told.low_min if row.told else None),
                    width=160,
                ),
                Column(
                    lambda: _("Half within"),
                    lambda row: duration_words(row.told.median_min if row.told else None),
                    width=160,
                ),
                Column(
                    lambda: _("Three quarters within"),
                    lambda row: duration_words(row.told.high_min if row.told else None),
                    width=180,
                ),
            ),
            "clock",
            key=lambda row: (row.urgency, row.clock),
        )
        self.column.addWidget(self._title)
        self.column.addWidget(self.rows)
        self.retranslate()

    def show_waits(self, waits: tuple[Wait, ...]) -> None:
        """Show other times; where none are told, that is said."""
        rows = tuple(wait_rows(waits))
        told = rows if any(row.told for row in rows) else ()
        self.rows.show_rows(told)
        self.rows.setFixedHeight(_height(len(told), most=len(rows)))

    def retranslate(self) -> None:
        """Say everything anew."""
        title = _("From the question to the answer")
        self._title.setText(title)
        self.rows.set_name(title)
        self.rows.empty.say(_("No times to tell"), _("Times are told from five answers on. Choose more months."))


def _height(rows: int, most: int = _MOST_ROWS) -> int:
    return _HEADER_PX + min(rows, most) * ROW_PX if rows else _EMPTY_PX
