"""The exchange with the hub, as staff see it: what waits and why, and questions between two answers."""
