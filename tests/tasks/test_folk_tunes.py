"""Folk tunes: reading ABC, near duplicates, what a right bar is, and what real tunes and chance score."""

import itertools
import sys
from dataclasses import replace

import pytest
import torch

from benchmark.contracts import Batch, Output, Score, stream
from benchmark.errors import UsageError
from tasks import folk_tunes
from tasks.folk_tunes import FolkTunes, Tune, contour, cut, spell
from tests.factories import least_cpu_seconds

TASK = FolkTunes()
CORPUS = TASK.corpus()
SPLITS = ("train", "validation", "test")


def played(music: str, head: tuple[str, str, str] = ("M:2/4", "L:1/8", "K:Dmaj")) -> tuple[Batch, Output]:
    """Symbols, apart by spaces, that a model wrote after a head."""
    batch = TASK.lay_out([Tune(head, tuple(music.split()))])
    return batch, output_of(batch)


def output_of(batch: Batch) -> Output:
    ended = ((batch.tokens == TASK.space.end) & batch.own).any(1)
    return Output(batch.tokens, batch.own, batch.tokens, ended)


def share(score: Score) -> float:
    return float((score.value * score.weight).sum() / score.weight.sum())


def verdicts(music: str, *head: str) -> str:
    """One letter a bar that is counted: r for right, w for wrong."""
    score = TASK.score(*played(music, *((head,) if head else ())))  # type: ignore[arg-type]
    return "".join("r" if value else "w" for value in score.value[score.weight > 0].tolist())


@pytest.mark.parametrize(
    ("music", "symbols"),
    [
        ("AB ^c2 =d/ _e3/2 f'// G,4|", "A B ^c 2 =d 1/2 _e 3/2 f' 1/4 G, 4 |"),
        ("A>B c<d e2>>f2|", "A 3/2 B 1/2 c 1/2 d 3/2 e 7/2 f 1/2 |"),
        ("(3ABc d (3:2A2B2c2 d|", "A 2/3 B 2/3 c 2/3 d A 4/3 B 4/3 c 4/3 d |"),
        ("(3A>Bc d|", "A B 1/3 c 2/3 d |"),
        ('"Am"A2 ~B {gf}c !trill!Td (.uA-vB) c`d % a comment', "A 2 B c d A B c d"),
        ("[c2E2] [Td2F2]|A[Bd]|", "c 2 d 2 | A B |"),
        ("|:AB|1cd:|2ef||gA |[1 c :|[2 d|]", "A B | [1 c d :| [2 e f || g A | [1 c :| [2 d ||"),
        ("AB:|\n|:cd::ef:||:gz2|]", "A B :: c d :: e f :: g z 2 ||"),
        ("", ""),
    ],
)
def test_music_is_spelled_in_symbols(music, symbols):
    assert " ".join(spell(music)) == symbols


def test_a_tune_is_read_with_its_metre_unit_and_key():
    text = " 7\nT: The Air\nM:C| % as printed\nK: E Dorian\nA2|B2\n% no music\nw: la la\nB2:|\n"
    assert folk_tunes._tune(text) == (
        "The Air",
        Tune(("M:C|", "L:1/8", "K:Edor"), ("A", "2", "|", "B", "2", "B", "2", ":|", "#")),
    )
    assert folk_tunes._tune("1\nM:2/4\nK:Am\nA2")[1] == Tune(("M:2/4", "L:1/16", "K:Amin"), ("A", "2", "||", "#"))


@pytest.mark.parametrize("change", ["K:G\n", "B2 [M:3/4] c2\n", "L:1/16\n", "V:2\n"])
def test_a_tune_that_changes_is_left_out(change):
    assert folk_tunes._tune(f"1\nM:2/4\nK:Am\nA2 B2|\n{change}A2 B2|\n")[1] is None


def test_nearly_all_of_the_4248_tunes_are_read():
    texts = [text for collection in folk_tunes._COLLECTIONS for text in map(bytes.decode, collection.read().values())]
    assert sum(f"\n{text}".count("\nX:") for text in texts) == 4248
    assert {split: len(tunes) for split, tunes in CORPUS.items()} == {"train": 2979, "validation": 357, "test": 370}


def test_symbols_are_abc_that_reads_back_to_themselves():
    for split in SPLITS:
        for tune in CORPUS[split]:
            assert spell("".join(tune.body[:-1])) == tune.body[:-1]


def test_the_package_is_not_imported():
    assert "music21" not in sys.modules


def test_a_damaged_collection_is_refused():
    with pytest.raises(UsageError, match=r"airdsAirs is damaged or of another release.*music21==10\.5\.1"):
        replace(folk_tunes._COLLECTIONS[0], sha256="0" * 16).read()


def test_no_tune_shares_more_than_a_quarter_of_its_8_grams_with_a_held_out_tune():
    grams = {split: [contour(tune) for tune in CORPUS[split]] for split in SPLITS}
    pairs = [(grams["train"][::7], grams["test"]), (grams["train"][::7], grams["validation"])]
    pairs += [(grams["validation"], grams["test"])]
    for ours, held_out in pairs:
        for one, other in itertools.product(ours, held_out):
            assert len(one & other) <= 0.25 * min(len(one), len(other))


def test_a_tune_in_another_key_and_octave_is_a_near_duplicate():
    tune = Tune(("M:C", "L:1/8", "K:Gmaj"), ("G", "A", "B", "2", "c", "|", "d", "G", "^F", "G", "A", "B", "||", "#"))
    moved = Tune(("M:C", "L:1/8", "K:Dmaj"), ("d", "e", "f", "g", "|", "a", "d", "c", "d", "e", "f", "||", "#"))
    assert len(contour(tune)) == 3
    assert contour(tune) == contour(moved)
    kept = list(folk_tunes._without_near_duplicates([("test", tune), ("validation", moved), ("train", moved)]))
    assert kept == [("test", tune)]


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("A 2 B 2 | A B c d | A 4 ||", "rrr"),
        ("A 2 B 2 | A B c | A B c d e | A 4 ||", "rwwr"),
        ("A 2/3 B 2/3 c 2/3 d 3/2 e 1/2 | A 4 ||", "rr"),
        ("A | B 4 | c 3 :| d 4 | e 4 ||", "rrrr"),  # the pick-up is not counted and makes up for the short bar
        ("A | B 4 | c 2 :|", "rw"),  # of which it must be the other part
        ("A | B 4 | c 4 :|", "rr"),  # or nothing
        ("A | B 4 | c 3 | d 4 ||", "rwr"),  # only the last bar of a part may be short
        ("A 4 | B 3 :| c | d 4 | e 3 ||", "rwrr"),  # a pick-up makes up for what follows it
        ("A | B 4 | [1 c 3 :| [2 c 3 ||", "rrr"),
        ("A 6 | B 4 ||", "wr"),  # too long for a pick-up
        ("A || B 4 ||", "wr"),  # the only bar of its part
        ("| | A 4 ||", "wwr"),  # empty bars
        ("A 4 2 | A 4 ||", "wr"),  # a length that follows no note
        ("A 4 | 2 B 2 ||", "rw"),
        ("A 4 | [1 2 B 2 ||", "rw"),
        ("A 4 || #", "r"),
        ("A 4 | B 4 #", "rr"),  # the end closes a bar as well
        ("A 4 | B #", "rw"),
        ("A 4 | B", "r"),  # the limit does not
        ("#", "w"),
    ],
)
def test_a_bar_is_right_if_it_lasts_as_long_as_the_metre_says(music, expected):
    assert verdicts(music) == expected


@pytest.mark.parametrize(
    ("head", "music"),
    [
        (("M:6/8", "L:1/8", "K:Gmaj"), "A 3 B 3 | A 6 ||"),
        (("M:C|", "L:1/8", "K:Gmaj"), "A 4 B 4 | A 8 ||"),
        (("M:2/4", "L:1/16", "K:Gmaj"), "A 4 B 4 | A 8 ||"),
        (("M:3/4", "L:1/4", "K:Gmaj"), "A B 1/2 c 1/2 d | A 3 ||"),
    ],
)
def test_metre_and_unit_say_how_long_a_bar_is(head, music):
    assert verdicts(music, *head) == "rr"


def test_a_bar_is_judged_where_it_is_closed_and_counted_from_one():
    batch, output = played("A | B 4 | c 3 :| d #")
    score, position = TASK.score(batch, output), TASK.positions(output)
    assert score.weight[0].nonzero().flatten().tolist() == [7, 10, 12]
    assert position[0].tolist() == [0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4]


def test_the_reward_of_a_tune_is_its_share_of_right_bars():
    batch, output = played("A | B 4 | c 2 :| d 4 | e 6 #")
    reward = TASK.reward(batch, output)
    assert float(reward.sum()) == pytest.approx(0.5)
    assert reward[0].nonzero().flatten().tolist() == [7, 13]
    assert float(TASK.reward(*played("A 2")).sum()) == 0


def test_real_tunes_score_the_ceiling_in_every_bucket():
    batch = TASK.lay_out(TASK.within("test", (1, TASK.curve.longest)))
    score, position = TASK.score(batch, output_of(batch)), TASK.positions(output_of(batch))
    assert share(score) == pytest.approx(TASK.ceiling, abs=5e-4)
    for low, high in TASK.curve.buckets:
        inside = score.weight * ((position >= low) & (position <= high))
        assert inside.sum() >= 400
        assert share(Score(score.value, inside)) == pytest.approx(TASK.ceiling, abs=0.01)


def test_symbols_by_their_frequency_score_the_floor():
    train = TASK.lay_out(TASK.within("train", TASK.curve.trained))
    count = torch.bincount(train.tokens[train.own], minlength=TASK.space.size).double()
    heads = TASK.lay_out([CORPUS["test"][row % len(CORPUS["test"])] for row in range(2048)]).tokens[:, :3]
    drawn = torch.multinomial(count.expand(len(heads), -1), 384, replacement=True, generator=stream("floor"))
    tokens = torch.cat([heads, drawn], 1)
    ended = (tokens == TASK.space.end).long()
    own = (torch.arange(tokens.shape[1]) >= 3) & (ended.cumsum(1) == ended)
    output = Output(tokens, own, tokens, ended.any(1))
    assert share(TASK.score(Batch(tokens, ~own, torch.ones_like(own)), output)) == pytest.approx(TASK.floor, abs=2e-3)


def test_what_was_said_is_judged_by_the_metre_alone():
    gold = TASK.sample("test", 32, (8, 8), stream("gold"))
    said = gold.select(torch.arange(31, -1, -1))
    other = replace(gold, tokens=torch.where(gold.own, 0, gold.tokens))
    for one, two in zip(TASK.score(gold, output_of(said)), TASK.score(other, output_of(said)), strict=True):
        assert torch.equal(one, two)


def test_a_tune_is_cut_at_the_end_of_a_bar_and_whole_if_it_is_short():
    tune = Tune(("M:C", "L:1/8", "K:Gmaj"), ("A", "|", "B", "|", "c", "||", "#"))
    assert cut(tune, 2).body == ("A", "|", "B", "|")
    assert cut(tune, 3) == tune
    batch = TASK.sample("train", 64, TASK.curve.trained, stream("cut"))
    lines = (TASK.is_line[batch.tokens] & batch.own).sum(1)
    whole = ((batch.tokens == TASK.space.end) & batch.own).any(1)
    assert lines.max() == 18
    assert bool((whole | (lines == 18)).all())
    assert bool(whole.any())
    assert not bool(whole.all())


def test_sampling_and_judging_take_milliseconds():
    batch = TASK.sample("train", 64, (1, 18), stream("fast"))
    assert least_cpu_seconds(lambda: TASK.sample("train", 64, (1, 18), stream("fast"))) < 0.02
    assert least_cpu_seconds(lambda: TASK.score(batch, output_of(batch))) < 0.02
