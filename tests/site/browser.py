"""A headless Chromium, and what it saw of a page: console, errors, requests, and whether anything hostile ran."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

DESKTOP, PHONE = (1280, 900), (390, 844)
_OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


class Visit:
    """A page that was opened, with all that it did: lines of the console, errors, requests, dialogues."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.noise: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.noise.append(f"console {message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.noise.append(f"error: {error}"))
        page.on("dialog", self._dismiss)
        page.on("request", lambda request: self.requests.append(request.url))

    def _dismiss(self, dialog: Any) -> None:
        self.noise.append(f"dialogue: {dialog.message}")
        dialog.dismiss()

    def scroll_through(self) -> None:
        """Come near every figure, so that all of them are drawn, and open whatever can be opened."""
        self.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        self.page.evaluate(
            "async () => { for (let y = 0; y < document.body.scrollHeight; y += 400) {"
            " scrollTo(0, y); await new Promise(done => requestAnimationFrame(() => setTimeout(done, 20))); }"
            " scrollTo(0, 0); }"
        )


@contextmanager
def chromium() -> Iterator[Any]:
    """Yield a browser.

    Raises:
        FileNotFoundError: if there is none; `apt-get install chromium` makes one.
    """
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        raise FileNotFoundError("the tests of the site need Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_OPTIONS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visit(browser: Any, file: Path, size: tuple[int, int] = DESKTOP, scheme: str = "light") -> Iterator[Visit]:
    """Open a file in a window of this size, in light or dark."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    try:
        visited = Visit(context.new_page())
        visited.page.goto(file.as_uri())
        yield visited
    finally:
        context.close()
