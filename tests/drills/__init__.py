"""Rehearsed disasters: each drill breaks something on purpose, counts what was lost, and has a mutant it must catch."""
