"""Tables to take away, as CSV, JSON and Parquet, and what each of their columns means."""

from collections.abc import Mapping
from dataclasses import dataclass

from nestbench.changes.pairing import COUNTS
from nestbench.site.behaviourdata import SIGNALS

__all__ = ["SIGNAL_COLUMNS", "TABLES", "Column", "Table"]

TEXT, NUMBER, FLAG, REAL = "text", "whole number", "true or false", "number"


@dataclass(frozen=True, kw_only=True)
class Column:
    """``kind``: text, whole number, number, or true or false."""

    kind: str
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """``columns``: by name, in order. ``packed``: so large that CSV and JSON are compressed by gzip."""

    name: str
    about: str
    columns: Mapping[str, Column]
    packed: bool = False

    def files(self, *, parquet: bool = False) -> tuple[str, ...]:
        """Names of its files: CSV, JSON and, where it is written, Parquet, which is compressed in itself."""
        end = ".gz" if self.packed else ""
        return (f"{self.name}.csv{end}", f"{self.name}.json{end}", *([f"{self.name}.parquet"] * parquet))


def _text(meaning: str) -> Column:
    return Column(kind=TEXT, meaning=meaning)


def _number(meaning: str, *, always: bool = False) -> Column:
    return Column(kind=NUMBER, meaning=meaning + ("" if always else _EMPTY))


def _real(meaning: str) -> Column:
    return Column(kind=REAL, meaning=meaning)


def _flag(meaning: str, *, always: bool = False) -> Column:
    return Column(kind=FLAG, meaning=meaning + ("" if always else _EMPTY))


def _signal_name(words: str) -> str:
    short = words.replace("count_params() after a call", "count after call")
    short = short.replace("after build(shape)", "count after build").replace("()", "")
    return "_".join(short.lower().replace("-", "_").split())


_EMPTY = "; empty where it was not measured"
#: Name of the column to the fact or exact count that it holds.
SIGNAL_COLUMNS = {_signal_name(words): words for words in (*SIGNALS, *COUNTS)}

_KEY = {
    "stack": _text("id of the stack; the table stacks has its versions"),
    "group": _text("theme of the case"),
    "case": _text("id of the case"),
    "variant": _text("name=value pairs, joined by commas; empty where the case has no variants"),
}

TABLES = (
    Table(
        name="cells",
        about="A row for each case variant and entry on each stack, also for what was not measured.",
        packed=True,
        columns={
            **_KEY,
            "entry": _text("call: the full protocol; build: what build(shape) alone leaves"),
            "state": _text(
                "current; stale: measured before the case, its lock or the probe changed; missing"
            ),
            "verdict": _text("the headline of the findings; empty where it was not measured"),
            "findings": _text("all that holds, the gravest first, joined by spaces"),
            "counted": _number("scalars, by count_params()"),
            "expected": _number("scalars that the forward pass was seen to read"),
            "parameters": _number("the same by the case's arithmetic", always=True),
            "evidence": _text("what decided, joined by ' | '"),
            "notes": _text("what else was seen and changes no verdict, joined by ' | '"),
            "second_try": _text("in what a second try in a fresh process differs; empty where it does not"),
            **{
                name: _number(f"{words}, of the first call" if words in COUNTS else words)
                for name, words in SIGNAL_COLUMNS.items()
            },
        },
    ),
    Table(
        name="variables",
        about="A row for each variable whose creation was seen, in each case variant on each stack.",
        packed=True,
        columns={
            **_KEY,
            "name": _text("as the stack names it"),
            "shape": _text("its sides, joined by x; empty for a scalar"),
            "dtype": _text("as NumPy names it"),
            "trainable": _flag("the variable's own flag", always=True),
            "created_in": _text("the phase in which it was made"),
            "used": _flag("whether the forward pass reads it", always=True),
            "used_in_inference": _flag("whether a call in inference does", always=True),
            "used_in_training": _flag("whether a call with training=True does", always=True),
            "in_weights": _number("how often it is listed in weights", always=True),
            "in_trainable_weights": _number("how often it is listed in trainable_weights", always=True),
            "gradient": _flag("whether it gets one"),
            "changed_by_step": _flag("whether one optimizer step changes it"),
            "in_weights_file": _flag(
                "whether its values are in the weights file, model.weights.h5: of no other name"
            ),
            "in_model_file": _flag("whether they are in the model file"),
            "in_checkpoint": _flag("whether they are in the TF checkpoint"),
            "restored_from_weights_file": _flag("whether they come back into a fresh instance"),
            "restored_from_model_file": _flag("the same of the model file"),
            "restored_from_checkpoint": _flag("the same of the TF checkpoint"),
        },
    ),
    Table(
        name="claims",
        about="A row for each claim on each stack that it speaks of.",
        columns={
            "claim": _text("id of the claim"),
            "sentence": _text("the claim in our words"),
            "stack": _text("id of the stack"),
            "outcome": _text("held, refuted, undecided, not-measured or not-applicable"),
            "evidence": _text("the case and the values that decided"),
        },
    ),
    Table(
        name="stacks",
        about="A row for each stack with results.",
        columns={
            "stack": _text("id of the stack"),
            "line": _text("the line of releases that it is of"),
            "python": _text("version that was imported"),
            "tensorflow": _text("the same of TensorFlow; empty where it is not there"),
            "keras": _text("the same of Keras"),
            "tf_keras": _text("the same of tf_keras"),
            "jax": _text("the same of JAX"),
            "torch": _text("the same of torch"),
            "numpy": _text("the same of NumPy"),
            "device": _text("cpu or gpu"),
            "lock": _text("digest of the lock that its environment was made from"),
            "date": _text("when it was measured last"),
        },
    ),
    Table(
        name="portability",
        about="A row for each file that a stack saved and each stack that loaded it.",
        columns={
            "case": _text("id of the case"),
            "variant": _KEY["variant"],
            "kind": _text("weights, model or checkpoint"),
            "saved_on": _text("id of the stack that saved"),
            "loaded_on": _text("id of the stack that loaded"),
            "result": _text("equal, differs, refuses, not-saved, or how it ended"),
            "detail": _text("the exception, or why there was nothing to load"),
            "warnings": _text("those of loading, joined by ' | '"),
        },
    ),
    Table(
        name="timings",
        about="A row for each comparison of two stacks in a timing session.",
        columns={
            "session": _text("its name"),
            "case": _text("id of the case"),
            "variant": _KEY["variant"],
            "measure": _text("what was timed"),
            "before": _text("id of the stack that is held against"),
            "after": _text("id of the stack that is held against it"),
            "seconds_before": _real("median over the blocks"),
            "seconds_after": _real("the same of the other stack"),
            "ratio": _real(
                "after over before: Hodges-Lehmann estimate of the ratios within the blocks, which need not "
                "be that of the two medians; over 1 is slower"
            ),
            "low": _real("lower end of its 95 % interval, of this comparison alone"),
            "high": _real("upper end"),
            "noise": _real("how far the control strayed from 1, as a fraction; empty without a control"),
            "answer": _text(
                "slower, faster, same or no evidence, which holds for all of the session together; over the "
                "limit where that hangs on the blocks that are left out; builds nothing, and on which, where "
                "build(shape) makes and counts no variable on one of the two, and does on the other; perhaps "
                "builds nothing, where that was not measured on both"
            ),
            "over_before": _number("blocks left out since only the first was over its limit", always=True),
            "over_after": _number("blocks left out since only the other was", always=True),
            "trusted": _flag(
                "whether the control, one stack timed twice, came out as itself: where not, believe no "
                "answer of the session; empty where no control was run",
                always=True,
            ),
        },
    ),
    Table(
        name="growth",
        about="A row for each quantity that was followed over the sizes of a case, on each stack.",
        columns={
            "case": _text("id of the case"),
            "variant": _text("name=value pairs of what does not grow, joined by commas"),
            "stack": _text("id of the stack"),
            "part": _text("the part of its life that was counted or timed"),
            "quantity": _text("user calls, python calls or seconds"),
            "exponential": _flag("whether it grows faster than any power"),
            "exponent": _real("power of the size with which it grows; empty without one"),
            "low": _real("lower end of its 95 % interval"),
            "high": _real("upper end; empty where there is none"),
            "smallest": _number("the smallest size at which it is more than nothing; empty where none is"),
            "at_smallest": _real("calls, or median seconds, there"),
            "largest": _number("the largest size that worked"),
            "at_largest": _real("the same there"),
            "points": _number("measured sizes, counted as often as they were timed", always=True),
            "why_not": _text("why there is no exponent"),
            "works_to": _number("the largest size that worked; empty where none did"),
            "breaks_at": _number("the size at which it broke; empty where none did"),
            "how": _text("how it broke"),
        },
    ),
)
