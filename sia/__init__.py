"""Simple image access (SIA 2.0 and 1.0) over the table of observations."""
