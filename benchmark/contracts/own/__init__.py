"""A task from a user's own data, without code: a TOML file names a file of JSON lines and how it is read.

`data = "numbers.jsonl"` is all that the TOML file must say. Each line is `{"prompt": ..., "target": ...}`, or
`{"turns": [...]}` with the turns of a user and an assistant by turns.
"""

from benchmark.contracts.own.declaration import task_of_file

__all__ = ["task_of_file"]
