"""A Diagnosis as text, as Markdown and as HTML: the same words in the same order."""

import textwrap
from html import escape

WIDTH = 100


def headline(diagnosis):
    """One sentence that says how it stands, and never more than was seen."""
    found, unseen = len(diagnosis.findings), [one for one in diagnosis.unseen if not one.by_design]
    if found:
        said = "%d finding%s in %s." % (found, "" if found == 1 else "s", diagnosis.model)
    elif unseen:
        said = "No finding in %s, but not all of it could be looked at." % diagnosis.model
    elif diagnosis.unseen:
        said = "No finding in what was looked at of %s." % diagnosis.model
    else:
        said = "No finding in %s." % diagnosis.model
    if diagnosis.used is not None:
        counted = "nothing" if diagnosis.counted is None else "%d" % diagnosis.counted
        said += " Keras counts %s; the forward pass reads %d." % (counted, diagnosis.used)
    return said


def ground(diagnosis):
    """The versions that were looked at, in a line."""
    return ", ".join("%s %s" % pair for pair in sorted(diagnosis.versions.items()))


def text(diagnosis):
    """For a terminal."""
    lines = [headline(diagnosis), "(%s)" % ground(diagnosis)]
    for number, one in enumerate(diagnosis.findings, 1):
        lines += ["", "%d. %s: %s  [%s]" % (number, one.kind, one.place, one.rule)]
        lines += ["   " + line for line in _lines_of(one)]
    if diagnosis.notes:
        lines += ["", "Worth knowing; the weights file loses nothing by it:"]
        for one in diagnosis.notes:
            lines += _wrapped("- %s: %s [%s]" % (one.place, one.said, one.rule), "  ")
    if diagnosis.unseen:
        lines += ["", "Not looked at:"]
        for one in diagnosis.unseen:
            lines += _wrapped("- %s: %s. %s" % (one.what, one.why.rstrip("."), one.do), "  ")
    return "\n".join(lines)


def _lines_of(one):
    yield "%s: %s." % (one.title, one.said)
    for variable in one.variables[:12]:
        yield "  %s" % variable
    if len(one.variables) > 12:  # noqa: PLR2004 - as above
        yield "  and %d more" % (len(one.variables) - 12)
    if one.lost:
        yield "lost: not %s" % ", not ".join(one.lost)
    if one.line:
        yield "made at: %s" % one.line
    for line in _wrapped("why: " + one.cause, "     "):
        yield line
    yield "instead:"
    for line in one.mend.splitlines():
        yield "    " + line
    for line in one.elsewhere:
        yield "elsewhere: %s" % line


def markdown(diagnosis):
    """For a notebook, a pull request or a step summary."""
    lines = ["**%s**" % headline(diagnosis), "", ground(diagnosis)]
    for number, one in enumerate(diagnosis.findings, 1):
        lines += ["", "### %d. %s: `%s` (%s)" % (number, one.kind, one.place, one.rule), ""]
        lines += ["%s: %s." % (one.title.capitalize(), one.said), ""]
        lines += ["- `%s`" % variable for variable in one.variables]
        if one.lost:
            lines += ["- lost: not %s" % ", not ".join(one.lost)]
        if one.line:
            lines += ["- made at `%s`" % one.line]
        lines += ["", one.cause, "", "```python", one.mend, "```"]
        if one.elsewhere:
            lines += ["", "Elsewhere: %s." % "; ".join(one.elsewhere)]
    for title, entries in _rest(diagnosis):
        lines += ["", "**%s**" % title, ""] + ["- %s" % entry for entry in entries]
    return "\n".join(lines) + "\n"


def html(diagnosis):
    """For a notebook: no script, no style sheet of others."""
    parts = [
        "<div><p><b>%s</b><br><small>%s</small></p>"
        % (escape(headline(diagnosis)), escape(ground(diagnosis)))
    ]
    for number, one in enumerate(diagnosis.findings, 1):
        title = "%d. %s: <code>%s</code> (%s)" % (number, one.kind, escape(one.place), one.rule)
        parts.append("<details open><summary>%s</summary>" % title)
        parts.append("<p>%s: %s.</p>" % (escape(one.title.capitalize()), escape(one.said)))
        facts = list(one.variables)
        if one.lost:
            facts.append("lost: not %s" % ", not ".join(one.lost))
        if one.line:
            facts.append("made at: %s" % one.line)
        parts.append("<ul>%s</ul>" % "".join("<li><code>%s</code></li>" % escape(fact) for fact in facts))
        parts.append("<p>%s</p><pre>%s</pre>" % (escape(one.cause), escape(one.mend)))
        if one.elsewhere:
            parts.append("<p>Elsewhere: %s.</p>" % escape("; ".join(one.elsewhere)))
        parts.append("</details>")
    for title, entries in _rest(diagnosis):
        items = "".join("<li>%s</li>" % escape(entry) for entry in entries)
        parts.append("<p><b>%s</b></p><ul>%s</ul>" % (escape(title), items))
    return "".join(parts) + "</div>"


def page(diagnosis):
    """As a file of its own."""
    title = escape(headline(diagnosis))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>%s</title></head>\n' % title
        + ("<body>%s</body></html>\n" % html(diagnosis))
    )


def _rest(diagnosis):
    if diagnosis.notes:
        yield (
            "Worth knowing; the weights file loses nothing by it",
            ["%s: %s (%s)" % (one.place, one.said, one.rule) for one in diagnosis.notes],
        )
    if diagnosis.unseen:
        yield (
            "Not looked at",
            [("%s: %s. %s" % (one.what, one.why.rstrip("."), one.do)).strip() for one in diagnosis.unseen],
        )


def _wrapped(line, indent):
    return textwrap.wrap(
        line, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
