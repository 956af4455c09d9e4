"""The page in a headless Chromium: it sorts, filters, draws, and asks nobody for anything."""

import json
import re

import pytest

from benchmark.reporting.grouping import group_records
from benchmark.reporting.site import write_site
from benchmark.reporting.site.colours import contrast
from benchmark.reporting.site.curves import chart_data
from benchmark.reporting.site.leaderboard import COLUMNS
from tests.factories import FACTS, make_cell, make_record, results_of
from tests.site.browser import DESKTOP, PHONE, chromium, visit
from tests.site.records import ABOUT, site_records

pytestmark = pytest.mark.site


@pytest.fixture(scope="module")
def browser():
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return write_site(
        results_of(site_records()), tmp_path_factory.mktemp("site") / "index.html", "ebb report DIR", ABOUT
    )


@pytest.fixture
def visited(browser, file):
    with visit(browser, file) as opened:
        yield opened


def keys_of(page, column: int) -> list:
    """What the rows are sorted by, from the first that is shown to the last; None for no value."""
    texts = page.evaluate(
        "column => [...document.querySelectorAll('#board tbody tr')].filter(row => !row.hidden)"
        ".map(row => row.cells[column].dataset.key)",
        column,
    )
    return [json.loads(text) if text else None for text in texts]


def first_figure(page):
    """The first figure of a task, drawn."""
    figure = page.locator("#task-labels .figure").first
    figure.scroll_into_view_if_needed()
    figure.locator("svg.plot").wait_for()
    return figure


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_requested_and_the_console_stays_silent(browser, file, size, scheme):
    with visit(browser, file, size, scheme) as visited:
        visited.scroll_through()
        assert visited.noise == []
        assert [url for url in visited.requests if not url.startswith("data:")] == [file.as_uri()]


def test_the_policy_of_the_page_lets_no_request_out(browser, file):
    with visit(browser, file) as visited:
        answer = visited.page.evaluate("fetch('http://127.0.0.1:9/').then(() => 'sent', error => String(error))")
        assert "Failed to fetch" in answer
        assert any("Content Security Policy" in line for line in visited.noise)


@pytest.mark.parametrize("column", range(len(COLUMNS)), ids=[column.title for column in COLUMNS])
def test_the_button_in_the_head_of_a_column_sorts_by_it_both_ways(visited, column):
    page = visited.page
    page.click("#columns")
    head = page.locator("#board thead th").nth(column)
    seen = []
    for _ in range(2):
        head.locator("button").click()
        seen.append(head.get_attribute("aria-sort"))
        keys = keys_of(page, column)
        known = [key for key in keys if key is not None]
        assert keys == known + [None] * (len(keys) - len(known))
        assert known == sorted(known, key=str.casefold if known and isinstance(known[0], str) else None,
                               reverse=seen[-1] == "descending")  # fmt: skip
    assert sorted(seen) == ["ascending", "descending"]
    assert page.locator("#board thead th[aria-sort]").count() == 1


@pytest.mark.parametrize(
    ("name", "wanted", "rows"), [("failure", "open", 3), ("task", "labels", 4), ("path", "k passes", 3),
                                 ("model", "lstm", 3)]
)  # fmt: skip
def test_a_filter_leaves_the_rows_that_were_asked_for(visited, name, wanted, rows):
    page = visited.page
    page.select_option(f"[data-filter={name}]", wanted)
    shown = page.locator(f"#board tbody tr[data-{name}='{wanted}']:visible")
    assert shown.count() == rows == page.locator("#board tbody tr:visible").count()
    assert page.inner_text(".count") == f"{rows} of 10 rows"
    page.click("text=Show all rows")
    page.wait_for_function("document.querySelectorAll('#board tbody tr[hidden]').length === 0")
    assert page.inner_text(".count") == "10 rows"


def test_filters_that_no_row_passes_say_so_and_sorting_keeps_what_is_filtered(visited):
    page = visited.page
    page.select_option("[data-filter=task]", "labels")
    page.locator("#board thead button").first.click()
    assert page.locator("#board tbody tr:visible").count() == 4
    page.select_option("[data-filter=model]", "lstm")
    assert page.locator("#board tbody tr:visible").count() == 0
    assert "nothing was run with all of these" in page.inner_text(".count")


def test_every_curve_of_the_records_is_drawn_with_a_mark_for_every_value(visited):
    data = chart_data(group_records(site_records()), 10**7)
    page = visited.page
    visited.scroll_through()
    checked = 0
    for figure in page.locator(".figure").all():
        places = [data["places"][int(number)] for number in figure.get_attribute("data-places").split()]
        methods = figure.get_attribute("data-methods").split()
        with_values = [
            name
            for name in data["curves"]
            if any(
                value is not None
                for place in places
                for method in methods
                for value in place["curves"].get(name, {}).get("series", {}).get(method, [[]])[0]
            )
        ]
        options = figure.locator("option").all()
        assert [option.get_attribute("value") for option in options] == with_values
        for name in with_values:
            figure.locator("select").select_option(name)
            series = [place["curves"][name]["series"] for place in places if name in place["curves"]]
            drawn = [own[method][0] for own in series for method in methods if method in own]
            values = sum(value is not None for own in drawn for value in own)
            assert figure.locator("svg.plot use.mark").count() == values
            assert figure.locator("svg.plot .line:not(.gold)").count() == len(drawn)
            assert not figure.locator("svg.plot [d*=NaN], svg.plot [x*=NaN], svg.plot [y*=NaN]").count()
            checked += 1
    assert checked > 30


def test_an_axis_says_which_end_is_better_where_that_is_known(visited):
    figure = first_figure(visited.page)
    ends = {"free_running": "\u2191", "self_recovery": "\u2191", "something_new": ""}
    for name, arrow in ends.items():
        figure.locator("select").select_option(name)
        label = figure.locator("svg.plot text[transform]").first.text_content()
        assert (label[-1] if label[-1] in "\u2191\u2193" else "") == arrow, label


def test_a_control_beside_which_all_lines_would_be_flat_is_told_and_not_drawn(browser, tmp_path):
    facts = FACTS.model_copy(update={"metric": "KL", "direction": "lower", "floor": 0.4, "ceiling": 0.0})
    records = [make_record(make_cell(seed=seed), (0.03, 0.04, 0.05), facts) for seed in range(2)]
    with visit(browser, write_site(results_of(records), tmp_path / "index.html", "ebb report DIR")) as visited:
        figure = visited.page.locator(".figure").first
        figure.scroll_into_view_if_needed()
        figure.locator("svg.plot").wait_for()
        assert "the floor, 0.4, is far off" in figure.locator(".readout").inner_text()
        ticks = figure.locator("svg.plot text[text-anchor=end]").all_text_contents()
        assert max(map(float, ticks)) < 0.1


def test_the_values_of_a_figure_stand_in_a_table(visited):
    figure = first_figure(visited.page)
    figure.locator("summary").click()
    rows = figure.locator(".values tbody tr")
    rows.first.wait_for()
    assert rows.count() == 4
    assert rows.nth(1).inner_text().split("\t")[0] == "scheduled_sampling"
    head = figure.locator(".values thead").inner_text().strip().split("\t")
    assert head == ["output position (labels)", "1–4", "5–8", "9–16"]


def test_a_button_of_the_legend_takes_its_line_away_and_brings_it_back(visited):
    figure = first_figure(visited.page)
    button = figure.locator(".legend button").last  # the first, teacher forcing, has a line on gold prefixes too
    before = figure.locator(".line").count()
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert figure.locator(".line").count() == before - 1
    button.click()
    assert figure.locator(".line").count() == before
    for other in figure.locator(".legend button").all():
        other.click()
    assert figure.locator(".line").count() == 0
    assert visited.noise == []


def test_a_pointer_on_a_mark_reads_its_value(visited):
    figure = first_figure(visited.page)
    figure.locator("use.mark").first.hover(force=True)
    said = figure.locator(".readout").inner_text()
    assert re.match(r"labels, gru: .+, output position \(labels\) 1–4: 0\.\d+ \[.*\]", said), said


def ground_and_text(page) -> list[tuple[float, ...]]:
    colours = page.evaluate("['backgroundColor', 'color'].map(name => getComputedStyle(document.body)[name])")
    return [tuple(int(part) / 255 for part in re.findall(r"\d+", colour)[:3]) for colour in colours]


def test_light_and_dark_follow_the_system_and_the_button_changes_them(browser, file):
    for scheme in ("light", "dark"):
        with visit(browser, file, scheme=scheme) as visited:
            ground, text = ground_and_text(visited.page)
            assert (sum(ground) > sum(text)) == (scheme == "light")
            assert contrast(ground, text) > 7
            visited.page.click("#theme")
            ground, text = ground_and_text(visited.page)
            assert (sum(ground) > sum(text)) == (scheme == "dark")
            assert visited.page.inner_text("#theme") == ("Dark theme" if scheme == "dark" else "Light theme")


def test_a_phone_scrolls_tables_and_never_the_page_sideways(browser, file):
    with visit(browser, file, PHONE) as visited:
        visited.scroll_through()
        assert visited.page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
        board = visited.page.locator(".tall")
        assert board.evaluate("one => one.scrollWidth > one.clientWidth")
        plots = visited.page.locator("svg.plot").all()
        assert len(plots) > 6
        assert all(0 < plot.bounding_box()["width"] <= PHONE[0] for plot in plots)


def test_everything_can_be_reached_and_used_with_the_keyboard_alone(visited):
    page = visited.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    seen, outlined = set(), True
    for _ in range(60):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            "[document.activeElement.textContent.trim().slice(0, 30) || document.activeElement.tagName,"
            " getComputedStyle(document.activeElement).outlineStyle]"
        )
        seen.add(name)
        outlined &= outline != "none"
        if name == "task":
            page.keyboard.press("Enter")
        if name == "All columns":
            page.keyboard.press("Space")
    assert outlined
    assert {"Show all rows", "All columns", "method", "task", "status"} <= seen
    assert page.locator("#board th[aria-sort]").inner_text() == "task"
    assert page.get_attribute("#columns", "aria-pressed") == "true"


def test_copy_buttons_copy_what_stands_below_them(browser, file):
    with visit(browser, file) as visited:
        visited.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        button = visited.page.locator("[data-copies=cite-task-labels]")
        button.click()
        visited.page.wait_for_function("one => one.textContent === 'Copied'", arg=button.element_handle())
        copied = visited.page.evaluate("navigator.clipboard.readText()")
        assert copied == ABOUT.tasks["labels"].citation
