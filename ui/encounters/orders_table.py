"""What was ordered for a patient, for those whose work is orders: the laboratory."""

from __future__ import annotations

from clinic_app.records import ServiceRequest
from ui.language import _
from ui.widgets.case_words import clock_words, first_line, specialty_words, urgency_look
from ui.widgets.record_table import Column, RecordTable


class OrdersTable(RecordTable[ServiceRequest]):
    """A patient's orders, the last ordered first."""

    def __init__(self) -> None:
        super().__init__(
            "chart.orders",
            (
                Column(lambda: _("Ordered at"), lambda each: clock_words(each.authored_on), width=150, is_strong=True),
                Column(
                    lambda: _("Urgency"),
                    lambda each: urgency_look(each.priority).text,
                    lambda each: urgency_look(each.priority),
                    width=170,
                ),
                Column(lambda: _("Order"), specialty_words, width=230),
                Column(lambda: _("Question"), _question),
                Column(lambda: _("Asked by"), _who, width=230),
            ),
            "clipboard-list",
        )
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew."""
        super().retranslate()
        self.set_name(_("Orders"))
        self.empty.say(
            _("Nothing ordered yet"), _("When a doctor orders something for this patient, it is listed here.")
        )


def _question(request: ServiceRequest) -> str:
    return next((first_line(each.text) for each in request.reason_code if each.text), "") or "—"


def _who(request: ServiceRequest) -> str:
    return (request.requester.display or "—") if request.requester else "—"
