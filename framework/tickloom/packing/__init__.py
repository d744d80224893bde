"""Raw files into a store: plan, read and bin, merge, assemble, commit."""
