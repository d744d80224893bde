"""Expiries: their file format, look-ups of names, proof and re-dating of stores."""
