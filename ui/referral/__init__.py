"""The district doctor's room: ask a specialist, see where the question is, read the signed answer."""
