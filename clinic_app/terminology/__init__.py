"""Codes and their words: which number system, which specialty, which lead, which vital sign.

Codes come from their terminologies (LOINC, UCUM, IEEE 11073-10101, HL7); words are gettext texts, so that a screen
and a document can say them in different languages.
"""
