"""Where the figures of training go while it runs: JSON lines always, and trackers that the user names."""
