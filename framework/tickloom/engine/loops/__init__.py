"""The loops that go over ticks: one set of parameters or many."""
