"""What many files say alike is decoded once, and is what decoding each of them would give."""

from dataclasses import replace
from pathlib import Path

import pytest
from store_stage import DIGESTS, filled, observation
from test_store_damage import BROKEN

from nestbench.catalogue import load_catalogue
from nestbench.frames import collect
from nestbench.store import CaseResult, Store, StoreError, codec
from nestbench.store.alike import Alike
from nestbench.store.seal import sealed
from nestbench.verdicts import judge

PUBLISHED = Path(__file__).parents[2] / "results" / "published"
PATH = Path("somewhere.json")


def with_calls(count):
    one = observation()
    called = replace(one.phases["called"], python_calls=count)
    return replace(one, phases={**one.phases, "called": called})


def text_of(observation, stack="tf2.15"):
    return codec.encode(CaseResult(stack=stack, case="a-case", digests=DIGESTS, observations=[observation]))


def outcome(decode):
    try:
        return decode()
    except StoreError as error:
        return str(error)


def test_results_that_differ_in_counts_share_prototypes_and_keep_their_counts():
    alike = Alike()
    texts = [text_of(with_calls(count), f"tf2.{count}") for count in (9, 123)]
    first, second = (alike.decode(text, PATH) for text in texts)
    assert first.measured[0].prototype is second.measured[0].prototype
    assert [one.result for one in (first, second)] == [codec.decode(CaseResult, text, PATH) for text in texts]
    assert [one.result.observations[0].phases["called"].python_calls for one in (first, second)] == [9, 123]


def test_any_other_difference_is_a_prototype_of_its_own():
    alike = Alike()
    first = alike.decode(text_of(with_calls(9)), PATH)
    second = alike.decode(text_of(observation(weights=3)), PATH)
    assert first.measured[0].prototype is not second.measured[0].prototype
    assert second.result.observations == [observation(weights=3)]


def test_of_a_cell_that_is_there_twice_the_counts_are_compared_too(tmp_path):
    store = filled(tmp_path)
    for count, says in ((9, "the same"), (10, "different things")):
        twice = CaseResult(
            stack="tf2.15",
            case="a-case",
            digests=DIGESTS,
            observations=[with_calls(9), with_calls(count)],
        )
        store.path("tf2.15", "a-case").write_text(sealed(codec.encode(twice)), encoding="utf-8")
        with pytest.raises(StoreError, match=f"which say {says}"):
            store.reader().load("tf2.15", "a-case")


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_in_the_same_words_after_a_whole_one_like_it(tmp_path, name):
    store = filled(tmp_path)
    whole = store.load("tf2.15", "a-case")
    store.save(replace(whole, stack="tf2.14"))
    path = store.path("tf2.15", "a-case")
    path.write_text(BROKEN[name](path.read_text(encoding="utf-8")), encoding="utf-8")
    reader = store.reader()
    assert reader.load("tf2.14", "a-case").result == replace(whole, stack="tf2.14")
    with pytest.raises(StoreError) as said:
        store.load("tf2.15", "a-case")
    with pytest.raises(StoreError) as raised:
        reader.load("tf2.15", "a-case")
    assert str(raised.value) == str(said.value)


@pytest.mark.parametrize(
    "change",
    {
        "a number that is none": lambda text: text.replace('"python_calls": 9', '"python_calls": 9e0'),
        "a negative number": lambda text: text.replace('"python_calls": 9', '"python_calls": -9'),
        "a zero before it": lambda text: text.replace('"python_calls": 9', '"python_calls": 09'),
        "more digits than any count has": lambda text: text.replace(
            '"python_calls": 9', f'"python_calls": {10**30}'
        ),
        "a count of another kind": lambda text: text.replace('{"A": 2', '{"python_calls": 2'),
        "a count that is there twice": lambda text: text.replace(
            '"python_calls": 9', '"python_calls": 8, "python_calls": 9'
        ),
        "a head that goes on behind": lambda text: text.replace("\n ]\n}\n", '\n ], "stack": "tf2.9"\n}\n'),
        "a second list": lambda text: text.replace("\n ]\n}\n", '\n ],\n "observations": []\n}\n'),
        "another layout": lambda text: text.replace("\n", "\n "),
        "nothing behind": lambda text: text.rstrip(),
        "text behind": lambda text: f"{text}true\n}}\n",
    }.items(),
    ids=lambda change: change[0].replace(" ", "-"),
)
def test_what_is_laid_out_otherwise_is_decoded_as_ever(change):
    alike = Alike()
    text = text_of(with_calls(9))
    alike.decode(text, PATH)
    odd = change[1](text)
    assert odd != text
    for _ in range(2):  # also when it was met before
        assert outcome(lambda: alike.decode(odd, PATH).result) == outcome(
            lambda: codec.decode(CaseResult, odd, PATH)
        )


def test_published_results_are_judged_as_each_of_them_alone_would_be():
    store = Store(PUBLISHED)
    cells = [
        cell
        for cell in load_catalogue().cells(["tf2.0", "tf2.14", "tf2.15", "keras3.15-jax"])
        if cell.case.group in {"saving", "containers", "trainability"}
    ]
    results = collect(store, cells)
    for result in results:
        cell = result.cell
        alone = store.observation(cell.stack, cell.case.id, cell.variant.names)
        assert result.observation == alone
        assert result.judgements == judge(
            alone, cell.variant.parameters, cell.variant.trainable, cell.case.about
        )
    assert len({id(result.judgements) for result in results}) < len(results)
