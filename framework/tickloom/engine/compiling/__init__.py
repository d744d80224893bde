"""From an author's step to machine code: the loop's source, its types, its object code."""
