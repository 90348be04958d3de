"""Reusable parts of the windows; they know no clinic (except the patient banner)."""
