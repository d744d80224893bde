"""What the underlying is worth as of a moment: by its own series, or by the quotes of options."""
