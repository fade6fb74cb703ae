"""Which variable of one stack is which of another."""

from nestbench.audit.matching import pairs


class Thing:
    def __init__(self, name, shape):
        self.name, self.shape = name, shape


def paired(before, after):
    return pairs([Thing(*one) for one in before], [Thing(*one) for one in after])


def test_variables_are_paired_by_shape_and_name():
    assert paired([("a/k:0", (2,)), ("b/k:0", (2,))], [("x/b/k", (2,)), ("x/a/k", (2,))]) == [
        (0, 1),
        (1, 0),
    ]
    assert paired([("Variable:0", (2,)), ("Variable:0", (3,))], [("p", (2,)), ("q", (3,))]) == [
        (0, 0),
        (1, 1),
    ]
    assert paired([("k", (2,))], [("k", (3,))]) == [(0, None), (None, 0)]
    assert paired([], [("k", (3,))]) == [(None, 0)]
    same = [("k", (2,))] * 3
    assert paired(same, same) == [(0, 0), (1, 1), (2, 2)]
