"""One sweep: many sets of parameters in one pass over each slice."""
