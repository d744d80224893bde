"""Reading: units of a source, one by one, into bins."""
