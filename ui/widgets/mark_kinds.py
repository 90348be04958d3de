"""The kinds of marks as a person chooses them: key, icon, words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from clinic_app.imaging.measuring import Kind
from ui.language import _


@dataclass(frozen=True)
class MarkKind:
    """A kind.

    Args:
        kind: of the core.
        key: letter that takes its tool in hand, with Shift where it says so.
        icon: of the house's set.
        words: gives its name in the language of the windows.
        hint: says how it is drawn.
    """

    kind: Kind
    key: str
    icon: str
    words: Callable[[], str]
    hint: Callable[[], str]


MARK_KINDS: Final = (
    MarkKind("length", "L", "ruler", lambda: _("Length"), lambda: _("Drag from end to end.")),
    MarkKind(
        "angle",
        "A",
        "triangle-right",
        lambda: _("Angle"),
        lambda: _("Drag the first side to the corner, then click the other end."),
    ),
    MarkKind("cobb", "C", "spline", lambda: _("Cobb's angle"), lambda: _("Drag one line, then the other.")),
    MarkKind("ellipse", "E", "circle", lambda: _("Ellipse"), lambda: _("Drag from corner to corner.")),
    MarkKind("rectangle", "B", "square", lambda: _("Rectangle"), lambda: _("Drag from corner to corner.")),
    MarkKind("free", "F", "lasso", lambda: _("Free region"), lambda: _("Draw the edge with the button held.")),
    MarkKind("point", "P", "crosshair", lambda: _("Value at a point"), lambda: _("Click.")),
    MarkKind("arrow", "D", "move-up-right", lambda: _("Arrow"), lambda: _("Drag from the tip to the tail.")),
    MarkKind("text", "T", "type", lambda: _("Text"), lambda: _("Click, then write.")),
    MarkKind(
        "head ellipse",
        "Shift+E",
        "baby",
        lambda: _("Head circumference"),
        lambda: _("Drag along the longest diameter (OFD), then pull the ellipse to the edge."),
    ),
    MarkKind(
        "scale",
        "G",
        "pencil-ruler",
        lambda: _("Known length"),
        lambda: _("Drag along a thing of known length, then write its millimetres."),
    ),
)
BY_KIND: Final = {each.kind: each for each in MARK_KINDS}
