"""The clinic: everything a district hospital does, with no screen.

Runs headless and imports no Qt. `ui` shows it, `main.py` wires it, `docs/architecture.md` draws it.
"""
