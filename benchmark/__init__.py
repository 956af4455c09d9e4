"""ebb, the exposure-bias benchmark: how the quality of a sequence ebbs away when a model lives on its own outputs."""

__version__ = "0.1.0"
