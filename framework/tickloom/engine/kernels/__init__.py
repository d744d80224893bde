"""What an author registered: the spec's columns, constants and variants, and what is refused."""
