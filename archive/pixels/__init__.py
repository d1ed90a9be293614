"""Pixels and spectra out of stored files: reading what is asked for, cutting it out, and nothing of HTTP."""
