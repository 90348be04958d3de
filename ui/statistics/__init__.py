"""The statistician: how many and how fast."""
