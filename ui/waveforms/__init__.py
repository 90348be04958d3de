"""The screens of signals: the live monitor and the patient's recordings."""
