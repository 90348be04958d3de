"""How a picture wants to be shown: its curves, what lies over it, what is covered, where it lies in the patient."""
