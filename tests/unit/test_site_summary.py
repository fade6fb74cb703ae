"""The README's state and results/report.md, made from staged results."""

import pytest
from site_stage import source_in

from nestbench.errors import UsageError
from nestbench.site import summary, survey_of


@pytest.fixture
def survey(tmp_path):
    return survey_of(source_in(tmp_path))


def test_the_state_stands_between_the_marks_and_is_written_once(survey, tmp_path):
    readme, report = tmp_path / "README.md", tmp_path / "report.md"
    readme.write_text(f"before\n{summary.BEGIN}\nold\n{summary.END}\nafter\n")
    assert summary.update(readme, report, survey, write=False)
    assert "old" in readme.read_text()
    assert not report.exists()
    assert summary.update(readme, report, survey)
    assert not summary.update(readme, report, survey)
    text = readme.read_text()
    assert text.startswith(f"before\n{summary.BEGIN}\n")
    assert text.endswith(f"{summary.END}\nafter\n")
    assert "old" not in text


def test_groups_are_counted_at_the_ends_of_lines_and_at_the_worst_step(survey, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"{summary.BEGIN}\n{summary.END}")
    summary.update(readme, tmp_path / "report.md", survey)
    head, _, row = [line for line in readme.read_text().splitlines() if line.startswith("|")]
    assert head == "| cases | tf2.14 | tf2.15 | tf2.16 | keras3.15 |"
    before, after = "1 loses, 3 raise", "3 lose, 5 raise"
    assert row == f"| containers (9) | {before} | {before} | {after} | {after} |"


def test_the_report_shows_where_stacks_differ(survey, tmp_path):
    readme, report = tmp_path / "README.md", tmp_path / "report.md"
    readme.write_text(f"{summary.BEGIN}\n{summary.END}")
    summary.update(readme, report, survey)
    assert "| [a-case](../cases/containers.py): owner layer | ✓ | **!** raises |" in report.read_text()


def test_a_readme_without_a_place_for_the_state_is_refused(survey, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"{summary.END} {summary.BEGIN}")
    with pytest.raises(UsageError, match="no place for the state"):
        summary.update(readme, tmp_path / "report.md", survey)
    assert not (tmp_path / "report.md").exists()
