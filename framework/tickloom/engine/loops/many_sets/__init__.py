"""The loops of sweeps: every set of parameters over the same rows, read once."""
