"""Whole stories in plain sentences against the real program: the tour and the demo."""
