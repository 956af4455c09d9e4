"""Examples of a user's own in symbols: each is one or several exchanges."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from benchmark.contracts.own.lines import read_lines

Symbols = tuple[str, ...]
Vocabulary = Literal["characters", "tokens"] | tuple[str, ...]
_PAIR, _TURNS = {"prompt", "target"}, {"turns"}


class Exchange(NamedTuple):
    """A prompt or a user's turn, and the target or the assistant's reply, without marks."""

    asked: Symbols
    said: Symbols


Example = tuple[Exchange, ...]


def key(example: Example) -> Symbols:
    """What a split goes by: the prompt or the user's first turn; the whole example where that is empty."""
    return example[0].asked or tuple(symbol for exchange in example for symbol in exchange.said)


def read_examples(path: Path, vocabulary: Vocabulary) -> tuple[list[Example], bool]:
    """Read a file of examples, and say whether they are dialogues.

    Raises:
        UsageError: if there is none, or a line is damaged: with the numbers of the lines.
    """
    kinds: list[set[str]] = []

    def read(line: dict[str, Any]) -> Example:
        if set(line) not in (_PAIR, _TURNS):
            raise ValueError(f'the keys "prompt" and "target", or "turns", are expected, got {sorted(line)}')
        kinds.append(set(line))
        if kinds[0] != kinds[-1]:
            raise ValueError(f"it has {_quoted(kinds[-1])} where the lines before have {_quoted(kinds[0])}")
        return _dialogue(line["turns"], vocabulary) if "turns" in line else (_exchange(line, vocabulary),)

    return read_lines(path, read), kinds[0] == _TURNS


def _quoted(names: set[str]) -> str:
    return " and ".join(f'"{name}"' for name in sorted(names))


def _exchange(line: dict[str, Any], vocabulary: Vocabulary) -> Exchange:
    asked, said = (_symbols(f"the {name}", line[name], vocabulary) for name in ("prompt", "target"))
    if not said:
        raise ValueError("the target is empty")
    return Exchange(asked, said)


def _dialogue(turns: Any, vocabulary: Vocabulary) -> Example:
    if not isinstance(turns, list) or not turns or len(turns) % 2:
        found = f"{len(turns)} of them" if isinstance(turns, list) else type(turns).__name__
        raise ValueError(f"a list of turns is expected, a user's and an assistant's by turns, got {found}")
    spelled = [_symbols(f"turn {number}", turn, vocabulary) for number, turn in enumerate(turns, 1)]
    return tuple(Exchange(asked, said) for asked, said in zip(spelled[::2], spelled[1::2], strict=True))


def _symbols(name: str, text: Any, vocabulary: Vocabulary) -> Symbols:
    """Cut a text into symbols, or take a list of tokens as it is."""
    if isinstance(text, str):
        symbols = tuple(text) if vocabulary == "characters" else tuple(text.split())
    elif vocabulary != "characters" and isinstance(text, list) and all(isinstance(token, str) for token in text):
        symbols = tuple(text)
    else:
        expected = "a text" if vocabulary == "characters" else "a text or a list of tokens"
        raise ValueError(f"{name} must be {expected}, got {type(text).__name__}")
    strange: Sequence[str] = sorted(set(symbols).difference(vocabulary)) if isinstance(vocabulary, tuple) else ()
    if strange:
        raise ValueError(f"{name} holds {strange[:5]}, outside the vocabulary")
    return symbols
