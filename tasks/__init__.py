"""The tasks: each file here is found by being here."""
