"""Parsers under mutated input: what a stranger sends may be refused with a `ClinicError`, and nothing else may happen.

``python -m tests.fuzz NAME --seconds 60`` lets atheris (libFuzzer) look for more; `tests.fuzz.parsers` is the one list.
"""
