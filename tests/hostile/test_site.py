"""Hostile text on the site does nothing but stand there: in a browser nothing runs, and no element is made of it."""

import pytest

from benchmark.reporting.escapes import plain
from benchmark.reporting.site import About, MethodAbout, Run, TaskAbout, write_site
from benchmark.running.record import Record
from tests.factories import FACTS, make_cell, make_record, results_of
from tests.hostile.inert import assert_page_is_inert
from tests.hostile.test_mutations import EVIL
from tests.site.browser import chromium, visit
from tests.site.records import ABOUT
from tests.site.test_page import Page

PAYLOADS = (
    "<script>window.ran = 1</script>",
    "</script><script>window.ran = 1</script>",
    "<img src=x onerror='window.ran = 1'>",
    "\"><svg onload=window.ran=1>",
    "' onfocus=window.ran=1 autofocus='",
    "</style><style>body{display:none}</style>",
    "</title><meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'>",
    "javascript:window.ran=1",
    "{{ 7 * 7 }}{% raw %}${7*7}",
    "<!-- ",
    "]]>",
    "__proto__",
)  # fmt: skip


def hostile_records(texts: tuple[str, ...]) -> list[Record]:
    """Records that hold these texts wherever a record may hold any: labels, knobs, reasons, provenance."""
    records = []
    for seed, text in enumerate(texts):
        label = text if text.isprintable() and len(text) < 300 else "label"
        facts = FACTS.model_copy(update=dict.fromkeys(("metric", "unit", "axis_unit", "failure", "source"), label))
        facts = facts.model_copy(update={"controls": {label: 0.5}})
        record = make_record(make_cell(f"task_{seed}", "reinforce", coin=label), facts=facts)
        records.append(record.model_copy(update={"provenance": dict.fromkeys(("torch", "commit", "finished"), label)}))
        records.append(make_record(make_cell(f"task_{seed}", "reinforce", coin="other"), facts=facts))
        records.append(Record(cell=make_cell(f"task_{seed}", "broken"), status="error", reason=text, traceback=text))
    inherited = make_record(make_cell("constructor", "toString"), facts=FACTS)
    curves = dict.fromkeys(
        ("__proto__", "constructor", "hasOwnProperty", "__lookupGetter__"), inherited.curves["free_running"]
    )
    records.append(inherited.model_copy(update={"curves": inherited.curves | curves}))
    return [Record.model_validate_json(record.to_json(), strict=True) for record in records]


def hostile_about(texts: tuple[str, ...]) -> About:
    """Plugins whose every word is hostile."""
    tasks = {
        f"task_{number}": TaskAbout(text, text, text, ((Run(True, text), Run(False, text)),))
        for number, text in enumerate(texts)
    }
    methods = {name: MethodAbout(texts[0], texts[1], texts[2]) for name in ("reinforce", "broken")}
    words = {"title": texts[0], "command": texts[1], "given": tuple(text[:100] for text in texts)}
    trace = ABOUT.traces[0].model_copy(update=words | {"task": "task_0", "own": (texts[2],) * 2})
    return About(texts[0], tasks, methods, (trace,))


@pytest.mark.parametrize("texts", [PAYLOADS, EVIL], ids=["payloads", "corpus"])
def test_hostile_text_makes_no_element_and_no_attribute(texts, tmp_path):
    file = write_site(
        results_of(hostile_records(texts)), tmp_path / "index.html", texts[0] or "x", hostile_about(texts)
    )
    text = file.read_text(encoding="utf-8")
    assert_page_is_inert(text)
    assert all(sign.isprintable() or sign == "\n" for sign in text)
    shown = Page(text).text
    assert all(plain(payload) in shown for payload in texts)


def test_markup_that_is_not_escaped_is_found(tmp_path):
    text = write_site(results_of(hostile_records(("x",))), tmp_path / "index.html", "x").read_text(encoding="utf-8")
    for markup in PAYLOADS[:3]:
        with pytest.raises(AssertionError):
            assert_page_is_inert(text.replace("<h1>", f"{markup}<h1>"))


@pytest.mark.site
def test_hostile_text_does_nothing_in_a_browser(tmp_path):
    file = write_site(
        results_of(hostile_records(PAYLOADS)), tmp_path / "evil.html", PAYLOADS[0], hostile_about(PAYLOADS)
    )
    with chromium() as browser, visit(browser, file) as visited:
        page = visited.page
        visited.scroll_through()
        for select in page.locator(".figure select").all():
            for option in select.locator("option").all():
                select.select_option(option.get_attribute("value"))
        page.locator(".figure use.mark").first.hover(force=True)
        page.select_option("[data-filter=failure]", index=1)
        for button in page.locator("#board thead button").all()[:4]:
            button.click()
        assert page.evaluate("window.ran") is None
        assert visited.noise == []
        assert [url for url in visited.requests if not url.startswith("data:")] == [file.as_uri()]
        assert page.locator("script").count() == 2
        assert page.locator("img, iframe, [onload], [onerror], [onfocus]").count() == 0
        assert "<img src=x onerror='window.ran = 1'>" in page.inner_text("#tasks")
