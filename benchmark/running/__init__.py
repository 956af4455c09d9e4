"""From a list of cells to a folder of records: one file a cell, whatever happens to it."""
