"""Built-in strategy kernels: short, exemplary, and registered like any plugin."""
