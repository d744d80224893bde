"""Commits: the manifest, its log and lock, and what makes a change all or nothing."""
