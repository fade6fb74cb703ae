"""One size of a growing case, in the process that is its own: its calls counted, or its parts timed.

Counted is what an observation counts, in the same order in one process: an instance is constructed and
built, then another is constructed and called. So ``build`` is that of a process in which nothing was built
before, ``first-call`` that of one in which an instance of the same size was, and at the sizes that are
variants too both are the numbers of ``built`` and ``called``. ``construct`` is the case's own function, the
first time; an observation does not count it.

Timed is without the profiler, after a model that every process pays for first: construct and build in one
process, the first call of another instance in another. In neither is garbage collected meanwhile.
"""

import gc
import traceback

from nestprobe.cell import find_case
from nestprobe.protocol import oracle
from nestprobe.protocol.instance import Instance
from nestprobe.protocol.messages import clean, recorded
from nestprobe.protocol.modelrecord import read_model
from nestprobe.timing.note import Note, told
from nestprobe.timing.part import BUILD, CONSTRUCT, COUNT, FIRST_CALL, TIME_CALL, WORKS, Kind
from nestprobe.timing.subject import Subject
from nestprobe.vocabulary import NotApplicable


def measure(cell, kit, path, work):
    """Do ``work``, a name in WORKS, on the cell; what is known is in the JSON file ``path`` on the way."""
    note = Note(cell, path, WORKS[work])
    try:
        case = find_case(cell)
        if "tensorflow" in case.needs:
            kit.tf  # noqa: B018 - raises NotApplicable where there is none
        oracle.verify(kit.engine)  # also where nothing is counted: the first op is no news then
    except NotApplicable as reason:
        note.all_ended(Kind.NOT_APPLICABLE, clean(reason))
        return
    except Exception as error:
        note.all_ended(Kind.NOT_LOADED, told(error))
        return
    gc.disable()
    if work == COUNT:
        _count(case, cell.variant, kit, note)
    else:
        _time(Subject(case, cell.variant, kit, cell.case), note, work)
    note.close()


def _count(case, variant, kit, note):
    with recorded([]):  # as the phases of an observation are
        instance, error = note.counted(CONSTRUCT, lambda count: Instance(_Counted(case, count), variant, kit))
        if error is None:
            note.counted(BUILD, lambda count: _built(instance, count))
        else:
            note.not_tried(BUILD, error)
    note.begins(CONSTRUCT)  # that of the second, which is no part: what it dies of is not build
    with recorded([]):
        try:
            instance = Instance(case, variant, kit)
            read_model(instance.model)
        except Exception as error:
            traceback.clear_frames(error.__traceback__)
            note.not_tried(FIRST_CALL, error)
            return
    with recorded([]):
        note.counted(FIRST_CALL, lambda count: count.run(lambda: instance.call("called")))


def _built(instance, count):
    count.run(instance.build)
    read_model(instance.model)


class _Counted(object):
    """A case whose function runs under a count, to make an Instance of."""

    def __init__(self, case, count):
        self._case, self._count = case, count
        self.inputs = case.inputs

    def make(self, kit, **variant):
        """What the case makes."""
        return self._count.run(lambda: self._case.make(kit, **variant))


def _time(subject, note, work):
    subject.warm_up()
    if work == TIME_CALL:
        note.begins(CONSTRUCT)
        try:
            arguments, _ = subject.ready_call()
        except Exception as error:
            note.not_tried(FIRST_CALL, error)
            return
        note.timed(FIRST_CALL, subject.call, *arguments)
        return
    subject.ready_construct()
    model, error = note.timed(CONSTRUCT, subject.construct)
    if error is None:
        note.timed(BUILD, subject.build, model)
    else:
        note.not_tried(BUILD, error)
