"""The reception's screen: find a patient, register one, amend one."""
