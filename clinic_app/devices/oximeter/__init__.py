"""Finger pulse oximeters on a serial cable: the Contec CMS50 family in both of its dialects."""
