"""How the status page looks: the colours of the program's own themes, light or dark as the reader's system is.

The page has no script and loads nothing from anywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LIGHT: Final[Mapping[str, str]] = {
    "bg": "#F4F6F8", "surface": "#FFFFFF", "raised": "#F8FAFB", "text": "#14212B", "muted": "#52626F",
    "accent": "#0B5C86", "accent_hover": "#0A4F74", "on_accent": "#FFFFFF", "border": "#D5DDE3", "focus": "#0B6FA4",
    "ok": "#1B6B3A", "ok_soft": "#E2F2E7", "warn": "#7A4B00", "warn_soft": "#FFF1D6",
    "alarm": "#B00020", "alarm_soft": "#FDE7EA",
    "rail": "#102A3A", "rail_text": "#C3D2DC", "rail_selected": "#1E4C66", "rail_on": "#FFFFFF",
}  # fmt: skip
DARK: Final[Mapping[str, str]] = {
    "bg": "#11181D", "surface": "#1A232A", "raised": "#202B33", "text": "#E8EEF2", "muted": "#A3B3BF",
    "accent": "#5DB7E8", "accent_hover": "#7CC6EE", "on_accent": "#07202E", "border": "#2E3B45", "focus": "#7CC6EE",
    "ok": "#7FD59B", "ok_soft": "#16321F", "warn": "#F3BE5B", "warn_soft": "#3A2B0C",
    "alarm": "#FF8A97", "alarm_soft": "#47131B",
    "rail": "#0A0F13", "rail_text": "#A3B3BF", "rail_selected": "#1D3645", "rail_on": "#FFFFFF",
}  # fmt: skip
"""Those of ``ui/theme.py``, which a hub does not have; a test holds them together."""
_SHEET: Final = """
:root { color-scheme: light dark; $light }
@media (prefers-color-scheme: dark) { :root { $dark } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--text); font: 14px/1.45 Inter, "Segoe UI", system-ui, sans-serif; }
header { background: var(--rail); color: var(--rail-text); padding: 12px 24px; display: flex; gap: 16px;
  align-items: center; flex-wrap: wrap; }
header strong { color: var(--rail-on); font-size: 17px; }
header nav { margin-left: auto; display: flex; gap: 4px; align-items: center; }
header a, header button { color: var(--rail-text); background: none; border: 0; padding: 6px 10px; border-radius: 6px;
  text-decoration: none; font: inherit; cursor: pointer; }
header a[aria-current], header a:hover, header button:hover { background: var(--rail-selected); color: var(--rail-on); }
main { max-width: 1180px; margin: 0 auto; padding: 20px 24px 48px; }
main.narrow { max-width: 560px; }
h1 { font-size: 20px; margin: 8px 0 12px; }
h2 { font-size: 15px; margin: 28px 0 10px; }
.card, details { background: var(--surface); border: 1px solid var(--border); border-radius: 8px; }
.card { padding: 16px 18px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: 12px; }
.tiles dt { color: var(--muted); font-size: 12px; }
.tiles dd { margin: 2px 0 0; font-size: 17px; font-weight: 600; }
.tiles small { display: block; font-weight: 400; font-size: 12px; color: var(--muted); }
.notices { list-style: none; margin: 0 0 20px; padding: 0; display: grid; gap: 8px; }
.notices li { padding: 10px 14px; border-radius: 8px; border-left: 4px solid currentColor; font-weight: 500; }
.grave { background: var(--alarm-soft); color: var(--alarm); }
.mild { background: var(--warn-soft); color: var(--warn); }
.well { background: var(--ok-soft); color: var(--ok); }
details { margin-bottom: 10px; }
summary { padding: 10px 14px; cursor: pointer; font-weight: 600; }
summary span { font-weight: 400; color: var(--muted); margin-left: 10px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; min-width: 640px;
  font-variant-numeric: tabular-nums; }
th { text-align: left; color: var(--muted); font-weight: 500; font-size: 12px; background: var(--raised); }
th, td { padding: 8px 14px; border-top: 1px solid var(--border); vertical-align: top; }
td.number, th.number { text-align: right; white-space: nowrap; }
td small { color: var(--muted); display: block; }
.state { display: inline-block; padding: 1px 9px; border-radius: 10px; font-size: 12px; font-weight: 600; }
.here { background: var(--ok-soft); color: var(--ok); }
.late { background: var(--warn-soft); color: var(--warn); }
.silent, .broken { background: var(--alarm-soft); color: var(--alarm); }
.never, .revoked { background: var(--raised); color: var(--muted); }
.primary { background: var(--accent); color: var(--on-accent); border: 0; border-radius: 6px; padding: 9px 18px;
  font: inherit; font-weight: 600; cursor: pointer; }
.primary:hover { background: var(--accent-hover); }
code { background: var(--raised); border: 1px solid var(--border); border-radius: 4px; padding: 2px 6px;
  overflow-wrap: anywhere; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
footer { color: var(--muted); font-size: 12px; margin-top: 28px; }
"""


def style_sheet() -> str:
    """Return the style sheet."""
    return _SHEET.replace("$light", _variables(LIGHT)).replace("$dark", _variables(DARK))


def _variables(tokens: Mapping[str, str]) -> str:
    return " ".join(f"--{name.replace('_', '-')}: {colour};" for name, colour in tokens.items())
