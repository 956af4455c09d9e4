"""Checks of the suite itself: what its paths cost."""
