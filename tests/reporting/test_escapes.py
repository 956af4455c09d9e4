"""Each escape against known answers; that nothing acts is tested with the hostile corpus."""

import html as standard_html
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.reporting.escapes import csv, figure, html, latex, markdown, plain, script


@pytest.mark.parametrize(
    ("escape", "text", "escaped"),
    [
        (plain, "a\x1b[31mb\u202ec\nd", "a\\x1b[31mb\\u202ec d"),
        (html, "<a href='x'>&\"", "&lt;a href=&#x27;x&#x27;&gt;&amp;&quot;"),
        (latex, r"50% of_x \cmd{a}", r"50\% of\_x \textbackslash{}cmd\{a\}"),
        (latex, "^2 ~$&#", r"\textasciicircum{}2 \textasciitilde{}\$\&\#"),
        (latex, "a--b", "a{-}{-}b"),
        (latex, "é ≥ 1", "é U+2265 1"),
        (markdown, "a|b <c> [0.1, 0.2] [x](y)", r"a\|b \<c\> [0.1, 0.2] [x\](y)"),
        (markdown, "http://a.b", r"http:\//a.b"),
        (csv, "=1+1", "'=1+1"),
        (csv, "teacher_forcing", "teacher_forcing"),
        (figure, "$x$", r"\$x\$"),
        (script, "</script>&", r'"\u003c/script\u003e\u0026"'),
    ],
)  # fmt: skip
def test_an_escape_gives_the_known_answer(escape, text, escaped):
    assert escape(text) == escaped


@pytest.mark.parametrize("escape", [plain, html, latex, markdown, csv, figure])
def test_harmless_names_are_left_as_they_are(escape):
    assert escape("copycat tagging 3.5") == "copycat tagging 3.5"


def test_a_traceback_keeps_its_lines():
    assert plain("a\n\x1bb", lines=True) == "a\n\\x1bb"


@given(st.text())
def test_what_is_escaped_for_html_and_script_reads_back_as_it_was(text):
    assert standard_html.unescape(html(text)) == plain(text)
    assert json.loads(script(text)) == text


def test_a_figure_draws_text_that_looks_like_broken_mathematics(tmp_path):
    from benchmark.reporting.figures.quality_vs_length import QUALITY_VS_LENGTH
    from benchmark.reporting.figures.writing import Stamp, write_figures
    from benchmark.reporting.results import Results
    from tests.factories import FACTS, make_cell, make_record

    facts = FACTS.model_copy(update={"metric": "$\\frac{$", "axis_unit": "$x^"})
    records = [make_record(make_cell(coin=coin), facts=facts) for coin in ("$\\frac{$", "<b>")]
    write_figures(Results.of(records, tmp_path), tmp_path, [QUALITY_VS_LENGTH], Stamp("x", "y", "ebb report x"))
    drawn = (tmp_path / "quality_vs_length.svg").read_text()
    assert "<b>" not in drawn
    assert "&lt;b&gt;" in drawn
