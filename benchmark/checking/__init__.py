"""Checks of the suite itself: are its instruments right, and what do its paths cost?"""
