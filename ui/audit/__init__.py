"""The auditor: who did what, whether the trail is whole, and emergencies to judge."""
