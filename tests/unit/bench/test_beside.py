"""Times and growth under the names of staged cases."""

from growth_stage import counts, keras_3, stack_counts, times
from timing_stage import fill
from timing_stage import session as timing_session

from nestbench.bench.beside import stage_growth, stage_times
from nestbench.bench.page import staged_case
from nestbench.catalogue import load_catalogue
from nestbench.growth import Shelf as GrowthShelf
from nestbench.timing import Shelf as TimingShelf
from nestbench.timing.samples import samples

HERE = {"id": "here"}


def test_every_case_that_is_staged_from_a_timed_one_has_its_times(tmp_path):
    held = TimingShelf(root=tmp_path / "held")
    fill(held, timing_session(stacks=("tf2.15", "tf2.16"), parts=("history", "other")), 5)
    stage_times(held.root, tmp_path / "made", [("a", "history"), ("b", "untimed"), ("c", "history")])
    made = TimingShelf(root=tmp_path / "made")
    (name,) = made.names()
    frame, before = samples(made, made.load(name)), samples(held, held.load(name))
    own = before[before["case"] == "history"]
    assert set(frame["case"]) == {"a", "c"}
    for case in ("a", "c"):
        assert list(frame[frame["case"] == case]["seconds"].dropna()) == list(own["seconds"].dropna())


def test_growth_is_that_of_the_variant_that_is_staged(tmp_path):
    held = GrowthShelf(root=tmp_path / "held")
    held.keep_counts(stack_counts("tf2.15"), counts(keras_3, label="grows"), None)
    held.keep_times("tf2.15", times(lambda n: [n], label="grows"), HERE)
    named = [("a", "grows"), ("b", "grows"), ("c", "grows"), ("d", "other")]
    stage_growth(held.root, tmp_path / "made", named, {"a": {}, "b": {}, "c": {"owner": "model"}, "d": {}})
    made = GrowthShelf(root=tmp_path / "made")
    assert set(made.counts("tf2.15").series) == set(made.times("tf2.15").series) == {"a", "b"}
    assert made.counts("tf2.15").series["a"].points == held.counts("tf2.15").series["grows"].points


def test_a_case_that_grows_is_staged_with_its_sizes(tmp_path):
    entry = load_catalogue().get("deep-chain")
    (tmp_path / "staged.py").write_text(f"from nestprobe import case\n{staged_case(0, entry)}")
    (staged,) = load_catalogue([tmp_path], shipped=False)
    assert (staged.growing, staged.sizes) == (entry.growing, entry.sizes)
    assert [one.names for one in staged.variants] == [entry.variants[0].names]
