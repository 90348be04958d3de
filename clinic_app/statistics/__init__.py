"""How many and how fast, for the statistician and the health office: counts only, never anybody's record."""

from clinic_app.statistics.protection import LEAST
from clinic_app.statistics.report import AGES, Line, Quartiles, Report, Table, TableKey, Wait
from clinic_app.statistics.spans import MOST_MONTHS, Span, last_twelve_months, month_begin, month_end
from clinic_app.statistics.statistics import (
    FROM_HUB,
    FROM_SENT,
    HIDDEN,
    HIDDEN_MEANS,
    ROUNDED_MEANS,
    SIDE_WORDS,
    Statistics,
)

__all__ = [
    "AGES",
    "FROM_HUB",
    "FROM_SENT",
    "HIDDEN",
    "HIDDEN_MEANS",
    "LEAST",
    "MOST_MONTHS",
    "ROUNDED_MEANS",
    "SIDE_WORDS",
    "Line",
    "Quartiles",
    "Report",
    "Span",
    "Statistics",
    "Table",
    "TableKey",
    "Wait",
    "last_twelve_months",
    "month_begin",
    "month_end",
]
