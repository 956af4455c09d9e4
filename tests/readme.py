"""The code blocks of the README and other documents."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]


class Block(NamedTuple):
    language: str
    text: str


def blocks(document: str = "README.md") -> list[Block]:
    """All fenced blocks, in order."""
    found = re.findall(r"^```(\w*)\n(.*?)^```", (ROOT / document).read_text(encoding="utf-8"), re.M | re.S)
    return [Block(language, text) for language, text in found]


def installs(block: Block) -> bool:
    return "pip install" in block.text
