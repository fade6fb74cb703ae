"""What tests of timing share: made-up sessions whose launches were never run, and what makes them."""

import json
import zlib

import numpy as np
import pandas as pd

from nestbench.timing import Arm, Launched, Part, Session, Shelf
from nestbench.timing.blocks import in_order
from nestbench.timing.record import Ended
from nestbench.timing.samples import COLUMNS, samples

HOST = {"id": "0123456789ab", "cpus": "2", "processor": "Fake 9000"}
CV = 0.05  # of a made-up launch


def session(stacks=("a", "b"), control="b", parts=("one", "two"), **more):
    arms = [Arm(name=name, stack=name, lock="l") for name in stacks]
    if control:
        arms.append(Arm(name=f"{control}+control", stack=control, lock="l", control_of=control))
    default = {
        "name": "made-up", "began": "2026-11-24", "seed": 0, "arms": tuple(arms),
        "parts": tuple(Part(case=part, digest="d") for part in parts), "measures": ("construct", "build"),
        "launch": "fork", "limit_seconds": 60.0, "cpus": (1,), "host": HOST, "probe": "p",
    }  # fmt: skip
    return Session(**(default | more))


def launched(of, arm, block, order=0, *, ended=None, memory=None):
    """A launch in which everything was measured, but for what ``ended`` says by label and measure."""
    told = ended or {}
    return Launched(
        arm=arm, block=block, order=order, began=1e9, seconds=9.0, import_seconds=5.0, load=(0.1, 0.2, 0.3),
        load_after=(0.2, 0.2, 0.3), versions={"python": "3.11.0", "keras": None}, device={"device": "cpu"},
        ended={
            part.label: {name: told.get((part.label, name), Ended(kind="measured")) for name in of.measures}
            for part in of.parts
        },
        memory=memory or {},
    )  # fmt: skip


def written(times):
    """As pytest-benchmark writes it: ``times`` are the rounds by label and measure."""
    return json.dumps({
        "machine_info": {}, "commit_info": {}, "version": "4.0.0",
        "benchmarks": [
            {"fullname": f"measures.py::test_{measure.replace('-', '_')}[{label}]", "stats": {"data": data}}
            for (label, measure), data in times.items()
        ],
    })  # fmt: skip


def noisy(*of, cv=CV):
    """A time of about 10 ms, another for each ``of``, the same each time."""
    seed = zlib.crc32("/".join(map(str, of)).encode())
    return float(0.01 * np.exp(np.random.default_rng(seed).normal() * cv))


def seconds(of, arm, block, label, measure, *, factors=None, cv=CV):
    """The time of one measurement, with what is planted in the arm."""
    factor = (factors or {}).get((arm, label), (factors or {}).get(arm, 1.0))
    return noisy(arm, label, measure, block, cv=cv) * factor * of.arm(arm).planted.get(label, 1.0)


def made_up(of, arm, block, order=0, *, factors=None, ended=None, memory=None, cv=CV):
    """A launch and pytest-benchmark's file of it; ``factors``: of time, by arm, or by arm and part."""
    told = ended or {}
    times = {
        (part.label, measure): [seconds(of, arm, block, part.label, measure, factors=factors, cv=cv)]
        for part in of.parts
        for measure in of.measures
        if (part.label, measure) not in told
    }
    return launched(of, arm, block, order, ended=told, memory=memory), written(times)


def fill(shelf, of, blocks, ended=None, memory=None, **more):
    """Keep the session and so many blocks of it; ``ended`` and ``memory``: by arm, as ``launched`` has it."""
    shelf.save(of)
    for block in range(blocks):
        for order, arm in enumerate(of.arms):
            kept = made_up(
                of, arm.name, block, order, ended=(ended or {}).get(arm.name),
                memory=(memory or {}).get(arm.name), **more,
            )  # fmt: skip
            shelf.keep(of, *kept)


def frame_of(tmp_path, of, blocks, **more):
    shelf = Shelf(root=tmp_path)
    fill(shelf, of, blocks, **more)
    return samples(shelf, of)


def quick_frame(of, blocks, *, drift=1.0, lost=(), **more):
    """The samples of a made-up session that was never on disk.

    ``drift``: how many times slower all is at its end. ``lost``: arms and parts that raise.
    """
    rows = []
    for block in range(blocks):
        for order, arm in enumerate(in_order(of.arms, block, of.seed)):
            slower = drift ** ((block * len(of.arms) + order) / (blocks * len(of.arms)))
            for part in of.parts:
                kind = "raises" if (arm.name, part.label) in lost else "measured"
                for measure in of.measures:
                    took = seconds(of, arm.name, block, part.label, measure, **more) * slower
                    rows.append({
                        "arm": arm.name, "stack": arm.stack, "part": part.label, "case": part.case,
                        "measure": measure, "block": block, "order": order, "kind": kind, "detail": "",
                        "seconds": took if kind == "measured" else float("nan"), "rounds": 1,
                    })  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


class FakeLauncher:
    """Stands for ``Launcher.launch``: remembers what was asked, and makes up what comes of it."""

    def __init__(self, **more):
        self.more, self.launches, self.fails_at = more, [], None

    def install(self, monkeypatch):
        def launch(launcher, arm, made, block, order):
            if self.fails_at == len(self.launches):
                raise KeyboardInterrupt
            self.launches.append((block, order, arm.name))
            return made_up(launcher.session, arm.name, block, order, **self.more)

        monkeypatch.setattr("nestbench.timing.launching.Launcher.launch", launch)
        return self
