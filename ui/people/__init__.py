"""Settings of the person and, for an administrator, the people of the facility."""
