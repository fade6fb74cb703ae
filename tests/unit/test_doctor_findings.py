"""Findings that are made of facts, and their mends. With stand-ins for Keras; it takes NumPy."""

import unittest
from unittest import mock

import pytest
from doctor_stage import Dense, Layer, Model, Variable, variable

from nestprobe import asserting
from nestprobe.doctor import ground, mends, rules
from nestprobe.doctor.facts import Facts
from nestprobe.doctor.graph import Node
from nestprobe.doctor.judge import judge
from nestprobe.subject import SubjectError


class Stepping(Model):
    def train_step(self, data):
        raise NotImplementedError


def facts_of(model, *nodes, **seen):
    keras = mock.Mock(__version__="3.13.2")
    keras.layers.Layer, keras.version = Layer, lambda: "3.13.2"
    engine = mock.Mock(version="2.21.0", raw=lambda one: one)
    engine.name = "tensorflow"
    facts = Facts(mock.Mock(keras=keras, engine=engine), model, fitted=True)
    facts.watch = mock.Mock(layer_lines={}, set_trainable={})
    facts.variables = [variable(node, place, **seen) for place, node in enumerate(nodes)]
    return facts


def kernel_of(model, attribute="dense"):
    root = Node(model, None, text="model")
    dense = Node(Dense(), root, "attribute", attribute, "." + attribute)
    return Node(Variable(), dense, "attribute", "kernel", ".kernel")


class AStepOfItsOwn(unittest.TestCase):
    def judged(self, cls, **seen):
        model = cls()
        return judge(facts_of(model, kernel_of(model), **seen))

    def test_that_leaves_a_variable_is_not_called_well(self):
        said = self.judged(Stepping, changed=False)
        assert (said.findings, said.exit_status) == ([], 3)
        assert "train_step() is the model's own" in str(said)
        assert "model.dense.kernel (2, 3)" in str(said)

    def test_that_leaves_one_variable_of_a_layer_says_nothing(self):
        model = Stepping()
        kernel = kernel_of(model)
        bias = Node(Variable(), kernel.parent, "attribute", "bias", ".bias")
        facts = facts_of(model, kernel, bias)
        facts.variables[1].changed = False
        assert judge(facts).exit_status == 0

    def test_that_changes_all_and_the_step_of_keras_are(self):
        for cls, changed in ((Stepping, True), (Model, False)):
            assert self.judged(cls, changed=changed).exit_status == 0, cls


class OnBatch(Model):
    def train_on_batch(self, x, y):
        raise NotImplementedError


class OnBatchByFit(OnBatch):
    def fit(self, *data, **_):
        for _ in range(1):
            self.train_on_batch(*data)


class OnBatchBesideFit(OnBatch):
    def fit(self, *data, **_):
        raise NotImplementedError


class ATrainOnBatchOfItsOwn(unittest.TestCase):
    def judged(self, cls, **seen):
        model = cls()
        return judge(facts_of(model, kernel_of(model), **seen))

    def test_is_said_not_to_be_looked_at(self):
        for cls in (OnBatch, OnBatchBesideFit):
            said = self.judged(cls)
            assert [one.what for one in said.unseen] == ["what train_on_batch() trains"]
            assert (said.findings, said.exit_status) == ([], 0)
            assert "No finding in what was looked at" in str(said)

    def test_is_looked_at_where_the_models_own_fit_calls_it(self):
        assert self.judged(OnBatchByFit).unseen == []

    def test_a_fit_of_its_own_that_leaves_a_variable_is_not_called_well(self):
        (left,) = self.judged(OnBatchByFit, changed=False).unseen
        assert "fit() is the model's own" in left.why

    def test_says_nothing_where_no_step_was_tried(self):
        model = OnBatch()
        facts = facts_of(model, kernel_of(model))
        facts.fitted = False
        assert judge(facts).unseen == []


class InTheClassBody(unittest.TestCase):
    def test_is_a_cause_of_its_own(self):
        model = type("Shared", (Model,), {"head": Dense(), "weights": []})()
        root = Node(model, None, text="model")
        head = Node(type(model).head, root, "class", "head", ".head")
        kernel = Node(Variable(), head, "attribute", "kernel", ".kernel")
        head.item.weights = [kernel.item]
        facts = facts_of(model, kernel, listed=0, listed_early=False, in_trainable=False, restored=None)
        (finding,) = judge(facts).findings
        assert (finding.rule, finding.lost) == ("made-in-class-body", ("counted", "trained"))
        assert "self.head = ...  # here" in finding.mend


class Flags(unittest.TestCase):
    def judged(self, frozen, *, unwatched=False, enabled=False, **seen):
        """Of the kernel of model.block.dense; ``frozen``: places, as the model's is after the call."""
        model = Model()
        block = Node(Layer(), Node(model, None, text="model"), "attribute", "block", ".block")
        dense = Node(Dense(), block, "attribute", "dense", ".dense")
        kernel = Node(Variable(), dense, "attribute", "kernel", ".kernel")
        for node in (block.parent, block, dense):
            node.item.trainable = node.place not in frozen
        kernel.item.trainable = not unwatched
        facts = facts_of(model, kernel, **seen)
        if enabled:
            facts.watch.set_trainable[id(dense.item)] = True
        return [(one.kind, one.rule, one.place) for one in judge(facts).findings]

    def test_of_what_is_between_the_model_and_the_layer_keras_3_asks_nothing(self):
        assert self.judged(["model.block"], enabled=True) == []
        assert self.judged(["model.block"]) == [("overtrained", "frozen-too-early", "model.block")]
        untrained = dict.fromkeys(("in_trainable", "changed", "gradient"), False)
        assert self.judged(["model.block"], enabled=True, **untrained) == []
        found = self.judged(["model"], enabled=True, **untrained)
        assert found == [("untrained", "frozen-ancestor", "model.block.dense")]

    def test_what_no_tape_watches_was_built_while_it_was_frozen(self):
        unseen = dict.fromkeys(("changed", "gradient"), False)
        found = [("untrained", "built-while-frozen", "model.block.dense")]
        assert self.judged([], unwatched=True, **unseen) == found
        assert self.judged([], unwatched=True, in_trainable=False, **unseen) == found
        unseen.update(trainable=False, in_trainable=False)
        assert self.judged(["model.block.dense"], unwatched=True, **unseen) == []

    def test_what_compile_enabled_and_a_step_changed_is_trained(self):
        assert self.judged([], in_trainable=False, gradient=False) == []


class Sentences(unittest.TestCase):
    def said(self, number, kind, **seen):
        model = Model()
        kernel = kernel_of(model)
        nodes = [kernel, Node(Variable(), kernel.parent, "attribute", "bias", ".bias")][:number]
        return next(one.said for one in judge(facts_of(model, *nodes, **seen)).findings if one.kind == kind)

    def test_speak_of_one_and_of_several(self):
        unsaved = self.said(1, "unsaved", in_file=False), self.said(2, "unsaved", in_file=False)
        assert unsaved[0] == "a variable is counted, and the weights file does not hold it"
        assert unsaved[1] == "2 variables are counted, and the weights file does not hold them"
        assert self.said(1, "untrained", gradient=False) == "a variable is meant to be trained, and is not"
        back = self.said(2, "unrestored", restored=False)
        assert back == "2 variables are in the weights file, and do not come back to their places"
        unread = dict.fromkeys(("used_in_inference", "used_in_training"), False)
        never = self.said(1, "overcounted", **unread)
        assert never == "a variable is counted, and the forward pass never reads it"


class Tracked(list):
    """As Keras 3 has it in the place of a list."""

    __module__ = "keras.src.utils.tracking"


class Appended(Model):
    def __init__(self, blocks):
        self.run = lambda: blocks
        self._blocks = Tracked()
        self.__dict__["_a_list_of_keras"] = Tracked()


class Box:
    pass


class Proj(type("Module", (object,), {"__module__": "tensorflow.stand_in"})):
    def __call__(self, inputs):
        raise NotImplementedError


class Mends(unittest.TestCase):
    def mend(self, name, *nodes):
        members = [(variable(node, 0) if isinstance(node.item, Variable) else None, node) for node in nodes]
        return mends.mend(rules.rule(name), members)

    def root(self, model=None):
        return Node(model or Model(), None, text="model")

    def step(self, parent, by, key, text, item=None):
        return Node(item or Dense(), parent, by, key, text)

    def test_items_that_are_never_called_leave_the_list_alone(self):
        held = self.step(self.root(), "attribute", "ls", ".ls", [])
        said = self.mend("never-called", *[self.step(held, "item", n, f"[{n}]") for n in (1, 2)])
        assert "del" not in said
        assert "self.ls[1]: " in said
        assert "self.ls[2]: " in said
        assert "del self.a " in self.mend("never-called", self.step(self.root(), "attribute", "a", ".a"))

    def test_a_frozen_layer_is_named_by_its_place_and_frozen_as_it_has_variables(self):
        layer = self.step(self.root(), "attribute", "l1", ".l1")
        base = self.step(layer, "attribute", "base", ".base")
        said = self.mend("frozen-before-build", base).splitlines()
        enabled, frozen = (said.index(f"model.l1.base.trainable = {flag}") for flag in (True, False))
        assert enabled < frozen
        assert "model.l1.base.trainable = ..." in self.mend("compile-order", base)

    def test_enabled_within_something_frozen_that_is_enabled_first(self):
        frozen = self.step(self.root(), "attribute", "base", ".base", Dense())
        frozen.item.trainable = False
        top = self.step(frozen, "attribute", "top", ".top")
        said = self.mend("frozen-ancestor", top)
        assert said.startswith("model.base.trainable = True")
        assert said.endswith("nothing around model.base.top")
        frozen.item.layers = [top.item]
        assert self.mend("frozen-ancestor", top).endswith("model.base.top.trainable = True")

    def test_what_a_plain_object_holds_is_kept_beside_it_by_its_own_name(self):
        box = self.step(self.root(), "attribute", "box", ".box", Box())
        held = self.step(box, "attribute", "ls", ".ls", [1, 2])
        said = self.mend("plain-object", *[self.step(held, "item", n, f"[{n}]") for n in (0, 1)])
        assert said.splitlines()[1:] == ["self.box_ls = self.box.ls"]
        raw = self.step(box, "attribute", "w", ".w", Variable())
        said = self.mend("plain-object", raw)
        assert "self.box.w = self.box_w = self.add_weight(" in said
        assert "`...` a function" in said

    def test_the_class_of_a_tf_module_is_the_one_to_change(self):
        module = self.step(self.root(), "attribute", "p", ".p", Proj())
        said = self.mend("tf-module", self.step(module, "attribute", "w", ".w", Variable()))
        assert said.startswith("class Proj(keras.layers.Layer):")
        assert "        self.w = self.add_weight(" in said
        assert "def call(self, inputs):" in said
        assert "Model" not in said
        compile(said, "mend", "exec")

    def test_a_flat_list_beside_containers_fits_their_kinds(self):
        def said(held, *keys):
            node = self.step(self.root(), "attribute", "sub", ".sub", held)
            for key in keys:
                node = self.step(node, "item", key, f"[{key!r}]", node.item[key])
            return self.mend("nested-container", node).partition("  #")[0]

        rows = [[Dense()]]
        assert said(rows, 0, 0) == "self.sub_layers = [layer for row in self.sub for layer in row]"
        of_dict = "self.sub_layers = [layer for row in self.sub.values() for layer in row]"
        assert said({"a": [Dense()]}, "a", 0) == of_dict
        of_dicts = "self.sub_layers = [layer for row in self.sub for layer in row.values()]"
        assert said([{"a": Dense()}], 0, "a") == of_dicts
        deep = "[layer for rows in self.sub for row in rows for layer in row]"
        assert said([rows], 0, 0, 0) == f"self.sub_layers = {deep}"

    def test_without_a_gradient_the_layer_is_frozen_or_the_own_weight(self):
        model = Model()
        assert self.mend("no-gradient", kernel_of(model)).endswith("self.dense.trainable = False")
        own = self.step(self.root(model), "attribute", "scale", ".scale", Variable())
        assert "self.scale = self.add_weight(..., trainable=False)" in self.mend("no-gradient", own)

    def test_what_a_function_captures_is_kept_by_its_name(self):
        function = self.step(self.root(), "attribute", "f", ".f", len)
        captured = self.step(function, "cell", "h", "<f>.h")
        assert "self.h = h " in self.mend("closure", captured)

    def test_a_copied_list_is_named_by_its_attribute(self):
        blocks = [Dense()]
        function = self.step(self.root(Appended(blocks)), "attribute", "run", ".run", len)
        held = self.step(function, "cell", "blocks", "<run>.blocks", blocks)
        said = self.mend("container-copied", self.step(held, "item", 0, "[0]", blocks[0]))
        assert "self._blocks.append(...)" in said

    def test_raw_variables_stay_in_their_dict_and_have_their_shapes(self):
        held = self.step(self.root(), "attribute", "p", ".p", {"w": 1, "b": 2})
        said = self.mend(
            "raw-variable", *[self.step(held, "item", key, f"[{key!r}]", Variable()) for key in ("w", "b")]
        )
        assert "self.p = {}" in said
        assert "self.p['w'] = self.add_weight(name=\"w\", shape=(2, 3), initializer=...)" in said
        assert "self.p['b'] = self.add_weight(" in said
        assert "self.units" not in said


class WithoutInputs(unittest.TestCase):
    def test_without_inputs_the_argument_is_advised_and_no_option(self):
        wanting = mock.Mock()
        wanting.return_value.run.side_effect = SubjectError("no-inputs", "Unknown.", do="Give --input-shape.")
        module = mock.Mock(Examination=wanting)
        modules = mock.patch.dict("sys.modules", {"nestprobe.doctor.examination": module})
        with modules, mock.patch.object(ground, "engine"), pytest.raises(SubjectError) as raised:
            asserting.assert_tracked(lambda: None)
        assert "argument inputs" in str(raised.value)
        assert "--input-shape" not in str(raised.value)
