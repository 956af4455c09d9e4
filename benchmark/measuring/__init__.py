"""Measures: pure functions of what a model put out, and the evaluation that applies those a task allows."""
