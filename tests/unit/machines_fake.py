"""What tests of many machines share: a cluster that says what the test wants it to, and its words."""

from nestbench.machines.cluster import Heard
from nestbench.machines.dispatch import Dispatch
from nestbench.machines.needs import Offer
from nestbench.machines.part import Order
from nestbench.machines.task import Began, Ended, Looked, Phase, Saw, Trouble
from nestbench.matrix import load_matrix
from nestbench.run.confirming import Doubts
from nestbench.run.events import CellDone, Ready
from nestprobe.observation import Observation, Outcome


def ready():
    return Ready(
        event="ready", versions={"tensorflow": "2.15.1"}, flavour="keras2", launch="fork", import_seconds=1.0
    )


def saw(case, kind="observed", variant=()):
    observation = Observation(case=case, variant=dict(variant), outcome=Outcome(kind=kind))
    return CellDone(event="cell", observation=observation, seconds=0.5)


def offer(name, **resources):
    return Offer(address=name, name=name, threads=1, resources=resources or {"disk": 1})


class FakeCluster:
    """Each task is done by the first of its workers that is free, as ``plays`` of that worker says.

    A play is called with the task and yields what the worker says; where it ends without an ``Ended``, the
    worker was lost and is no longer there.
    """

    def __init__(self, plays, parts=1):
        self.plays, self.parts, self.jobs = plays, parts, None
        self.address, self.topic = "tcp://fake:8786", "topic"
        self.workers = [offer(name) for name in plays]
        self.tasks, self.running, self.taken_back, self.begun_again = [], {}, [], 0
        self.later = []

    def offers(self):
        return list(self.workers), []

    def give(self, task, needs, workers):
        busy = {name for name, _ in self.running.values()}
        free = [one.address for one in self.workers if one.address in workers and one.address not in busy]
        name = (free or sorted(workers))[0]
        self.tasks.append((name, task))
        self.running[task.key] = (name, self.plays[name](task))

    def take_back(self, keys):
        for key in keys:
            self.taken_back.append(key)
            self.running.pop(key, None)

    def hear(self, _seconds):
        said, ended = [*self.later], []
        self.later.clear()
        for key, (name, play) in list(self.running.items()):
            word = next(play, None)
            if word == "cut":
                return Heard(said=tuple(said), cut=True)
            if word is None:
                ended.append(key)
                del self.running[key]
            else:
                said += [word] if not isinstance(word, list) else word
            if name not in {one.address for one in self.workers}:
                self.running.pop(key, None)
        return Heard(said=tuple(said), ended=tuple(ended))

    def connect_again(self, _seconds):
        self.begun_again += 1
        self.running.clear()
        return True


def began(task, name):
    return Began(key=task.key, worker=name, name=name, host={"id": name, "cpus": "2"})


def well(name, kind="observed"):
    """A worker that measures all that it is given."""

    def play(task):
        yield began(task, name)
        yield Phase(key=task.key, text="making its environment")
        yield Saw(key=task.key, event=ready())
        for cell in task.cells:
            yield Saw(key=task.key, event=saw(cell.case.id, kind, cell.variant.values))
        yield Ended(key=task.key)

    return play


def failing(name, kind="ground", after=0):
    """A worker whose ground, or the stack on it, fails after so many cells."""

    def play(task):
        yield began(task, name)
        yield Saw(key=task.key, event=ready())
        for cell in task.cells[:after]:
            yield Saw(key=task.key, event=saw(cell.case.id))
        if kind != "altered":
            yield Looked(key=task.key)
        yield Ended(key=task.key, trouble=Trouble(kind=kind, what="it is full", do="Free some."))

    return play


def run(stage, cluster, *cases, stacks=("tf2.15",), again=False):
    """The results of a run of these cases on the workers of ``cluster``."""
    rows = [load_matrix().get(stack) for stack in stacks]
    doubts = Doubts(store=stage.store, workspace=stage.workspace)
    plans = [stage.plan(row.id, *cases, again=again, doubts=doubts.of(row)) for row in rows]
    order = Order(
        store=stage.store, workspace=stage.workspace, catalogue=stage.catalogue(*cases), stacks=rows
    )
    stage.store.prepare()
    return Dispatch(plans, order, cluster, stage.reporter).execute()
