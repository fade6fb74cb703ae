"""What Keras says of a model: counts, the totals that ``summary()`` prints, layers."""

import re

from nestprobe.observation import ModelRecord
from nestprobe.protocol.messages import raised

#: "Total params: 1,234" up to 2.12, "Total params: 1234 (4.82 KB)" later, styled text in Keras 3.
_TOTALS = (
    ("summary_total", re.compile(r"^\W*Total params:\s*([\d,]+)", re.M)),
    ("summary_trainable", re.compile(r"^\W*Trainable params:\s*([\d,]+)", re.M)),
    ("summary_non_trainable", re.compile(r"^\W*Non-trainable params:\s*([\d,]+)", re.M)),
)
_STYLE = re.compile(r"\x1b\[[0-9;]*m")


class SummaryUnreadable(ValueError):
    """``summary()`` printed no line of totals in a form that is known."""


def parse_summary(text):
    """The three totals of a printed summary by field name. Raises SummaryUnreadable."""
    plain = _STYLE.sub("", text)
    found = {}
    for name, pattern in _TOTALS:
        match = pattern.search(plain)
        if match is None:
            raise SummaryUnreadable("no line %r in what summary() printed" % pattern.pattern)
        found[name] = int(match.group(1).replace(",", ""))
    return found


def size(variable):
    """Number of scalars in a variable; a shape that is not known yet raises ValueError."""
    count = 1
    for length in variable.shape:
        if length is None:
            raise ValueError("the variable %s has no known shape" % variable.name)
        count *= int(length)
    return count


def _unique(variables):
    seen = {}
    for variable in variables:
        seen.setdefault(id(variable), variable)
    return seen.values()


def read_model(model):
    """A ModelRecord of ``model`` as it is; reading one field never costs another."""
    values, failures = {}, {}

    def read(name, function):
        try:
            values[name] = function()
        except Exception as error:
            failures[name] = raised(error)

    def summary():
        lines = []
        model.summary(print_fn=lambda *text, **_: lines.append(" ".join(map(str, text))))
        return parse_summary("\n".join(lines))

    read("built", lambda: bool(model.built))
    read("count_params", lambda: int(model.count_params()))
    read("trainable_count", lambda: sum(map(size, _unique(model.trainable_weights))))
    read("non_trainable_count", lambda: sum(map(size, _unique(model.non_trainable_weights))))
    read("weights", lambda: len(model.weights))
    read("trainable_weights", lambda: len(model.trainable_weights))
    read("layers", lambda: ["%s (%s)" % (item.name, type(item).__name__) for item in model.layers])
    read("losses", lambda: len(model.losses))
    read("metrics", lambda: [str(item.name) for item in model.metrics])
    read("summary", summary)
    values.update(values.pop("summary", {}))
    return ModelRecord(raised=failures, **values)
