"""The page without a browser: it parses, asks for nothing, stays small, and says what the records say."""

import re
from collections import Counter
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest

from benchmark.reporting.board import make_board
from benchmark.reporting.figures.style import series_style
from benchmark.reporting.grouping import group_records, main_track
from benchmark.reporting.site import About, write_site
from benchmark.reporting.site.colours import DARK_GROUND, LEAST_CONTRAST, contrast, on_dark, shape_of
from benchmark.reporting.site.curves import chart_data
from benchmark.reporting.site.leaderboard import UNKNOWN_PATH, leaderboard
from benchmark.reporting.site.page import MOST_BYTES
from benchmark.running.record import Record
from benchmark.settings import Budget
from benchmark.values import Point
from tests.factories import make_cell, make_record, results_of
from tests.site.records import ABOUT, SEEDS, site_records

VOID = {"meta", "link", "br", "wbr", "input", "img", "hr"}


class Page(HTMLParser):
    """Elements in order with their attributes; a tag that is not closed, or closed twice, is an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, self.getpos()

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.text += data

    def values(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.elements if name in attributes]


def page_of(records: Sequence[Record], folder: Path, about: About | None = None) -> str:
    return write_site(results_of(records), folder / "index.html", "ebb report DIR", about).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return page_of(site_records(), tmp_path_factory.mktemp("site"), ABOUT)


@pytest.fixture(scope="module")
def page(written):
    return Page(written)


def test_every_tag_is_closed_every_id_is_unique_and_every_link_leads_somewhere(page):
    ids = Counter(page.values("id"))
    assert set(ids.values()) == {1}
    links = [link for link in page.values("href") if link != "data:,"]
    assert links
    assert all(link.startswith("#") and link[1:] in ids for link in links)
    for name in ("aria-labelledby", "data-copies"):
        assert all(target in ids for target in page.values(name))


def test_nothing_on_the_page_is_loaded_from_anywhere(written, page):
    assert not {name for _, attributes in page.elements for name in attributes} & {"src", "srcset", "action", "data"}
    assert not [value for _, attributes in page.elements for value in attributes.values() if "//" in value]
    code = "".join(re.findall(r"<(?:script|style)>(.*?)</", written, flags=re.DOTALL))
    assert set(re.findall(r"\w+://[^\s\"']*", code)) == {"http://www.w3.org/2000/svg"}  # a name, not an address
    assert not re.search(r"@import|fetch\(|XMLHttpRequest|WebSocket|sendBeacon|url\((?!#)", code)
    policy = next(a["content"] for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_the_same_records_give_the_same_page(written, tmp_path):
    again = page_of(site_records(), tmp_path, ABOUT)
    assert again == written


def test_every_task_and_every_method_has_a_section_with_its_figure(page):
    ids = page.values("id")
    assert {"task-labels", "task-phonemes", "task-chat"} <= set(ids)
    assert {"method-teacher_forcing", "method-scheduled_sampling", "method-parallel_sampling"} <= set(ids)
    assert len([value for value in page.values("class") if value == "figure"]) == 2 * 3 + 3


def test_the_page_says_what_it_rests_on(page):
    for text in ("26 ok", "3 (0 to 2)", "2 updates", "ebb report DIR",
                 "KeyError: 'phoneme'", "the loss was not finite at update 1", "@article{teacher_forcing}",
                 "@software{suite", "What scheduled_sampling does.", "Label what is seen.", "Traced"):  # fmt: skip
        assert text in page.text, text


def test_rows_know_their_path_their_noise_floor_and_their_place_between_floor_and_ceiling():
    records = site_records()
    groups = group_records(records)
    rows = leaderboard(make_board(records), groups, ABOUT.methods)
    by_name = {(row["task"], row["baseline"]): row for row in rows}
    sampled = by_name["labels", "scheduled_sampling"]
    assert sampled["path"] == "step-wise"
    assert sampled["seeds"] == SEEDS - 1
    assert sampled["noise_floor"] == abs(by_name["labels", "teacher_forcing (A/A)"]["gain"])
    errors = by_name["phonemes", "teacher_forcing"]
    assert errors["normalised"] == pytest.approx(1 - errors["free_running"])  # floor 1, ceiling 0
    assert by_name["chat", "teacher_forcing"]["normalised"] is None
    failed = by_name["phonemes", "parallel_sampling"]
    assert failed["failure"] == "open"  # known of the task from its other rows
    assert failed["free_running"] is None


def test_without_plugins_the_page_still_has_every_number(tmp_path):
    page = Page(page_of(site_records(), tmp_path))
    assert UNKNOWN_PATH in page.text
    assert "task-labels" in page.values("id")


def test_a_page_of_failures_alone_has_rows_and_no_figure(tmp_path):
    failed = Record(cell=make_cell(), status="error", reason="it broke")
    page = Page(page_of([failed], tmp_path))
    assert "it broke" in page.text
    assert "figure" not in page.values("class")


def test_a_curve_is_a_mean_over_seeds_with_its_interval_and_a_missing_value_stays_missing():
    quality = [(0.8, 0.5, 0.2), (0.6, 0.5, 0.4)]
    groups = group_records([make_record(make_cell(seed=seed), values) for seed, values in enumerate(quality)])
    place = chart_data(groups, 10**6)["places"][0]
    curve = place["curves"]["free_running"]
    assert curve["x"] == [(1, 4), (5, 8), (9, 16)]
    mean, low, high = curve["series"]["0"]
    assert mean == [0.7, 0.5, 0.3]
    assert low[0] == pytest.approx(0.7 - 12.706 * 0.1, abs=1e-3)  # t of one degree of freedom, standard error 0.1
    assert high[0] == pytest.approx(0.7 + 12.706 * 0.1, abs=1e-3)
    odd = chart_data(group_records(site_records()), 10**6)
    labels = next(found for found in odd["places"] if found["task"] == "labels")
    assert labels["curves"]["something_new"]["series"]["0"][0] == [0.5, None, 0.25]


@pytest.mark.parametrize(
    ("room", "left_out"),
    [(5_300, "intervals of the secondary curves are left out"), (4_000, "all curves but the main ones are left out")],
)
def test_what_does_not_fit_is_left_out_and_the_page_says_so(room, left_out, written, tmp_path, monkeypatch):
    data = re.search(r'id="data">(.*?)</script>', written)
    assert data
    limit = len(written.encode()) - len(data[1]) + room
    monkeypatch.setattr("benchmark.reporting.site.page.MOST_BYTES", limit)
    page = page_of(site_records(), tmp_path, ABOUT)
    assert len(page.encode()) < limit
    assert left_out in page
    assert left_out not in written


@pytest.mark.slow
def test_a_large_sweep_stays_below_the_limit_and_says_what_it_leaves_out(tmp_path):
    points = [Point(low=2**n, high=2 ** (n + 1) - 1, value=1 / (n + 3)) for n in range(8)]
    records = []
    for task in range(24):
        for method in range(20):
            for seed in range(2):
                record = make_record(make_cell(f"task_{task}", f"method_{method:02}", seed))
                moved = [Point(low=p.low, high=p.high, value=(p.value or 0) + 0.01 * seed) for p in points]
                curves = {"free_running": moved, "gap": moved, "gold_prefix": moved}
                curves |= {f"curve_{number}": moved for number in range(27)}
                records.append(record.model_copy(update={"curves": curves}))
    page = page_of(records, tmp_path)
    assert len(page.encode()) < MOST_BYTES
    assert "are left out; the records have them" in page


def test_colours_are_those_of_the_figures_and_stand_out_from_the_dark_ground():
    for number in range(40):
        style = series_style(number)
        assert shape_of(style["marker"])
        assert contrast(on_dark(style["color"]), DARK_GROUND) >= LEAST_CONTRAST


def test_black_on_white_has_the_greatest_contrast():
    assert contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)


def test_a_seed_may_be_any_number_and_costs_nothing(tmp_path):
    records = [make_record(make_cell(seed=seed)) for seed in (0, 1, 2**53)]
    page = page_of(records, tmp_path)
    assert f"3 (0, 1, {2**53})" in page


def both_tracks() -> list[Record]:
    """Five seeds of two methods, each with equal updates and with equal model evaluations."""
    return [
        make_record(make_cell("copycat_tagging", method, seed).model_copy(update={"budget": budget}), (0.9, 0.5, shift))
        for budget in (Budget(updates=2), Budget(evaluations=90))
        for method, shift in (("teacher_forcing", 0.3), ("scheduled_sampling", 0.9))
        for seed in range(5)
    ]


def test_the_compute_track_has_rows_of_its_own_and_curves_are_those_of_equal_updates(tmp_path):
    text = page_of(both_tracks(), tmp_path, ABOUT)
    page = Page(text)
    assert Counter(page.values("data-track")) == {"updates": 2, "evaluations": 2}
    assert "scheduled_sampling (equal evaluations)" in page.text.replace("\u200b", "")
    groups = group_records(both_tracks())
    assert chart_data(main_track(groups), MOST_BYTES)["methods"] == ["teacher_forcing", "scheduled_sampling"]
    (data,) = re.findall(r'"methods": ?(\[[^\]]*\])', text)
    assert "equal evaluations" not in data


def test_claims_that_five_seeds_decide_stand_on_the_page_with_their_parts(tmp_path):
    text = page_of(both_tracks(), tmp_path, ABOUT)
    page = Page(text)
    assert "claims" in page.values("id")
    assert "C7: next-step and decoding error come apart" in page.text


def test_without_a_claim_that_can_be_judged_there_is_no_section_of_claims(tmp_path):
    text = page_of([make_record(make_cell("unheard_of"))], tmp_path)
    assert "claims" not in Page(text).values("id")
