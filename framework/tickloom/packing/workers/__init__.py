"""Workers: how many, within which memory, and what each of them loads."""
