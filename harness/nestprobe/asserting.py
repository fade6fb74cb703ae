"""For the tests of a library: fails where its layers lose a variable, and says which, where and why."""

from nestprobe.doctor import diagnose


def assert_tracked(model, inputs=None, allow=(), fit=True):
    """Assert that everything which the model uses is counted, trained, saved and comes back.

    ``model``, ``inputs`` and ``fit`` as for ``nestprobe.diagnose``: a model, or better a function that makes
    one, on which saving, loading and an optimizer step can be tried. ``allow``: ids of rules whose findings
    are known and accepted; one that matches nothing any more fails as well. Returns the Diagnosis.

    Raises AssertionError with the doctor's explanation; also where it could not look, which proves nothing.
    """
    __tracebackhide__ = True
    diagnosis = diagnose(model, inputs, fit=fit)
    found = [one for one in diagnosis.findings if one.rule not in allow]
    unseen = [one for one in diagnosis.unseen if not one.by_design]
    if found or unseen:
        raise AssertionError("\n%s" % diagnosis)
    stale = sorted(set(allow) - {one.rule for one in diagnosis.findings})
    if stale:
        raise AssertionError("allowed, and not found any more: %s; take it out of allow" % ", ".join(stale))
    return diagnosis
