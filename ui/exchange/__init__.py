"""The exchange with the hub: what waits and why, questions about two answers, and what the hub refused."""
