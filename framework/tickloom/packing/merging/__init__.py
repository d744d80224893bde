"""The merge: the multiset union of a contract's rows over all of its sources."""
