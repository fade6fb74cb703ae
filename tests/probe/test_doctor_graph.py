"""The object graph: where a layer lives, through whatever it is reached. With stand-ins for Keras."""

import collections
import functools
import unittest
from unittest import mock

from nestprobe.doctor import ground
from nestprobe.doctor.graph import Graph
from nestprobe.subject import SubjectError

Layer = type("Layer", (object,), {"__module__": "keras.stand_in"})
Variable = type("Variable", (object,), {"__module__": "keras.stand_in"})


class Engine(object):
    @staticmethod
    def raw(variable):
        return variable


class Dense(Layer):
    __module__ = "keras.stand_in"

    def __init__(self):
        self._kernel = Variable()

    @property
    def kernel(self):
        return self._kernel


class Holder(Layer):
    """A layer of the reader's own; anything may become its attribute."""

    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class Toolbox(object):
    def __init__(self, dense):
        self.dense = dense


class Slotted(object):
    __slots__ = ("dense",)


GLOBAL = {}


class User(Layer):
    def call(self, inputs):
        return GLOBAL["dense"](inputs)


class ALayerAlone(unittest.TestCase):
    def test_is_said_to_be_one_and_how_to_wrap_it(self):
        with self.assertRaisesRegex(SubjectError, r"Holder is a layer, not a model\.\n.*Sequential"):
            ground.kit(mock.Mock(tf=None), Holder())


class Places(unittest.TestCase):
    def place(self, dense, root):
        graph = Graph(root, ground.is_layer, Engine)
        self.assertTrue(graph.complete)
        node = graph.node(dense)
        self.assertIs(graph.variable(dense._kernel).item, dense._kernel)
        return node.place

    def test_attributes_and_containers(self):
        dense = Dense()
        self.assertEqual(self.place(dense, Holder(inner=Holder(proj=dense))), "model.inner.proj")
        self.assertEqual(self.place(dense, Holder(blocks=[None, [dense]])), "model.blocks[1][0]")
        self.assertEqual(self.place(dense, Holder(blocks={"down": (dense,)})), "model.blocks['down'][0]")
        self.assertEqual(self.place(dense, Holder(blocks=collections.deque([dense]))), "model.blocks[0]")
        self.assertEqual(self.place(dense, Holder(blocks=frozenset([dense]))), "model.blocks{...}")

    def test_objects_that_keras_does_not_look_into(self):
        dense, slotted = Dense(), Slotted()
        slotted.dense = dense
        self.assertEqual(self.place(dense, Holder(tools=Toolbox(dense))), "model.tools.dense")
        self.assertEqual(self.place(dense, Holder(tools=slotted)), "model.tools.dense")

    def test_functions(self):
        dense = Dense()
        self.assertEqual(self.place(dense, Holder(f=lambda: dense)), "model.f<<lambda>>.dense")
        self.assertEqual(self.place(dense, Holder(f=lambda x, d=dense: d)), "model.f<default 0 of <lambda>>")
        self.assertIn("model.f<partial>", self.place(dense, Holder(f=functools.partial(print, dense))))

    def test_a_global_variable_of_call(self):
        GLOBAL["dense"] = Dense()
        self.assertIn("GLOBAL>['dense']", self.place(GLOBAL["dense"], User()))

    def test_the_body_of_the_class(self):
        dense, own = Dense(), Dense()
        shared = type("Shared", (Holder,), {"head": dense, "blocks": [own], "__module__": "mine"})
        self.assertEqual(self.place(dense, shared()), "model.head")
        self.assertEqual(self.place(own, shared()), "model.blocks[0]")
        hidden = Graph(shared(head=None, blocks=None), ground.is_layer, Engine)
        self.assertIsNone(hidden.node(dense))

    def test_a_name_with_two_underscores_and_the_property_of_a_private_one(self):
        dense = Dense()
        self.assertEqual(self.place(dense, Holder(_Holder__dense=dense)), "model.__dense")
        graph = Graph(Holder(dense=dense), ground.is_layer, Engine)
        self.assertEqual(graph.variable(dense._kernel).place, "model.dense.kernel")

    def test_the_readers_attribute_comes_before_keras_lists(self):
        dense = Dense()
        holder = Holder(_layers=[dense], encoder=Toolbox(dense))
        self.assertEqual(self.place(dense, holder), "model.encoder.dense")

    def test_what_only_keras_holds_is_known_to_be_left(self):
        dense = Dense()
        node = Graph(Holder(_layers=[dense]), ground.is_layer, Engine).node(dense)
        self.assertTrue(node.is_left)

    def test_a_cycle_ends(self):
        holder = Holder()
        holder.parent = holder
        self.assertTrue(Graph(holder, ground.is_layer, Engine).complete)

    def test_what_nothing_leads_to_has_no_place(self):
        self.assertIsNone(Graph(Holder(), ground.is_layer, Engine).node(Dense()))


if __name__ == "__main__":
    unittest.main()
