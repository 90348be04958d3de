"""Copies of the data that were proved, and the ways back from them."""
