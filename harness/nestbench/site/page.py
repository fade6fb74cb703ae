"""Templates: everything that comes from results, cases or the matrix is text, and is escaped."""

import re
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from nestbench import __version__
from nestbench.names import does, number_of
from nestbench.portability.report import WEIGHTS_FILE
from nestbench.site.anchor import cell_anchor, file_name
from nestbench.site.mark import legend

__all__ = ["render"]

_LEXER = PythonLexer()
_FORMATTER = HtmlFormatter(nowrap=True, classprefix="py-")
_CODE = re.compile(r"`{1,2}([^`]+)`{1,2}")


def render(template: str, **context: Any) -> str:
    """The page of that template; ``root`` is the way from the page to the front page's folder."""
    return _environment().get_template(template).render(**context)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("nestbench.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(prose=_prose, python=_python, file=file_name, link=_is_link, plain=_plain)
    environment.globals.update(
        legend=legend, cell_anchor=cell_anchor, version=__version__, issues=_issue_name,
        weights_file=WEIGHTS_FILE, does=does, number_of=number_of,
    )  # fmt: skip
    return environment


def _prose(text: str) -> Markup:
    """Paragraphs of a docstring or sentence, with what stands in backticks as code."""
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip()) if part.strip()]
    return Markup("").join(Markup("<p>{}</p>").format(_coded(one)) for one in paragraphs)


def _coded(text: str) -> Markup:
    """What stands in backticks as code; the odd parts of the split are what was in them."""
    parts = _CODE.split(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )


@cache
def _python(source: str) -> Markup:
    """Python, highlighted; the prefix keeps its classes apart from those of marks."""
    made = highlight(source, _LEXER, _FORMATTER)
    return Markup(made)  # noqa: S704 - pygments escapes


def _is_link(text: str) -> bool:
    """Whether it may become a link: a source is text of its author's, which may be anything."""
    return re.fullmatch(r"https?://\S+", text) is not None


def _issue_name(link: str) -> str:
    """``keras-team/keras#18467`` for an issue or pull request, else the address without its head."""
    found = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+)/(?:issues|pull)/(\d+)(?:#.*)?", link)
    return f"{found[1]}#{found[2]}" if found else re.sub(r"^https?://(www\.)?", "", link).rstrip("/")


def _plain(value: Any) -> str:
    if value is None:
        return "–"  # noqa: RUF001 - a dash
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
