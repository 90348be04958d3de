"""Outbox to hub, hub to inbox, big content in resumable pieces; and what the screens know about it."""
