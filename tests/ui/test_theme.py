"""Every pair of colours that stands one on the other can be read, in every theme."""

from __future__ import annotations

import re

import pytest
from PySide6.QtWidgets import QApplication, QLabel

from ui import theme

TEXT_ON_GROUND = [
    ("text", "bg"), ("text", "surface"), ("text", "raised"), ("text", "hover"), ("text", "selected"),
    ("muted", "bg"), ("muted", "surface"), ("muted", "raised"),
    ("disabled", "bg"), ("disabled", "surface"),
    ("accent", "bg"), ("accent", "surface"), ("accent", "hover"),
    ("on_accent", "accent"), ("on_accent", "accent_hover"), ("surface", "alarm"),
    ("ok", "ok_soft"), ("warn", "warn_soft"), ("alarm", "alarm_soft"), ("info", "info_soft"),
    ("text", "ok_soft"), ("text", "warn_soft"), ("text", "alarm_soft"), ("text", "info_soft"),
    ("warn", "surface"), ("warn", "bg"), ("alarm", "surface"),
    ("rail_text", "rail"), ("rail_off", "rail"), ("rail_on", "rail_selected"), ("overlay", "bg"),
]  # fmt: skip
EDGES = [
    ("input_border", "surface"), ("input_border", "bg"), ("focus", "surface"), ("focus", "bg"),
    ("rail_mark", "rail"), ("rail_mark", "rail_selected"), ("warn", "warn_soft"), ("trace_ecg", "bg"),
    ("trace_pleth", "bg"),
]  # fmt: skip


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", ["light", "dark", "clinical"])
@pytest.mark.parametrize(("ink", "ground"), TEXT_ON_GROUND)
def test_text_can_be_read_on_its_ground(name: theme.ThemeName, ink: str, ground: str) -> None:
    tokens = theme.TOKENS[name]
    assert _contrast(tokens[ink], tokens[ground]) >= 4.5


@pytest.mark.parametrize("name", ["light", "dark", "clinical"])
@pytest.mark.parametrize(("edge", "ground"), EDGES)
def test_edges_and_traces_stand_out_from_their_ground(name: theme.ThemeName, edge: str, ground: str) -> None:
    tokens = theme.TOKENS[name]
    assert _contrast(tokens[edge], tokens[ground]) >= 3


@pytest.mark.parametrize("name", ["light", "dark", "clinical"])
def test_no_token_is_left_unfilled_in_the_style_sheet(name: theme.ThemeName) -> None:
    assert not re.search(r"[$%]", theme.style_sheet(name))


def test_all_themes_have_the_same_tokens() -> None:
    assert len({frozenset(tokens) for tokens in theme.TOKENS.values()}) == 1


def test_a_theme_can_be_changed_while_windows_are_open(qtbot: object, qapp: QApplication) -> None:
    window = QLabel("Әлібекқызы")
    qtbot.addWidget(window)  # type: ignore[attr-defined]
    heard: list[str] = []
    theme.notifier().changed.connect(lambda: heard.append(theme.current()))
    window.show()
    theme.apply(qapp, "light")
    heard.clear()
    theme.apply(qapp, "dark")
    assert window.palette().windowText().color() == theme.token("text", "dark")
    theme.apply(qapp, "light")
    assert heard == ["dark", "light"]
    assert window.palette().windowText().color() == theme.token("text", "light")


def test_who_is_dressed_so_already_is_not_dressed_again(qapp: QApplication) -> None:
    theme.apply(qapp, "dark")
    heard: list[str] = []
    theme.notifier().changed.connect(lambda: heard.append(theme.current()))
    theme.apply(qapp, "dark")
    assert heard == []
    qapp.setStyleSheet("")  # somebody else undressed it
    theme.apply(qapp, "dark")
    assert heard == ["dark"]
    assert qapp.styleSheet() == theme.style_sheet("dark")
    theme.apply(qapp, "light")
    assert heard == ["dark", "light"]


def test_a_clinical_widget_stays_dark_in_a_light_window(qtbot: object, qapp: QApplication) -> None:
    theme.apply(qapp, "light")
    widget = QLabel("II")
    qtbot.addWidget(widget)  # type: ignore[attr-defined]
    theme.make_clinical(widget)
    assert widget.palette().window().color() == theme.token("bg", "clinical")
