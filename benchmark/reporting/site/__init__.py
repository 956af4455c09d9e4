"""The site: all results in one HTML file that asks the network for nothing."""

from benchmark.reporting.site.about import About, MethodAbout, Run, TaskAbout
from benchmark.reporting.site.page import write_site

__all__ = ["About", "MethodAbout", "Run", "TaskAbout", "write_site"]
