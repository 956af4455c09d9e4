"""Where cells run. Every engine takes cells as JSON and gives one record a cell, whatever becomes of it."""
