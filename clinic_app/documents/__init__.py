"""Documents for people: the PDF of a consult, and its place among the patient's records."""
