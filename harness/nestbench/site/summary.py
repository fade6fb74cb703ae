"""The summary of the site as Markdown: results/report.md, and the state in the README."""

from collections.abc import Iterator
from pathlib import Path

from nestbench.errors import UsageError
from nestbench.matrix.advisories import listed, vulnerable
from nestbench.names import number_of
from nestbench.report.differing import render
from nestbench.site.claimview import claim_totals, claim_views
from nestbench.site.overview import overview
from nestbench.site.source import Source
from nestbench.site.state import measured, sentence, step_words
from nestbench.site.survey import Survey
from nestbench.store.disk import read_text, write_text

__all__ = ["BEGIN", "END", "report_markdown", "update"]

BEGIN = "<!-- state:begin (made by: nestbench readme) -->"
END = "<!-- state:end -->"


def update(readme: Path, report: Path, survey: Survey, *, write: bool = True) -> bool:
    """Make both files current; whether that changed one of them. ``write``: false only tells.

    Raises UsageError where the README has no place for the state, StoreError.
    """
    text = read_text(readme) or ""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise UsageError(
            f"{readme} has no place for the state.",
            do=f"Write the lines `{BEGIN}` and `{END}` where it should stand.",
        )
    made = {
        readme: "\n".join([f"{before}{BEGIN}", "", sentence(survey), "", *overview(survey), f"{END}{after}"]),
        report: report_markdown(survey),
    }
    changed = {path: content for path, content in made.items() if read_text(path) != content}
    if write:
        for path, content in changed.items():
            write_text(path, content)
    return bool(changed)


def report_markdown(survey: Survey) -> str:
    """The summary: the state, the stacks line by line, the article's claims, and where stacks differ."""
    source = survey.source
    return "\n".join(
        [*_lines(survey), "", "## Where stacks differ", "", render(source.store, source.catalogue)]
    )


def _lines(survey: Survey) -> Iterator[str]:
    yield from ("# Nested Keras layers, version by version", "", sentence(survey), "", measured(survey), "")
    yield "Made by `nestbench readme`. `nestbench report` makes the whole as a site that opens from the disk."
    yield from ("", _vulnerable(survey.source))
    for block in survey.source.blocks:
        yield from ("", f"## {block.name}", "")
        yield (
            "| stack | safe | lose in another file | lose silently | raise or die | overcounted "
            "| against the release before |"
        )
        yield "|---|---|---|---|---|---|---|"
        for column in block.columns:
            tally = survey.tally(column.stack)
            counts = " | ".join(map(str, (tally.safe, tally.lossy, *(tally[kind] for kind in "lro"))))
            known = survey.before(column.stack) is not None
            step = step_words(survey, column.stack) if known else "the first of its line"
            yield f"| {column.stack} | {counts} | {step} |"
    if survey.source.absent:
        yield from ("", f"Not measured at all: {', '.join(survey.source.absent)}.")
    yield from ("", "## Claims", "", claim_totals(survey), "")
    for one in claim_views(survey):
        if one.from_article:
            yield f"- {one.icon} {one.verdict}: {one.claim.sentence}"


def _vulnerable(source: Source) -> str:
    rows = [one for one in source.matrix.stacks if one.id in source.stacks]
    found = sum(bool(vulnerable(one)) for one in rows)
    return (
        f"{found} of {number_of(len(rows), 'stack')} hold a release with known vulnerabilities, as of "
        f"{listed().as_of}: they are here to be measured. `nestbench matrix` says which, and from which "
        "release on that is fixed."
    )
