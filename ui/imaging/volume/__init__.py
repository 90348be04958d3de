"""A series cut in three directions: the state, the three linked pictures, and the door that leads there and back."""
