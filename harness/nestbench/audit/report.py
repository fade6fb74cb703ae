"""An audit as terminal text, Markdown, JSON and a page of its own."""

import json
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from nestbench.audit.difference import Gravity
from nestbench.audit.result import Audit
from nestbench.audit.view import view

__all__ = ["plain", "to_html", "to_json", "to_markdown", "to_text"]

_TEMPLATES = Path(__file__).parent / "templates"
#: How wide a column of the table in a terminal is at least.
_COLUMN = 16
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&!])")


def to_json(audit: Audit) -> str:
    """All of it as data."""
    return json.dumps(view(audit), indent=1, ensure_ascii=False) + "\n"


def to_text(audit: Audit) -> str:
    """As a terminal shows it: nothing that was measured can steer the terminal."""
    return _rendered("audit.txt.j2", audit, escape=False)


def to_markdown(audit: Audit) -> str:
    """As a step summary or a comment shows it: what was measured is text, and no markup."""
    return _rendered("audit.md.j2", audit, escape=False)


def to_html(audit: Audit) -> str:
    """One page: no script, nothing from another host, and what was measured is text."""
    return _rendered("audit.html.j2", audit, escape=True)


def _rendered(name: str, audit: Audit, *, escape: bool) -> str:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        # In text and Markdown, too, nothing comes out as it went in.
        finalize=None if escape else plain,
    )
    environment.filters.update(md=_markdown, code=_code, fence=_fence, shape=_shape, duration=_duration)
    gravities = [(one.name.lower(), one.words) for one in Gravity]
    shown = view(audit)
    values = [value for row in shown["facts"] for value in row["values"] if value is not None]
    width = max(_COLUMN, *(2 + len(one) for one in [*values, *(side["stack"] for side in shown["sides"])]))
    return environment.get_template(name).render(audit=shown, gravities=gravities, width=width)


def plain(value: Any) -> Any:
    """Text without characters that a terminal obeys."""
    if not isinstance(value, str):
        return value
    return "".join(one if one.isprintable() or one == "\n" else f"\\x{ord(one):02x}" for one in value)


def _markdown(value: Any) -> str:
    """One line of text in which nothing is markup."""
    return _MARKUP.sub(r"\\\1", " ".join(str(value).split()))


def _code(value: Any) -> str:
    """One line within backticks, in a table too."""
    text = " ".join(str(value).split()).replace("|", "\\|")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _fence(value: str) -> str:
    """A block of code."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", value)), default=0))
    return f"{fence}python\n{value}\n{fence}"


def _shape(sizes: list[int]) -> str:
    return f"({', '.join(map(str, sizes))}{',' if len(sizes) == 1 else ''})"


def _duration(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"
