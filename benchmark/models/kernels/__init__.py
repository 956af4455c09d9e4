"""Compiled kernels, each for an optional package; apart from the models, which are found by being in their folder."""
