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

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

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
    for folder, sha256 in (("airdsAirs", "bb7b8af608f400e9"), ("oneills1850", "c45fbfa139a40a00"),
                           ("ryansMammoth", "3ea75e2db64cdbb5"))
)  # fmt: skip
_END = "#"
_LINES = ("|", "||", "|:", ":|", "::")
_PARTS = ("||", ":|", "::", _END)  # what ends a part of a tune
_LONGEST, _LIMIT = 32, 384  # bars and symbols of a tune that are looked at
_FEWEST = 10  # training tunes in which a symbol stands
_NEAR = 0.25  # share of 8-grams

_CHANGE = re.compile(r"(?:^|\[)[KLMV]:", re.MULTILINE)
_FIELD = re.compile(r"^([A-Za-z]):(?![|:]) *([^%\n]*).*\n?", re.MULTILINE)
_DROPPED = re.compile(r'%.*|"[^"\n]*"|\{[^}\n]*\}|![^!\n]*!|[\s\\`]')
_CHORD = re.compile(r"\[[^][|:A-Ga-g^_=\d]*([\^_=]*[A-Ga-g][,']*[\d/]*)[^][|:]*\]")
_PIECE = re.compile(
    r"\((?P<tuplet>[2-9])[:\d]*|(?P<pitch>[\^_=]?[A-Ga-g][,']*|[xz])(?P<length>\d*/*\d*)|(?P<broken>>+|<+)"
    r"|(?P<line>[][|:]+)(?P<ending>[12]?)"
)
_NOTE = re.compile(r"[\^_=]?([A-Ga-gxz])(,*)('*)")
_STEPS = "CDEFGABcdefgab"
_IN_TIME_OF = {2: 3, 4: 3, 8: 3}  # so many notes of a tuplet take the time of three, others of two
_MODES = {"": "maj", "M": "maj", "m": "min"}


class Tune(NamedTuple):
    """A tune in symbols: what is given, and what follows."""

    head: tuple[str, ...]
    body: tuple[str, ...]


def _units(length: str) -> float:
    """Units of a length as it is written: "" is one, "3" three, "/" and "1/2" half of one."""
    above, slashes, below = re.split(r"(/+|$)", length, maxsplit=1)
    return int(above or 1) / (int(below) if below else 2 ** len(slashes))


def _line(drawn: str) -> str:
    """Which bar line is drawn, "" if none."""
    drawn = drawn.rstrip("[")  # the bracket of an ending
    before, after = drawn[:1] == ":", drawn[-1:] == ":"
    if "|" not in drawn and drawn != "::":
        return ""
    return "::" if before and after else ":|" if before else "|:" if after else "|" if drawn == "|" else "||"


def spell(music: str) -> tuple[str, ...]:
    """Write music in ABC notation in symbols; they are ABC themselves."""
    written: list[tuple[str, float]] = []  # symbols and their units, 0 if it is no note
    tuplet, notes, after = 1.0, 0, 1.0  # factors of the next notes' lengths, the first for so many notes
    for piece in _PIECE.finditer(_CHORD.sub(r"\1", _DROPPED.sub("", music))):
        if piece["tuplet"]:
            notes = int(piece["tuplet"])
            tuplet = _IN_TIME_OF.get(notes, 2) / notes
        elif piece["pitch"]:
            written.append((piece["pitch"], _units(piece["length"]) * after * (tuplet if notes > 0 else 1)))
            notes, after = notes - 1, 1.0
        elif written and piece["broken"]:
            short = 0.5 ** len(piece["broken"])
            now, after = (2 - short, short) if piece["broken"][0] == ">" else (short, 2 - short)
            written[-1] = (written[-1][0], written[-1][1] * now)
        elif written:
            drawn = (_line(piece["line"]), piece["ending"] and f"[{piece['ending']}")
            written += [(symbol, 0) for symbol in drawn if symbol]
    lengths = {units: str(Fraction(units).limit_denominator(64)) for _, units in written}
    return tuple(part for symbol, units in written for part in (symbol, lengths[units]) if part not in ("0", "1"))


def _share(metre: str) -> float:
    """Duration of a bar, or of a unit length, in whole notes."""
    return 1.0 if metre[0] == "C" else float(Fraction(metre))


def _tune(text: str) -> tuple[str, Tune | None]:
    """Title and tune, None where its metre, unit or key changes or it has several voices."""
    header, _, rest = text.partition("\nK:")
    key, _, music = rest.partition("\n")
    fields = dict(_FIELD.findall(header))
    metre = fields["M"].replace(" ", "")
    unit = fields.get("L", "").strip() or ("1/16" if _share(metre) < 0.75 else "1/8")
    tonic, mode = re.match(r"\s*(\w[#b]?)\s*(\w*)", key).groups()  # type: ignore[union-attr]
    head = (f"M:{metre}", f"L:{unit}", f"K:{tonic}{_MODES.get(mode, mode[:3].lower())}")
    body = spell(_FIELD.sub("", music))
    tune = Tune(head, (*body, _END) if body[-1] in _LINES else (*body, "||", _END))
    return fields.get("T", ""), None if "V" in fields or _CHANGE.search(music) else tune


def contour(tune: Tune) -> set[tuple[int, ...]]:
    """The 8-grams of notes, as steps of the scale from one note to the next."""
    notes = [note for symbol in tune.body if (note := _NOTE.fullmatch(symbol)) and note[1] in _STEPS]
    heights = [_STEPS.index(note[1]) - 7 * len(note[2]) + 7 * len(note[3]) for note in notes]
    steps = [after - before for before, after in itertools.pairwise(heights)]
    return {tuple(steps[place : place + 7]) for place in range(len(steps) - 6)}


def _without_near_duplicates(tunes: Iterable[tuple[Split, Tune]]) -> Iterator[tuple[Split, Tune]]:
    """Yield the tunes that are not near to a held-out tune before them."""
    having: dict[tuple[int, ...], list[int]] = {}  # the held-out tunes that have an 8-gram
    sizes: list[int] = []  # 8-grams of each held-out tune
    for split, tune in tunes:
        grams = contour(tune)
        shared = Counter(other for gram in grams for other in having.get(gram, ()))
        if any(count > _NEAR * min(len(grams), sizes[other]) for other, count in shared.items()):
            continue
        yield split, tune
        if split != "train":
            for gram in grams:
                having.setdefault(gram, []).append(len(sizes))
            sizes.append(len(grams))


@cache
def _corpus() -> dict[Split, list[Tune]]:
    """Tunes by split, of symbols that training shows often enough, without the few that are longest."""
    found: dict[Split, list[Tune]] = {"test": [], "validation": [], "train": []}
    for collection in _COLLECTIONS:
        for text in "\n".join(["", *map(bytes.decode, collection.read().values())]).split("\nX:")[1:]:
            title, tune = _tune(text)
            if tune and len(cut(tune, _LONGEST).body) <= _LIMIT:
                found[split_by_hash(f"{collection.path} {title}", held_out=0.1)].append(tune)
    kept = list(_without_near_duplicates((split, tune) for split in found for tune in found[split]))
    count = Counter(symbol for split, tune in kept if split == "train" for symbol in {*tune.head, *tune.body})
    known = {symbol for symbol in count if count[symbol] >= _FEWEST}
    return {name: [tune for split, tune in kept if split == name and known.issuperset(sum(tune, ()))] for name in found}


def cut(tune: Tune, bars: int) -> Tune:
    """The tune up to the end of so many bars."""
    lines = [place for place, symbol in enumerate(tune.body) if symbol in _LINES]
    return tune if len(lines) <= bars else Tune(tune.head, tune.body[: lines[bars - 1] + 1])


def _latest(values: Tensor, event: Tensor) -> Tensor:
    """Values [B, T] at the last column before each at which there was an event [B, T], 0 where there was none."""
    columns = torch.where(event, torch.arange(1, event.shape[1] + 1), 0).cummax(1).values
    return pad(values, (1, 0)).gather(1, pad(columns, (1, 0))[:, :-1])


class FolkTunes(CorpusTask):
    """Continue a folk tune from its metre and key: a language model of ABC notation, judged by the bars' durations.

    The axis counts bars. A tune is cut after as many bars as are asked for, so that every tune has the first bars and
    some the last ones. A model's tune ends by itself or after 384 symbols.
    """

    name = "folk_tunes"
    needs = _COLLECTIONS
    metric = Metric(
        "bars of the right duration", "share of bars", "higher", 0.0, 1.0,
        "a bar is several choices, which on gold prefixes would not be made after one another",
    )  # fmt: skip
    curve = Curve("turn", "bars", ((1, 4), (5, 8), (9, 12), (13, 18), (19, _LONGEST)), trained=(1, 18), tokens=_LIMIT)
    coordinates = Coordinates(
        failure="open", target="stochastic", recoverable="partly", aligned=False, source="real", given="prompt"
    )
    decoding = "sample"
    floor = 0.021  # symbols by their frequency alone; recomputed in the tests, like the others
    ceiling = 0.986  # the test tunes themselves
    controls = {}
    licence = "tunes: public domain; transcriptions: with their makers' permission, no licence; music21: BSD-3-Clause"
    citation = """@inproceedings{sturm2016music,
  title = {Music transcription modelling and composition using deep learning},
  author = {Sturm, Bob L. and Santos, Jo{\\~a}o Felipe and Ben-Tal, Oded and Korshunova, Iryna},
  booktitle = {Conference on Computer Simulation of Musical Creativity}, year = {2016}
}"""

    def __init__(self) -> None:
        heads, bodies = (sorted(set().union(*parts)) for parts in zip(*_corpus()["train"], strict=True))
        symbols = (*heads, *bodies)
        self.index = {symbol: place for place, symbol in enumerate(symbols)}
        emits = tuple(range(len(heads), len(symbols)))
        self.space = Discrete(len(symbols), end=self.index[_END], emits=emits, symbols=symbols)
        self.is_line, self.is_part = (torch.tensor([symbol in kind for symbol in symbols]) for kind in (_LINES, _PARTS))
        self.is_note = torch.tensor([_NOTE.fullmatch(symbol) is not None for symbol in symbols])  # [V]
        units = [_units(symbol) if symbol[0].isdigit() else 0.0 for symbol in symbols]
        shares = [_share(symbol[2:]) if re.match("[LM]:", symbol) else 0.0 for symbol in symbols]
        self.units, self.share = (torch.tensor(values, dtype=torch.float64) for values in (units, shares))  # [V]

    @classmethod
    def corpus(cls) -> Mapping[Split, Sequence[Tune]]:
        """Tunes by split, split by collection and title."""
        return _corpus()

    @classmethod
    def length_of(cls, example: Tune) -> int:
        """Bars."""
        return sum(symbol in _LINES for symbol in example.body)

    @classmethod
    @cache
    def within(cls, split: Split, length: tuple[int, int]) -> Sequence[Tune]:
        """All tunes of a split, the longer ones cut: each has a first bar, so that none is too short."""
        return [cut(tune, length[1]) for tune in cls.corpus()[split]]

    @classmethod
    def columns_of(cls, example: Tune) -> int:
        """By the symbols of the body."""
        return len(example.body)

    def lay_out(self, examples: Sequence[Tune]) -> Batch:
        """Metre, unit length and key are the prompt; the body, and the end of a tune that is not cut, the target."""
        heads, bodies = ([[self.index[symbol] for symbol in tune[part]] for tune in examples] for part in (0, 1))
        return Batch.from_rows(heads, bodies)

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
        as well as without. A bar that the limit cuts is not counted, and one with a length that follows no note is
        wrong.
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
        after_note, after_line = (pad(part, (1, 0))[:, :-1] for part in (note, line))
        units = self.units[tokens] * own
        changed = torch.where(after_note, units - 1, 1e6) * (units > 0)
        total = (note + changed).cumsum(1)  # units since the beginning
        closes = line | ((tokens == self.space.end) & own & ~after_line)
        ends_part = closes & self.is_part[tokens]
        duration = total - _latest(total, closes)
        full = (self.share[batch.tokens[:, 0]] / self.share[batch.tokens[:, 1]])[:, None]  # [B, 1] units
        opens_part = _latest((~ends_part).double(), closes) == 0
        right = torch.isclose(duration, full)
        pick_up = closes & opens_part & ~ends_part & ~right & (duration > 0) & (duration < full)
        made_up = ends_part & torch.isclose(duration + _latest(duration, pick_up), full)
        return right | made_up, closes & ~pick_up
