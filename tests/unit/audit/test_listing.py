"""The lists of weights of two sides: another order, other names, and what cannot be paired."""

from audit_stage import BIAS, KERNEL, W, side, whole

from nestbench.audit.differences import differences

OLD, NEW = "tf2.15", "tf2.21"


def test_names_and_order_of_the_weights():
    new = (("dense/kernel", (10, 3)), ("dense/bias", (3,)), ("w", (5, 10)))
    found = differences(side(OLD, whole(), weights=(W, KERNEL, BIAS)), side(NEW, whole(), weights=new))
    order, names = found
    assert order.title == "model.weights lists 3 weights in another order"
    assert order.evidence[:2] == ("set_weights() with the old list does not fit", "w:0: place 0 -> 2")
    assert (names.title, names.evidence[0]) == ("3 weights of 3 have another name", "w:0 -> w")


def test_an_order_that_set_weights_does_not_notice():
    square = (4, 4)
    old, new = (("a/w", square), ("b/w", square)), (("b/w", square), ("a/w", square))
    (order,) = differences(side(OLD, whole(), weights=old), side(NEW, whole(), weights=new))
    assert "says nothing" in order.evidence[0]


def test_a_weight_that_one_list_lacks_changes_no_order():
    found = differences(
        side(OLD, whole(), weights=(W, KERNEL, BIAS)), side(NEW, whole(), weights=(KERNEL, BIAS))
    )
    assert found == ()


FIVE = (5,)


def listed(old, new):
    return differences(side(OLD, whole(), weights=old), side(NEW, whole(), weights=new))


def test_a_weight_that_is_lost_leaves_the_others_their_names():
    old = (
        ("scale:0", FIVE, "model.scale"),
        ("a/bias:0", FIVE, "model.a.bias"),
        ("b/bias:0", FIVE, "model.b.bias"),
    )
    new = (("bias", FIVE, "model.a.bias"), ("bias", FIVE, "model.b.bias"), ("bias", FIVE, "model.c.bias"))
    (names,) = listed(old, new)
    assert (names.title, names.evidence) == (
        "2 weights of 2 have another name",
        ("a/bias:0 -> bias", "b/bias:0 -> bias"),
    )


def test_names_that_nothing_pairs_for_certain_are_not_paired():
    old = (("scale:0", FIVE), ("a/bias:0", FIVE), ("b/bias:0", FIVE))
    (one,) = listed(old, (("bias", FIVE), ("bias", FIVE)))
    assert one.title == (
        "2 weights listed, and 3 before, have names of which it is not certain which is which"
    )
    assert one.evidence == ("before: scale:0, a/bias:0, b/bias:0", "now: bias, bias")
