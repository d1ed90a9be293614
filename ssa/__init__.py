"""Simple spectral access (SSA 1.1), and spectra delivered in the Spectrum data model."""
