"""From facts to a diagnosis: what is lost, grouped by cause and place."""

import platform
import re
import traceback

from nestprobe.doctor import checkpoint, elsewhere, rules, sayings
from nestprobe.doctor.causes import Causes
from nestprobe.doctor.diagnosis import Diagnosis, Finding
from nestprobe.doctor.facts import CALLED, MADE, Unseen
from nestprobe.doctor.ground import is_layer
from nestprobe.doctor.mends import mend
from nestprobe.doctor.origins import is_own, is_own_module
from nestprobe.doctor.source import assignment, is_unseen_by_fit, own_step
from nestprobe.kit import keras_version
from nestprobe.protocol.modelrecord import size

#: Causes of which the weights file loses nothing: told, and no finding.
HARMLESS = ("metric-state", "derived-state", "build-leaves-children", checkpoint.RULE)

#: ``{n}`` variables; what follows differs where it is one: {one|several}.
_SENTENCES = {
    "uncounted": "the forward pass reads {n}, and model.weights does not list {it|them}",
    "untrained": "{n} {is|are} meant to be trained, and {is|are} not",
    "overtrained": "{n} {is|are} trained although a layer around {it|them} is frozen",
    "unsaved": "{n} {is|are} counted, and the weights file does not hold {it|them}",
    "unrestored": "{n} {is|are} in the weights file, and {does|do} not come back to {its place|their places}",
    "overcounted": "{n} {is|are} counted, and the forward pass never reads {it|them}",
    "unbuilt": "the {layer is|layers are} not built",
}


def judge(facts):
    """The Diagnosis of Facts."""
    return Judge(facts).diagnosis()


class Judge(object):
    """Makes the diagnosis of Facts; ``judge`` is what most need."""

    def __init__(self, facts):
        self._facts = facts
        self._causes = Causes(facts)
        self._groups = {}  # (kind, rule, place of the cause) -> [(variable, node)]
        self._unseen = list(facts.unseen)

    def lost_variables(self):
        """(kind, VariableFacts) of each variable that the diagnosis is about."""
        return [
            (kind, variable)
            for (kind, _, _), members in self._groups.items()
            for variable, _ in members
            if variable is not None
        ]

    def diagnosis(self):
        """The Diagnosis; made once."""
        facts = self._facts
        for variable in facts.variables:
            self._judge(variable)
        self._left_by_own_step()
        self._left_to_train_on_batch()
        self._unbuilt()
        found = [self._finding(*group) for group in self._by_container()]
        found += self._failures(found)
        found += self._build_alone(found) + self._of_checkpoint()
        found.sort(key=lambda one: rules.KINDS.index(one.kind))
        kit = facts.kit
        return Diagnosis(
            model=type(facts.model).__name__ if facts.model is not None else "the model",
            versions={
                "python": platform.python_version(),
                kit.engine.name: kit.engine.version,
                "keras": keras_version(kit.keras),
            },
            findings=[one for one in found if one.rule not in HARMLESS],
            notes=[one for one in found if one.rule in HARMLESS],
            unseen=self._unseen,
            counted=facts.counted,
            used=self._used(),
        )

    def _used(self):
        read = [one for one in self._facts.variables if one.is_float and one.used]
        if not self._facts.variables:
            return None
        inference = sum(size(one.variable) for one in read if one.used_in_inference)
        return max(inference, sum(size(one.variable) for one in read if one.used_in_training))

    def _judge(self, variable):
        if not variable.is_float:
            return
        if variable.used and (not variable.listed or not variable.listed_early):
            if variable.listed and not variable.used_in_training:
                return  # made and listed by another call than the first
            self._add("uncounted", variable, *self._causes.of_uncounted(variable))
        elif variable.used:
            self._judge_counted(variable)
        elif variable.listed and variable.unwatched:
            why = "a module that torch compiled reads it unseen"
            self._unseen.append(Unseen("whether %s is used" % variable.node.place, why, by_design=True))
        elif variable.listed:
            self._add("overcounted", variable, *self._causes.of_overcounted(variable))
        if variable.listed > 1:
            self._add("overcounted", variable, "listed-twice", variable.node)

    def _judge_counted(self, variable):
        facts = self._facts
        trained = variable.in_trainable and not self._causes.is_unwatched(variable)
        if facts.fitted and variable.trainable and variable.changed:
            trained = True  # whatever the gradient was before compile() changed a flag
        elif facts.fitted and variable.changed is not None and variable.gradient:
            trained = variable.changed or (variable.in_trainable and not facts.flags_changed())
        cause = self._causes.of_flags(variable, trained)
        if cause is not None and (trained or variable.trainable):
            self._add("overtrained" if trained else "untrained", variable, *cause)
        elif self._gets_no_gradient(variable):
            self._add("untrained", variable, "no-gradient", variable.node)
        if variable.in_file is False and not (facts.same_output and variable.used_in_inference):
            self._add("unsaved", variable, *self._causes.of_unsaved(variable))
        elif (variable.in_file and variable.restored is False) or self._is_misplaced(variable):
            self._add("unrestored", variable, *self._causes.of_unsaved(variable))

    def _gets_no_gradient(self, variable):
        in_training = variable.used_in_training and variable.in_trainable and variable.trainable
        return in_training and variable.gradient is False

    def _left_by_own_step(self):
        """What a training step of the model's own did not change: another step may, and that is not known."""
        facts = self._facts
        step = own_step(type(facts.model))
        if step is None or not facts.fitted or facts.flags_changed():
            return
        asked = [
            one
            for one in facts.variables
            if one.is_float and one.used_in_training and one.in_trainable and one.trainable and one.gradient
        ]
        # A bias before a normalization has no gradient to speak of: only a whole layer says something.
        moved = {_layer_of(one) for one in asked if one.changed is not False}
        left = [_shown(one) for one in asked if _layer_of(one) not in moved]
        if left:
            why = "%s() is the model's own, and one step of fit() left %s as %s: %s" % (
                step,
                "it" if len(left) == 1 else "them",
                "it was" if len(left) == 1 else "they were",
                ", ".join(left),
            )
            do = (
                "Compare the values around as many steps as should change them, or pass fit=False (--no-fit)."
            )
            what = "whether %s trained" % (
                "a variable is" if len(left) == 1 else "%d variables are" % len(left)
            )
            self._unseen.append(Unseen(what, why, do))

    def _left_to_train_on_batch(self):
        if self._facts.fitted and is_unseen_by_fit(type(self._facts.model)):
            self._unseen.append(
                Unseen(
                    "what train_on_batch() trains",
                    "it is the model's own, and the optimizer step that was tried is one of fit(), which is "
                    "not seen to call it",
                    "Compare the values of the variables around a call of it.",
                    by_design=True,
                )
            )

    def _is_misplaced(self, variable):
        return variable.misplaced and variable.restored and self._facts.same_output is False

    def _unbuilt(self):
        """Layers that the reader holds and the forward pass never reached."""
        facts = self._facts
        if CALLED in facts.failures or facts.graph is None or not facts.variables:
            return
        for node in facts.graph.layers:
            above = [one for one in node.chain()[:-1] if is_layer(one.item)]
            mine = above and is_own_module(type(above[-1].item).__module__) and not node.is_left
            if mine and getattr(node.item, "built", True) is False:
                self._groups.setdefault(("unbuilt", "never-called", node.place), []).append((None, node))

    def _add(self, kind, variable, rule, node):
        place = node.place if node is not None else ""
        self._groups.setdefault((kind, rule, place), []).append((variable, node))

    def _by_container(self):
        """(kind, rule, place, members): what one container holds, and loses for one cause, is one finding."""
        held = {}
        for (kind, name, place), members in self._groups.items():
            held.setdefault((kind, name, _ITEMS.sub("", place)), []).append((place, members))
        for (kind, name, container), groups in held.items():
            place = groups[0][0] if len(groups) == 1 else container
            yield kind, name, place, [member for _, members in groups for member in members]

    def _finding(self, kind, name, place, members):
        variables = [variable for variable, _ in members if variable is not None]
        node = members[0][1]
        shown = tuple(_shown(one) for one in variables)
        said = _sentence(kind, len(shown) or len({id(node) for _, node in members}))
        return self._made(
            kind, name, place or "(no way leads to it from the model)", said, members, shown,
            lost=self._lost(kind, variables), line=self._line(node, variables),
        )  # fmt: skip

    def _made(self, kind, name, place, said, members=(), variables=(), lost=(), line=""):
        rule = rules.rule(name)
        return Finding(
            kind=kind, rule=name, title=rule.title, place=place, said=said, cause=rule.cause,
            mend=mend(rule, members), line=line, variables=variables, lost=lost,
            elsewhere=elsewhere.sentences(name, kind, elsewhere.in_use(self._facts.kit)), cases=rule.cases,
        )  # fmt: skip

    def _lost(self, kind, variables):
        if kind == "uncounted":
            ways = ["counted"]
            if any(one.trainable and not one.in_trainable for one in variables):
                ways.append("trained")
            if any(one.in_file is False for one in variables):
                ways.append("saved")
            elif any(one.restored is False for one in variables):
                ways.append("restored")
            return tuple(ways)
        return {"untrained": ("trained",), "unsaved": ("saved",), "unrestored": ("restored",)}.get(kind, ())

    def _line(self, node, variables):
        watch = self._facts.watch
        if node is not None and is_layer(node.item):
            lines = watch.layer_lines.get(id(node.item), ())
            if lines:
                return str(lines[0])
        for one in variables:
            if one.lines:
                return str(one.lines[0])
        return _assigned_at(node) if node is not None else ""

    # -- exceptions ------------------------------------------------------------------------------

    def _failures(self, found):
        """Findings of the phases that raised; what neither a rule nor a finding explains was not seen."""
        made = []
        lost = [one for one in found if one.kind in ("uncounted", "unsaved", "untrained", "unrestored")]
        for phase, failure in self._facts.failures.items():
            if phase in (checkpoint.WRITTEN, checkpoint.READ):
                continue  # told by its own note
            said = "%s raised %s: %s" % (phase, failure.type, failure.message)
            name = sayings.of_failure(failure, self._facts)
            file = phase in ("saved-weights", "reloaded-weights")
            if name is not None and not any(one.rule == name for one in found + made):
                made.append(self._made("raises", name, "model", said, line=_raised_at(failure.error)))
            elif name is None and file and not lost:
                made.append(self._made("raises", "unknown", "model", said, line=_raised_at(failure.error)))
            if name is None and not file:
                what, by_design = _WHAT.get(phase, phase), bool(lost) and phase == "trained"
                self._unseen.append(Unseen(what, said, _raised_at(failure.error), by_design))
            elif phase in (MADE, CALLED):
                self._unseen.append(Unseen(_WHAT[phase], "it ends in the exception above"))
            elif file or phase == "trained":
                self._unseen.append(
                    Unseen(_WHAT[phase], "it ends in an exception: %s" % failure.type, "", True)
                )
        return made

    def _build_alone(self, found):
        facts = self._facts
        by_build, used = facts.counted_by_build, self._used()
        lost = any(one.kind == "uncounted" for one in found)
        if by_build is None or used is None or by_build >= used or lost:
            return []
        said = (
            "after model.build(shape) alone Keras counts %d of %d: call the model once before summary()"
            % (
                by_build,
                used,
            )
        )
        places = tuple(facts.unbuilt_by_build[:8])
        return [self._made("build-alone", "build-leaves-children", "model", said, variables=places)]

    def _of_checkpoint(self):
        names = tuple(_shown(one) for one in checkpoint.lost(self._facts))
        said = checkpoint.said(self._facts, names)
        if said is None:
            return []
        return [self._made("uncheckpointed", checkpoint.RULE, "model", said, variables=names)]


#: The items at the end of a place.
_ITEMS = re.compile(r"(\[[^\[\]]*\]|\{\.\.\.\})+$")

#: The two forms of a word in a sentence.
_FORMS = re.compile(r"\{([^|{}]*)\|([^|{}]*)\}")

_WHAT = {
    MADE: "anything: the model could not be made",
    CALLED: "anything beyond the constructor: the call did not succeed",
    "called-in-training": "a call in training",
    "gradient": "which variables a gradient reaches",
    "called-with-other-weights": "the weights file, and loading it",
    "saved-weights": "the weights file",
    "reloaded-weights": "loading the weights file",
    "trained": "an optimizer step",
}


def _assigned_at(node):
    """The line of a class that sets the attribute on the way, where nothing was watched."""
    for one in reversed(node.chain()):
        if one.by == "attribute" and is_own_module(type(one.parent.item).__module__):
            return str(assignment(type(one.parent.item), one.key) or "")
    return ""


def _sentence(kind, number):
    said = _SENTENCES[kind].replace("{n}", "a variable" if number == 1 else "%d variables" % number)
    return _FORMS.sub(lambda forms: forms.group(1 if number == 1 else 2), said)


def _shown(variable):
    where = variable.node.place if variable.node is not None else variable.name
    return "%s %r" % (where, tuple(variable.shape))


def _layer_of(variable):
    node = variable.node
    return id(variable) if node is None else id([one for one in node.chain() if is_layer(one.item)][-1].item)


def _raised_at(error):
    """The reader's own line that an exception came from, or an empty text."""
    frames = [
        one for one in traceback.extract_tb(getattr(error, "__traceback__", None)) if is_own(one.filename)
    ]
    return "%s:%d in %s: %s" % (frames[-1][0], frames[-1][1], frames[-1][2], frames[-1][3]) if frames else ""
