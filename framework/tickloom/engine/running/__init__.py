"""One run: what is planned, what is run over each slice, how its results add up."""
