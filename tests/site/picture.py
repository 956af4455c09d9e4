"""The picture of the page in the README: `python -m tests.site.picture results/runs/quick/index.html docs/page.png`."""

import sys
from pathlib import Path

from tests.site.browser import chromium, visit

_SECTION, _SIZE = "#task-copycat_tagging", (1280, 860)


def take(page: Path, out: Path) -> None:
    """Save the beginning of a task's section, its figures drawn, as PNG."""
    with chromium() as browser, visit(browser, page.resolve(), _SIZE) as visited:
        section = visited.page.locator(_SECTION)
        section.evaluate("one => one.scrollIntoView()")
        section.locator("svg.plot").nth(1).wait_for()
        visited.page.screenshot(path=out)


if __name__ == "__main__":
    take(Path(sys.argv[1]), Path(sys.argv[2]))
