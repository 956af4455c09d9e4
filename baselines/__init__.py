"""The baselines: each file here is found by being here."""
