"""Sources: who claims them, what identifies them, which of them have to be read."""
