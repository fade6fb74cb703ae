"""Known vulnerabilities: what advisories.toml says, and what `nestbench matrix` says by it."""

import json

import pytest
from packaging.version import Version
from typer.testing import CliRunner

from nestbench.cli import app
from nestbench.matrix import load_matrix
from nestbench.matrix.advisories import listed, vulnerable, words


def shown(*arguments):
    return CliRunner().invoke(app, ["matrix", *arguments]).stdout


@pytest.mark.parametrize("advisory", listed().advisory, ids=lambda one: one.id)
def test_an_advisory_is_mended_by_the_release_that_it_says(advisory):
    assert advisory.package in listed().packages
    assert not advisory.names(advisory.fixed)
    earlier = [text.rpartition("<")[2] for text in advisory.affected]
    assert all(Version(one) <= Version(advisory.fixed) for one in earlier)


def test_every_stack_is_looked_up_and_what_mends_it_is_named_by_none():
    for stack in load_matrix().stacks:
        for one in vulnerable(stack):
            assert one.advisories
            assert Version(one.version) < Version(one.fixed)
            assert listed().of(one.package, one.fixed) == ()


def test_old_releases_are_marked_with_their_sources():
    old, new = json.loads(shown("tf2.11", "keras3.15", "--format", "json"))
    found = {one["package"]: one for one in old["known_vulnerabilities"]}
    assert found["tensorflow"]["version"] == "2.11.1"
    assert found["tensorflow"]["fixed"] == "2.12.1"
    assert found["tensorflow"]["advisories"] == {
        "CVE-2023-33976": "https://github.com/advisories/GHSA-gjh7-xx4r-x345"
    }
    assert found["keras"]["fixed"] == "3.15.1"
    assert new["known_vulnerabilities"] == []


def test_the_table_names_packages_and_never_says_safe():
    text = " ".join(shown("tf2.11", "keras3.15").split())
    assert "keras, tensorflow" in text
    assert "none listed" in text
    assert f"as of {listed().as_of}" in text
    assert "Fixed from tensorflow 2.12.1 on." in text
    assert "safe" not in text


def test_a_row_without_a_lock_is_not_looked_up(tmp_path, row):
    file = tmp_path / "stacks.toml"
    file.write_text(row)
    (stack,) = load_matrix(file).stacks
    assert vulnerable(stack) is None
    assert words(vulnerable(stack)) == "not looked up: it has no lock"
    (one,) = json.loads(shown("--matrix", str(file), "--format", "json"))
    assert one["known_vulnerabilities"] is None
