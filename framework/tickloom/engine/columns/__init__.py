"""A partition's columns as arrays: cut into slices, scanned from files, mapped from hot ones."""
