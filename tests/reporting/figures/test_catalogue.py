"""Every figure of a report: what it declares, and how it comes out."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import matplotlib
import pytest

from benchmark.reporting.figures import style
from benchmark.reporting.figures.catalogue import FIGURES, find_figure
from benchmark.reporting.figures.declaration import ReportFigure
from benchmark.reporting.figures.sheet import Sheet
from benchmark.reporting.figures.writing import Stamp, write_figures
from benchmark.reporting.grouping import group_records
from benchmark.reporting.results import Results
from tests.factories import make_cell, make_record
from tests.reporting.figures.records import METHODS, full_records, throughput_rows

STAMP = Stamp("run-0123", "4567abcd", "ebb report run")
DRAWN = [figure for figure in FIGURES if figure.id != "batch_sweep"]
LONG = "differentiable_scheduled_sampling"


@pytest.fixture(scope="module")
def results() -> Results:
    """Tasks and methods of which some have long names; five seeds, so that a claim is decided."""
    tasks = ["addition", "bible_style_ylt_web_and_asv", "copycat_tagging"]
    return Results("run", group_records(full_records(tasks, (*METHODS, LONG), seeds=5)), throughput_rows())


@pytest.fixture(scope="module")
def written(results, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("figures")
    assert list(write_figures(results, folder, FIGURES, STAMP).skipped) == ["batch_sweep"]
    return folder


def test_ids_differ_and_each_figure_states_one_question():
    assert len({figure.id for figure in FIGURES}) == len(FIGURES)
    for figure in FIGURES:
        assert figure.question.count("?") == 1
        assert figure.question.endswith("?")
        assert figure.caption.endswith(".")


@pytest.mark.parametrize("figure", DRAWN, ids=lambda figure: figure.id)
def test_a_figure_comes_in_five_formats_that_say_where_it_comes_from(figure: ReportFigure, written):
    content = {kind: (written / f"{figure.id}.{kind}").read_bytes() for kind in ("pdf", "svg", "png", "csv", "json")}
    for kind in ("pdf", "svg", "png"):
        for part in (b"ebb report run", b"run-0123", b"4567abcd"):
            assert part in content[kind], kind
    data = json.loads(content["json"])
    assert data["question"] == figure.question
    assert data["run"] == "run-0123"
    assert len(content["csv"].decode().splitlines()) == 1 + len(data["rows"])


@pytest.mark.parametrize("figure", DRAWN, ids=lambda figure: figure.id)
def test_a_figure_is_drawn_again_from_its_data_alone(figure, results, written, tmp_path):
    rows = json.loads((written / f"{figure.id}.json").read_text())["rows"]
    sheet = Sheet(results.methods)
    with matplotlib.rc_context(cast(Any, sheet.settings)):
        (path,) = style.save(figure.draw(rows, sheet), tmp_path / figure.id, str(STAMP), ("svg",))
    assert path.read_bytes() == (written / path.name).read_bytes()


@pytest.mark.parametrize("figure", DRAWN, ids=lambda figure: figure.id)
def test_axes_are_labelled_and_no_text_leaves_the_figure_or_covers_other_text(figure, results):
    sheet = Sheet(results.methods)
    with matplotlib.rc_context(cast(Any, sheet.settings)):
        drawn = figure.draw(figure.rows(results), sheet)
        style.lay_out(drawn)
        for axis in drawn.axes:
            if axis.get_label() == "<colorbar>":
                continue
            assert axis.get_xlabel()
            categories = any(label.get_text().strip("0123456789.,−- ") for label in axis.get_yticklabels())
            assert axis.get_ylabel() or categories
            texts = [axis.title, axis._left_title, axis.xaxis.label, axis.yaxis.label]
            for text in (text for text in texts if text.get_text()):
                box = text.get_window_extent()
                assert box.x0 >= -1, text
                assert box.x1 <= drawn.bbox.x1 + 1, text
                assert text.get_fontsize() >= 5
            _assert_apart([label.get_window_extent() for label in axis.get_xticklabels() if label.get_text()], "x")
            _assert_apart([label.get_window_extent() for label in axis.get_yticklabels() if label.get_text()], "y")


def _assert_apart(boxes, direction: str) -> None:
    ends = sorted((getattr(box, f"{direction}0"), getattr(box, f"{direction}1")) for box in boxes)
    assert all(before[1] <= after[0] + 1 for before, after in pairwise(ends)), ends


def test_figures_without_data_are_skipped_with_a_reason_and_their_old_files_removed(tmp_path):
    (tmp_path / "survival.pdf").write_text("of an earlier report")
    results = Results("run", group_records([make_record(make_cell())]))
    found = write_figures(results, tmp_path, FIGURES, STAMP)
    assert set(found.paths) == {"quality_vs_length", "cost_quality"}
    assert "judges tokens" in found.skipped["survival"]
    assert "ebb throughput" in found.skipped["throughput"]
    assert not (tmp_path / "survival.pdf").exists()


def test_a_figure_too_tall_for_a_page_comes_place_by_place_with_the_data_of_all(tmp_path):
    results = Results("run", group_records(full_records(["one", "two"])))
    low = Sheet(results.methods, tallest=1.0)
    found = write_figures(results, tmp_path, [find_figure("survival")], STAMP, low)
    names = {path.name for path in found.paths["survival"]}
    drawn = {f"survival-{task}-gru.{kind}" for task in ("one", "two") for kind in style.KINDS}
    assert names == {*drawn, "survival.csv", "survival.json"}


def test_a_figure_of_one_place_keeps_its_name_however_tall(tmp_path):
    results = Results("run", group_records(full_records(["one"])))
    found = write_figures(results, tmp_path, [find_figure("survival")], STAMP, Sheet(results.methods, tallest=1.0))
    assert {path.stem for path in found.paths["survival"]} == {"survival"}


def test_figures_are_drawn_in_the_formats_asked_for_and_no_other_is_left(tmp_path):
    results = Results("run", group_records(full_records(["one"])))
    write_figures(results, tmp_path, [find_figure("survival")], STAMP)
    write_figures(results, tmp_path, [find_figure("survival")], STAMP, kinds=("pdf",))
    assert {path.suffix for path in tmp_path.iterdir()} == {".pdf", ".csv", ".json"}


def test_forty_methods_look_different():
    methods = [str(number) for number in range(40)]
    looks = {tuple(sorted(Sheet(methods).style(method).items())) for method in methods}
    assert len(looks) == 40


def test_a_method_keeps_its_colour_when_others_come_after_it():
    few = Results("run", group_records(full_records(["one"])))
    many = Results("run", group_records(full_records(["one"], (*METHODS, "another", "zzz"))))
    for method in METHODS:
        assert Sheet(few.methods).style(method) == Sheet(many.methods).style(method)


def test_an_unknown_figure_names_the_nearest():
    with pytest.raises(Exception, match="survival"):
        find_figure("survivl")
