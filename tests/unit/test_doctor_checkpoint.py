"""What a TF checkpoint loses is a note. With stand-ins for Keras and for TensorFlow."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from nestbench.doctoring.scoring import Score, score_cell
from nestprobe.doctor import checkpoint
from nestprobe.doctor.facts import Facts, Failure, VariableFacts
from nestprobe.doctor.judge import judge
from nestprobe.observation import Observation, Outcome


@pytest.fixture
def of_saved():
    """A function: the diagnosis of a model with variables of which these flags are noted, one set each."""

    def diagnosis(*flags, failures=(), **facts):
        keras = SimpleNamespace(__version__="3.1.0", layers=SimpleNamespace(Layer=object))
        engine = SimpleNamespace(name="tensorflow", version="2.16.2")
        variables = [
            VariableFacts(
                position=place,
                variable=SimpleNamespace(name="kernel", shape=(5, 5)),
                **{
                    "name": f"kernel{place}", "shape": (5, 5), "dtype": "float32", "trainable": True,
                    "phase": "called", "used_in_inference": True, "used_in_training": True, "listed": 1,
                    "listed_early": True, "in_trainable": True, "in_file": True, "restored": True,
                    **noted,
                },
            )
            for place, noted in enumerate(flags)
        ]  # fmt: skip
        kit = SimpleNamespace(keras=keras, engine=engine)
        failed = {one.phase: one for one in failures}
        return judge(Facts(kit=kit, variables=variables, failures=failed, **facts))

    return diagnosis


def test_what_the_weights_file_keeps_and_a_checkpoint_loses_is_a_note(of_saved):
    kept = {"in_checkpoint": True, "back_from_checkpoint": True}
    said = of_saved(kept, {"in_checkpoint": False}, {"in_checkpoint": True, "back_from_checkpoint": False})
    (note,) = said.notes
    assert (note.rule, note.variables) == ("lost-from-checkpoint", ("kernel1 (5, 5)", "kernel2 (5, 5)"))
    assert "keeps 2 variables that a TF checkpoint (tf.train.Checkpoint) loses: kernel1" in note.said
    assert note.said.split(": ")[0] in " ".join(str(said).split())
    assert "tf.train.Checkpoint(variables=model.variables)" in note.mend
    assert (said.findings, said.unseen, said.exit_status) == ([], [], 0)


@pytest.mark.parametrize(
    ("flags", "facts"),
    [
        ({"in_checkpoint": True, "back_from_checkpoint": True}, {}),
        ({}, {}),  # JAX, torch
        ({"in_checkpoint": False, "restored": None}, {}),  # the weights file could not be read
        ({"in_checkpoint": False}, {"same_output_of_checkpoint": True}),
        ({"in_checkpoint": False, "dtype": "int32"}, {}),
    ],
)
def test_what_a_checkpoint_keeps_too_is_no_note(of_saved, flags, facts):
    assert of_saved(flags, **facts).notes == []


def test_what_the_weights_file_loses_is_a_finding_alone(of_saved):
    said = of_saved({"in_file": False, "in_checkpoint": False})
    assert ([one.kind for one in said.findings], said.notes) == (["unsaved"], [])


@pytest.mark.parametrize(
    ("phase", "words"), [(checkpoint.WRITTEN, "not be written"), (checkpoint.READ, "not be read back")]
)
def test_a_checkpoint_that_fails_is_told_and_no_finding(of_saved, phase, words):
    failure = Failure(phase, "ValueError", "name already exists", "ValueError: name already exists")
    said = of_saved({}, failures=[failure])
    (note,) = said.notes
    assert words in note.said
    assert note.said.endswith("ValueError: name already exists")
    assert (said.findings, said.unseen, said.exit_status) == ([], [], 0)


def node(*keys, **children):
    attributes = [SimpleNamespace(checkpoint_key=key) for key in keys]
    named = [SimpleNamespace(local_name=name, node_id=number) for name, number in children.items()]
    return SimpleNamespace(attributes=attributes, children=named)


def test_what_only_the_optimizer_lists_is_not_in_the_checkpoint_of_the_model(monkeypatch):
    nodes = [
        node(model=1),
        node(head=2, optimizer=3, itself=1),
        node("head"),
        node("rate", a=2, b=4),
        node("b"),
    ]
    held = {"head": 1, "rate": 2, "b": 3, "_CHECKPOINTABLE_OBJECT_GRAPH": b""}
    reader = SimpleNamespace(get_tensor=held.get, get_variable_to_shape_map=lambda: held)
    train = SimpleNamespace(load_checkpoint=lambda _: reader)
    module = ModuleType("trackable_object_graph_pb2")
    module.TrackableObjectGraph = lambda: SimpleNamespace(nodes=nodes, ParseFromString=lambda _: None)
    name = "tensorflow.core.protobuf.trackable_object_graph_pb2"
    monkeypatch.setitem(sys.modules, name, module)
    for parent in ("tensorflow", "tensorflow.core", "tensorflow.core.protobuf"):
        monkeypatch.setitem(sys.modules, parent, ModuleType(parent))
    engine = SimpleNamespace(tf=SimpleNamespace(train=train))
    assert checkpoint.arrays(engine, "a prefix") == [1]


def test_the_note_is_no_wrong_cause_of_a_case():
    score = Score()
    said = {"findings": [{"rule": "untracked-deque"}], "notes": [{"rule": checkpoint.RULE}], "lost": []}
    observation = Observation("deque-of-layers", {}, Outcome("observed"), {}, [])
    score_cell(score, "a cell", "deque-of-layers", observation, said)
    assert (score.ratios["cause precision"], score.wrong) == (1.0, [])
