"""Chitchat: what becomes of a conversation, and what the metric sees and does not see."""

import pytest
import torch

from benchmark.contracts import Batch, Output, Split, stream
from benchmark.measuring.quality import figure_of
from tasks.chitchat import Chitchat, _plain, _symbols, bins_of, reference, spell, trigrams

TASK = Chitchat()
SYMBOLS = tuple(_symbols())
ASKED, END = 0, TASK.reply_end


@pytest.fixture(scope="module")
def batch() -> Batch:
    return TASK.sample("test", 1000, (8, 8), stream("chitchat"))  # all there are


def said(batch: Batch, tokens: torch.Tensor, own: torch.Tensor | None = None) -> Output:
    """Tokens at own columns as a free run that has gold's columns."""
    own = batch.own if own is None else own
    history = torch.where(own, tokens, batch.tokens)
    return Output(history, own, history, batch.own[:, 0])


def divergence(batch: Batch, output: Output) -> float:
    return figure_of(TASK.metric, [TASK.score(batch, output)])


def test_a_text_is_made_plain_and_spelled():
    assert _plain("Hey, it’s 5 o'clock — GREAT!!  (really)") == " hey, it's o'clock great!! really"
    assert [SYMBOLS[symbol] for symbol in spell(" how are you, xylophone?")] == [
        " how", " are", " you", ",", " ", *"xylophone", "?",
    ]  # fmt: skip


def test_turns_alternate_and_only_the_replies_are_the_models():
    batch = TASK.sample("test", 4, (3, 3), stream("turns"))
    for tokens, given, valid in zip(batch.tokens, batch.given, batch.valid, strict=True):
        marks = [(SYMBOLS[s], g) for s, g in zip(tokens[valid].tolist(), given[valid].tolist(), strict=True)
                 if s in (ASKED, END)]  # fmt: skip
        assert marks == [("→", True), ("¶", False)] * 3
    assert int(TASK.positions(said(batch, batch.tokens)).max()) == 3


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_no_turn_is_empty_or_longer_than_a_reply_may_be(split: Split):
    longest = {"train": 4, "validation": 8, "test": 8}[split]
    for dialogue in TASK.corpus()[split]:
        assert len(dialogue) == longest
        assert all(0 < len(spell(turn)) < TASK.reply_cap for exchange in dialogue for turn in exchange)


def test_outputs_go_beyond_a_hundred_tokens(batch):
    assert len(batch) == len(TASK.corpus()["test"])
    assert float(batch.lengths.double().mean()) > 250


def test_the_reference_is_a_distribution_and_none_of_its_bins_is_empty():
    assert float(reference().sum()) == pytest.approx(1)
    assert float(reference().min()) > 0.01
    assert bins_of(torch.tensor([0.0, 0.49, 0.5, 7.4, 7.5, 99.0, torch.inf])).tolist() == [0, 0, 1, 14, 15, 15, 15]


def test_the_ceiling_is_the_distance_of_real_replies_from_real_turns(batch):
    assert divergence(batch, said(batch, batch.tokens)) == pytest.approx(TASK.ceiling, abs=0.001)


def test_the_floor_and_the_controls_are_what_is_drawn_without_a_model(batch):
    generator = stream("drawn")
    shape = batch.tokens.shape
    frequency = trigrams().orders[0].counts.double()  # of the symbols from 1 on
    assert len(frequency) == len(SYMBOLS) - 1
    drawn = {
        "uniform": torch.randint(1, len(SYMBOLS), shape, generator=generator),
        "frequency": 1 + torch.multinomial(frequency, batch.tokens.numel(), True, generator=generator).view(shape),
    }
    assert divergence(batch, said(batch, drawn["uniform"])) == pytest.approx(TASK.floor, abs=0.005)
    by_frequency = TASK.controls["symbols by their frequency alone"]
    assert divergence(batch, said(batch, drawn["frequency"])) == pytest.approx(by_frequency, abs=0.005)


def test_what_the_trigram_model_draws_comes_near_to_the_ceiling(batch):
    """The trap that the documentation names."""
    part, columns = batch.select(slice(48)), 400
    tokens, every = part.tokens[:, :columns].clone(), torch.arange(len(SYMBOLS))
    for column in range(2, columns):
        last, other = tokens[:, column - 1], tokens[:, column - 2]
        other = torch.where(last == ASKED, ASKED, other)
        before = torch.stack([other, last], 1).repeat_interleave(len(SYMBOLS), 0)  # [B V, 2]
        nats = trigrams().surprisal(torch.cat([before, every.repeat(len(part))[:, None]], 1)).view(len(part), -1)
        drawn = torch.multinomial((-nats).exp(), 1, generator=stream("trigram", column)).squeeze(1)
        tokens[:, column] = torch.where(part.own[:, column], drawn, tokens[:, column])
    short = Batch(*(values[:, :columns] for values in (part.tokens, part.given, part.valid)))
    found = divergence(short, said(short, tokens))
    assert found == pytest.approx(TASK.controls["drawn from the trigram model"], abs=0.015)


def test_the_metric_sees_what_is_dull_and_what_is_broken_and_not_what_is_beside_the_point(batch):
    dull = torch.tensor([spell(" i don't know")[0]]).expand_as(batch.tokens)
    assert divergence(batch, said(batch, dull)) > 0.5
    shuffled = torch.rand(batch.own.shape, generator=stream("shuffle")).masked_fill(~batch.own, 2.0).argsort(1)
    to = torch.sort((~batch.own).int(), dim=1, stable=True).indices
    broken = batch.tokens.scatter(1, to, batch.tokens.gather(1, shuffled))
    assert divergence(batch, said(batch, broken)) > 0.3
    strangers = batch.select(torch.arange(len(batch)).roll(1))
    beside = divergence(strangers, said(strangers, strangers.tokens))
    assert beside == pytest.approx(TASK.ceiling, abs=0.001)


def test_on_gold_prefixes_a_choice_is_judged_after_the_gold_symbols(batch):
    """Choices that are gold's, after gold, are gold; and the first of a reply knows nothing of the user's turn."""
    part = batch.select(slice(8))
    on_gold = Output(part.tokens, part.own, part.tokens, part.own[:, 0])
    assert torch.equal(TASK.score(part, on_gold).value, TASK.score(part, said(part, part.tokens)).value)
    elsewhere = torch.where(part.given & (part.tokens != ASKED), END, part.tokens)
    moved = Output(part.tokens, part.own, elsewhere, part.own[:, 0])
    assert torch.equal(TASK.score(part, moved).value[part.own], TASK.score(part, on_gold).value[part.own])


def repeated(text: list[str], own: list[int]) -> list[float | None]:
    """The further score of one row: None where it does not count."""
    tokens, there = torch.tensor([[SYMBOLS.index(symbol) for symbol in text]]), torch.tensor([own]) > 0
    batch = Batch(tokens, ~there, torch.ones_like(there))
    (score,) = TASK.further_scores(batch, Output(tokens, there, tokens, there[:, 0]))
    counted = zip(score.value[0].tolist(), score.weight[0].tolist(), strict=True)
    return [value if weight else None for value, weight in counted]


def test_repeated_four_grams_by_hand():
    """The user's words do not count, nor does a 4-gram across turns; the second "abcd" of the model does."""
    text, own = [*"abcd", "→", *"abcd", "¶", *"bcd", "→", *"abcde"], [0] * 5 + [1] * 5 + [0] * 4 + [1] * 5
    assert repeated(text, own) == [None] * 8 + [0, 0] + [None] * 7 + [1, 0]
    assert repeated(["→", *"aaaaaa"], [0] + [1] * 6) == [None] * 4 + [0, 1, 1]


def test_real_replies_repeat_some_four_grams(batch):
    (score,) = TASK.further_scores(batch, said(batch, batch.tokens))
    assert figure_of(TASK.further_metrics[0], [score]) == pytest.approx(0.057, abs=0.002)
