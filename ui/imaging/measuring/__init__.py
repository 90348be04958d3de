"""Marks in the viewer: the book of each study, the list beside the picture, the tools above it."""
