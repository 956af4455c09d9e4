"""The page about files from others is what the corpus says today."""

from tests.hostile.table import DOCUMENT, document, outcomes


def test_the_corpus_is_refused_to_the_last_file_and_the_page_says_so():
    assert all(reason is not None for _, reason in outcomes())
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "write it again: python -m tests.hostile.table"
