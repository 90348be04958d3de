"""Images of the patient in hand: taken in from a folder, read, measured, marked for the question."""
