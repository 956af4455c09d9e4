"""Folk tunes in ABC notation (after folk-rnn, Sturm et al. 2016, arXiv 1604.08723): are bars as long as the metre says?

Three collections that ship with music21 10.5.1, whose files are read without importing it: Aird's Airs (1778-1801),
Ryan's Mammoth Collection (1883) and O'Neill's Music of Ireland (1903). Metre, unit length and key are given; the tune
follows in notes, lengths in units, bar lines with repeats, and endings. Broken rhythms and tuplets are written out as
lengths, a chord is its first note, and ornaments, slurs, ties, chord symbols and words are dropped. Left out are tunes
that change metre, unit or key, that have several voices, or a symbol that few others have.

Split 80/10/10 by the hash of collection and title. A tune that has more than a quarter of the 8-grams of notes of a
held-out tune, or the other way round, is left out of the splits that come later: test, validation, training. Notes are
compared as steps of the scale, so that the key does not matter.

Axes: B batch, T time (columns), V vocabulary.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import NamedTuple, Self

import torch
from torch import Tensor

from benchmark.contracts import (
    Batch,
    Coordinates,
    CorpusTask,
    Curve,
    Discrete,
    Metric,
    Output,
    PackageData,
    Score,
    Split,
    split_by_hash,
)

_COLLECTIONS = tuple(
    PackageData("music21", f"corpus/{folder}", sha256, "music21==10.5.1", "*.abc")
    for folder, sha256 in (("airdsAirs", "bb7b8af608f400e9"), ("oneills1850", "c45fbfa139a40a00"), ("ryansMammoth", "3ea75e2db64cdbb5"))
)
_END = "#"
_LINES = ("|", "||", "|:", ":|", "::")
_PARTS = ("||", ":|", "::", _END)  # what ends a part of a tune
_TICKS = 12  # in a unit length
_LONGEST = 32  # bars
_LIMIT = 384  # symbols
_LOST = 1e6  # ticks of a length that follows no note
_KNOWN = 10  # training tunes in which a symbol stands at least
_NEAR = 0.25  # share of 8-grams

_CHANGE = re.compile(r"(?:^|\[)[KLMV]:", re.MULTILINE)
_FIELD = re.compile(r"^([A-Za-z]):(?![|:])[ ]*([^%\n]*).*\n?", re.MULTILINE)
_DROPPED = re.compile(r'%.*|"[^"\n]*"|\{[^}\n]*\}|![^!\n]*!|[\s\\`]')
_CHORD = re.compile(r"\[[^][|:A-Ga-g^_=\d]*([\^_=]*[A-Ga-g][,']*[\d/]*)[^][|:]*\]")
_PIECE = re.compile(
    r"\((?P<tuplet>[2-9])|(?P<pitch>[\^_=]?[A-Ga-g][,']*|[zx])(?P<length>\d*/*\d*)|(?P<broken>>+|<+)"
    r"|(?P<line>[][|:]+)(?P<ending>[12]?)"
)
_IN_TIME_OF = {2: 3, 4: 3, 8: 3}  # so many notes of a tuplet are played in the time of three, others of two
_MODES = {"": "maj", "M": "maj", "m": "min"}


class Tune(NamedTuple):
    """A tune in symbols: what is given, and what follows."""

    head: tuple[str, ...]
    body: tuple[str, ...]

    @property
    def lines(self) -> list[int]:
        """Where the bar lines stand."""
        return [place for place, symbol in enumerate(self.body) if symbol in _LINES]

    def cut(self, bars: int) -> Self:
        """Return the tune up to the end of so many bars."""
        lines = self.lines
        return self if len(lines) <= bars else self._replace(body=self.body[: lines[bars - 1] + 1])

    def contour(self) -> set[tuple[int, ...]]:
        """The 8-grams of notes, as steps of the scale from one note to the next."""
        notes = (re.match(r"[\^_=]?([A-Ga-g])(,*)('*)", symbol) for symbol in self.body)
        heights = ["CDEFGABcdefgab".index(note[1]) - 7 * len(note[2]) + 7 * len(note[3]) for note in notes if note]
        steps = [after - before for before, after in zip(heights, heights[1:], strict=False)]
        return {tuple(steps[place : place + 7]) for place in range(len(steps) - 6)}


def _ticks(length: str) -> float:
    """Ticks of a length as it is written: "" is a unit, "3" three, "/" and "1/2" half of one."""
    above, slashes, below = re.split(r"(/+|$)", length, maxsplit=1)
    return _TICKS * int(above or 1) / (int(below) if below else 2 ** len(slashes))


def _line(drawn: str) -> str:
    """Which bar line is drawn, "" if none."""
    drawn = drawn.rstrip("[")  # the bracket of an ending
    before, after = drawn[:1] == ":", drawn[-1:] == ":"
    if "|" not in drawn and drawn != "::":
        return ""
    return "::" if before and after else ":|" if before else "|:" if after else "|" if drawn == "|" else "||"


@cache
def _length(ticks: float) -> str:
    """How a length is written: not at all if it is a unit, or if what has it is no note."""
    return "" if ticks in (0, _TICKS) else str(Fraction(ticks / _TICKS).limit_denominator(64))


def spell(music: str) -> tuple[str, ...]:
    """Write music in ABC notation in symbols; they are ABC themselves."""
    written: list[tuple[str, float]] = []  # symbols and their ticks, 0 if it is no note
    tuplet, notes, after = 1.0, 0, 1.0  # factors of the next notes' lengths, and for how many notes
    for piece in _PIECE.finditer(_CHORD.sub(r"\1", _DROPPED.sub("", music))):
        if piece["tuplet"]:
            notes = int(piece["tuplet"])
            tuplet = _IN_TIME_OF.get(notes, 2) / notes
        elif piece["pitch"]:
            ticks = _ticks(piece["length"]) * after * (tuplet if notes > 0 else 1)
            written.append((piece["pitch"], ticks))
            notes, after = notes - 1, 1.0
        elif written and piece["broken"]:
            short = 0.5 ** len(piece["broken"])
            now, after = (2 - short, short) if piece["broken"][0] == ">" else (short, 2 - short)
            written[-1] = (written[-1][0], written[-1][1] * now)
        elif written:
            drawn = (_line(piece["line"]), piece["ending"] and f"[{piece['ending']}")
            written += [(symbol, 0.0) for symbol in drawn if symbol]
    return tuple(part for symbol, ticks in written for part in (symbol, _length(round(ticks, 6))) if part)


def _share(metre: str) -> float:
    """Duration of a bar, or of a unit length, in whole notes."""
    return 1.0 if metre[0] == "C" else float(Fraction(metre))


def _head(fields: Mapping[str, str], key: str) -> tuple[str, ...]:
    """Metre, unit length and key as symbols; the unit is that of the ABC standard where none is named."""
    metre = fields["M"].replace(" ", "")
    unit = fields.get("L", "").strip() or ("1/16" if _share(metre) < 0.75 else "1/8")
    tonic, mode = re.match(r"\s*(\w[#b]?)\s*(\w*)", key).groups()  # type: ignore[union-attr]
    return f"M:{metre}", f"L:{unit}", f"K:{tonic}{_MODES.get(mode, mode[:3].lower())}"


def _tunes() -> Iterator[tuple[str, Tune]]:
    """All tunes of one voice that stay in one metre, unit and key, by collection and title."""
    for collection in _COLLECTIONS:
        for text in collection.read().values():
            for part in re.split(r"^(?=X:)", text, flags=re.MULTILINE)[1:]:
                header, _, rest = part.partition("\nK:")
                key, _, music = rest.partition("\n")
                fields = dict(_FIELD.findall(header))
                if "V" not in fields and not _CHANGE.search(music):
                    body = spell(_FIELD.sub("", music))
                    closed = body if body[-1] in _LINES else (*body, "||")
                    yield f"{collection.path} {fields.get('T', '')}", Tune(_head(fields, key), (*closed, _END))


def _without_near_duplicates(tunes: Mapping[Split, Sequence[Tune]]) -> dict[Split, list[Tune]]:
    """Leave out what is near to a held-out tune that was kept before, in the order test, validation, training."""
    having: dict[tuple[int, ...], list[int]] = {}  # the held-out tunes that have an 8-gram
    sizes: list[int] = []  # 8-grams of each held-out tune
    kept: dict[Split, list[Tune]] = {"train": [], "validation": [], "test": []}
    for split in reversed(kept):
        for tune in tunes[split]:
            contour = tune.contour()
            shared = Counter(other for gram in contour for other in having.get(gram, ()))
            if any(count > _NEAR * min(len(contour), sizes[other]) for other, count in shared.items()):
                continue
            kept[split].append(tune)
            if split != "train":
                for gram in contour:
                    having.setdefault(gram, []).append(len(sizes))
                sizes.append(len(contour))
    return kept


@cache
def _corpus() -> dict[Split, list[Tune]]:
    """Tunes by split, of symbols that training shows often enough, without the few that are longest."""
    found: dict[Split, list[Tune]] = {"train": [], "validation": [], "test": []}
    for title, tune in _tunes():
        found[split_by_hash(title, held_out=0.1)].append(tune)
    found = _without_near_duplicates(found)
    count = Counter(symbol for tune in found["train"] for symbol in {*tune.head, *tune.body})
    known = {symbol for symbol in count if count[symbol] >= _KNOWN}
    return {
        split: [tune for tune in tunes if known.issuperset(tune.head + tune.body) and len(tune.cut(_LONGEST).body) <= _LIMIT]
        for split, tunes in found.items()
    }


@cache
def _symbols() -> tuple[str, ...]:
    """All symbols, those that are given first."""
    tunes = _corpus()["train"]
    heads, bodies = ({symbol for tune in tunes for symbol in getattr(tune, part)} for part in ("head", "body"))
    return (*sorted(heads), *sorted(bodies))


def _last(values: Tensor, event: Tensor) -> Tensor:
    """Values [B, T] at the latest column before each at which there was an event [B, T], 0 where there was none."""
    columns = torch.where(event, torch.arange(1, event.shape[1] + 1), 0).cummax(1).values
    before = torch.nn.functional.pad(columns, (1, 0))[:, :-1]  # [B, T]
    return torch.nn.functional.pad(values, (1, 0)).gather(1, before)


class FolkTunes(CorpusTask):
    """Continue a folk tune from its metre and key: a language model of ABC notation, judged by the bars' durations.

    The axis counts bars. A tune is cut after as many bars as are asked for, so that every tune has the first bars and
    some the last ones. A model's tune ends by itself or after 384 symbols.
    """

    name = "folk_tunes"
    needs = _COLLECTIONS
    metric = Metric(
        "bars of the right duration",
        "share of bars",
        "higher",
        0.0,
        1.0,
        gold_prefix="a bar is several choices, which on gold prefixes would not be made after one another",
    )
    curve = Curve("turn", "bars", ((1, 4), (5, 8), (9, 12), (13, 18), (19, _LONGEST)), trained=(1, 18), tokens=_LIMIT)
    coordinates = Coordinates(
        failure="open", target="stochastic", recoverable="partly", aligned=False, source="real", given="prompt"
    )
    decoding = "sample"
    licence = (
        "tunes: public domain (printed 1778-1903); transcriptions: no licence stated, distributed with music21 by "
        "permission of those who made them; music21: BSD-3-Clause"
    )
    citation = """@inproceedings{sturm2016music,
  title = {Music transcription modelling and composition using deep learning},
  author = {Sturm, Bob L. and Santos, Jo{\~a}o Felipe and Ben-Tal, Oded and Korshunova, Iryna},
  booktitle = {Conference on Computer Simulation of Musical Creativity}, year = {2016}
}"""

    def __init__(self) -> None:
        symbols = _symbols()
        self.index = {symbol: place for place, symbol in enumerate(symbols)}
        emits = [place for place, symbol in enumerate(symbols) if symbol[:2] not in ("M:", "L:", "K:")]
        self.space = Discrete(len(symbols), end=self.index[_END], emits=tuple(emits), symbols=symbols)
        self.is_line, self.is_part = (torch.tensor([symbol in kind for symbol in symbols]) for kind in (_LINES, _PARTS))
        pitches = re.compile(r"[\^_=]?[A-Ga-gxz][,']*")
        self.is_note = torch.tensor([bool(pitches.fullmatch(symbol)) for symbol in symbols])  # [V]
        ticks = [_ticks(symbol) if symbol[0].isdigit() else 0.0 for symbol in symbols]
        shares = [_share(symbol[2:]) if symbol[:2] in ("M:", "L:") else 0.0 for symbol in symbols]
        self.ticks, self.share = (torch.tensor(values, dtype=torch.float64) for values in (ticks, shares))  # [V]

    @classmethod
    def corpus(cls) -> Mapping[Split, Sequence[Tune]]:
        """Tunes by split, split by collection and title."""
        return _corpus()

    @classmethod
    def length_of(cls, example: Tune) -> int:
        """Bars."""
        return len(example.lines)

    @classmethod
    @cache
    def within(cls, split: Split, length: tuple[int, int]) -> Sequence[Tune]:
        """All tunes of a split, the longer ones cut: each has a first bar, so that none is too short."""
        return [tune.cut(length[1]) for tune in cls.corpus()[split]]

    @classmethod
    def columns_of(cls, example: Tune) -> int:
        """By the symbols of the body."""
        return len(example.body)

    def lay_out(self, examples: Sequence[Tune]) -> Batch:
        """Metre, unit length and key are the prompt; the body, and the end of a tune that is not cut, the target."""
        rows = ([[self.index[symbol] for symbol in part] for part in tune] for tune in examples)
        prompts, targets = zip(*rows, strict=True)
        return Batch.from_rows(prompts, targets)

    def limit(self, batch: Batch) -> Tensor:
        """The same for all."""
        return torch.full((len(batch),), _LIMIT)

    def positions(self, output: Output) -> Tensor:
        """Number of the bar that an own symbol stands in, or closes, from 1, [B, T]."""
        lines = (self.is_line[output.tokens] & output.own).long()
        return (lines.cumsum(1) - lines + 1) * output.own

    def score(self, batch: Batch, output: Output) -> Score:
        """Whether a bar has the duration of the metre, [B, T], at what closes it: a bar line, or the end of the tune.

        A part's first bar may be shorter, a pick-up, and is not counted; its last one is right with the latest pick-up
        as well as without. A bar that the limit cuts is not counted.
        """
        right, closes = self._bars(batch, output)
        return Score(right.double(), closes.double())

    def reward(self, batch: Batch, output: Output) -> Tensor:
        """1 for a bar of the right duration over the bars of the tune, [B, T], at what closes it."""
        right, closes = self._bars(batch, output)
        return (right & closes).float() / closes.sum(1, keepdim=True).clamp_min(1)

    def _bars(self, batch: Batch, output: Output) -> tuple[Tensor, Tensor]:
        """Whether a bar that is closed here is right, and whether one is and counts; [B, T] bool."""
        tokens, own = output.tokens, output.own
        note, line = self.is_note[tokens] & own, self.is_line[tokens] & own
        after_note, after_line = (torch.nn.functional.pad(part, (1, 0))[:, :-1] for part in (note, line))
        length = self.ticks[tokens] * own
        misplaced = (length > 0) & ~after_note
        spent = _TICKS * note + torch.where(length > 0, length - _TICKS, 0.0) + _LOST * misplaced
        total = spent.cumsum(1)  # ticks since the beginning
        closes = line | ((tokens == self.space.end) & own & ~after_line)
        ends_part = closes & self.is_part[tokens]
        duration = total - _last(total, closes)
        full = (self.share[batch.tokens[:, 0]] / self.share[batch.tokens[:, 1]] * _TICKS)[:, None]  # [B, 1] ticks
        opens_part = _last((~ends_part).double(), closes) == 0
        pick_up = closes & opens_part & ~ends_part & (duration > 0) & (duration < full)
        made_up = ends_part & (duration + _last(duration, pick_up) == full)
        return (duration == full) | made_up, closes & ~pick_up
