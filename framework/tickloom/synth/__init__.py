"""Raw vendor files that look like the real thing, seeded."""
