"""Streams of the Lab Streaming Layer, for research equipment; its library comes with the extra ``research``."""
