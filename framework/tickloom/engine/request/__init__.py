"""What a user asks for: filters, parameters, grids, all of it checked."""
