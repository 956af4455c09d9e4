"""The figures of a report: each a declaration with a stable id, in a file of its own."""
