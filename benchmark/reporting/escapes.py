"""Text from records made inert, for each place where it is printed. Nothing else in the suite escapes anything.

The schema of a record keeps names harmless; reasons, tracebacks, units and the text of a knob may say anything.
"""

import html as standard_html
import json
import re
from typing import Any

_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    "-": "{-}",  # two or three of them would become a dash
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def plain(text: str, lines: bool = False) -> str:
    r"""Return one line for a terminal: what cannot be seen, or changes what is seen, is written out as `\x1b`.

    Args:
        lines: whether to keep line breaks, for a traceback.
    """
    if text.isprintable():
        return text
    text = text if lines else text.replace("\n", " ")
    return "".join(sign if sign.isprintable() or sign == "\n" else _written_out(sign) for sign in text)


def _written_out(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")


def html(text: str) -> str:
    """Escape text for an element or a quoted attribute of an HTML page."""
    return standard_html.escape(plain(text), quote=True)


def latex(text: str) -> str:
    """Escape text for LaTeX; a sign that its fonts may lack is named by its number."""
    return "".join(_LATEX.get(sign, sign if ord(sign) < 0x100 else f"U+{ord(sign):04X}") for sign in plain(text))


def markdown(text: str) -> str:
    """Escape text for Markdown, in a table or a paragraph; brackets of intervals stay, links become text."""
    escaped = re.sub(r"([\\`*<>|#&$~])", r"\\\1", plain(text))
    escaped = re.sub(r"\](?=[(\[:])", r"\\]", escaped)
    return escaped.replace("://", r":\//").replace("www.", r"www\.")


def csv(text: str) -> str:
    """Keep a spreadsheet from reading text as a formula."""
    text = plain(text)
    return f"'{text}" if text.startswith(_FORMULA) else text


def figure(text: str) -> str:
    """Keep matplotlib from reading text as mathematics."""
    return plain(text).replace("$", r"\$")


def script(value: Any) -> str:
    """Write a value as JSON that may stand in a `<script>` element: no text in it can end the element."""
    text = json.dumps(value, allow_nan=False)
    return text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")
