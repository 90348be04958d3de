"""What IT runs on a computer before anybody works there: does everything the program stands on work here?

The same on every system, with or without a display, before anybody is set up. Nothing about a patient is read, and what
is tried leaves nothing behind.
"""

from clinic_app.selftest.checks import CHECKS, Check, Finding, Outcome, Place, look_through
from clinic_app.selftest.command import selftest
from clinic_app.selftest.report import as_json, as_lines

__all__ = ["CHECKS", "Check", "Finding", "Outcome", "Place", "as_json", "as_lines", "look_through", "selftest"]
