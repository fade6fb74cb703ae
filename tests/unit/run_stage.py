"""What tests of a run share: cases without files, the fake probe, a reporter that remembers."""

import json
import os
import sys
from pathlib import Path

from nestbench.catalogue import CaseEntry, Catalogue, Variant
from nestbench.run.orchestrate import Prepared, Run, Settings
from nestbench.run.plan import plan_stack
from nestbench.run.probe_process import Limits
from nestbench.run.progress import Quiet
from nestbench.run.workspace import Workspace
from nestbench.store import Store

FAKE_PROBE = Path(__file__).parent / "fake_probe"


def entry(case: str, folder: Path, digest: str = "d", variants: tuple[str, ...] = ()) -> CaseEntry:
    values = [(("kind", value),) for value in variants] or [()]
    return CaseEntry(
        id=case,
        group="fake",
        symptom="",
        doc="",
        file=folder / "fake.py",
        line=1,
        sources=(),
        needs=(),
        variants=tuple(Variant(values=v, parameters=1, trainable=1) for v in values),
        source="",
        digest=digest,
    )


def alive(pid: int) -> bool:
    """Whether that process runs: one that ended and was not waited for does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()


class Memory(Quiet):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.ended: dict[str, str] = {}
        self.finished: dict[str, int] = {}

    def say(self, line: str) -> None:
        self.said.append(line)

    def cell(self, stack: str, done: int, current: str) -> None:
        self.finished[stack] = done

    def end(self, stack: str, text: str) -> None:
        self.ended[stack] = text


class Stage:
    """A workspace whose stacks are all served by the fake probe."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state = root / "state"
        self.state.mkdir(exist_ok=True)
        self.workspace = Workspace(root=root)
        self.store = Store(root / "results" / "local")
        self.reporter = Memory()

    def catalogue(self, *cases: str, digest: str = "d") -> Catalogue:
        entries = tuple(entry(case, self.state, digest) for case in cases)
        return Catalogue(folders=(self.state,), entries=entries)

    def plan(self, stack: str, *cases: str, **more):
        digest = more.pop("digest", "d")
        return plan_stack(self.store, stack, "lock", self.catalogue(*cases, digest=digest), **more)

    def settings(self, **more) -> Settings:
        default = {
            "store": self.store,
            "workspace": self.workspace,
            "files": [self.state / "fake.py"],
            "prepare": lambda _stack, _say: Prepared(python=Path(sys.executable)),
            "workers": 2,
            "limits": Limits(seconds=30),
        }
        return Settings(**(default | more))

    def requests(self) -> list[dict]:
        """What the servers were asked, in order."""
        path = self.state / "requests.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def outcome(self, stack: str, case: str):
        found = self.store.observation(stack, case, {})
        return None if found is None else found.outcome


def run(stage, *plans, **settings):
    """The results of a run over the plans."""
    return Run(plans, stage.settings(**settings), stage.reporter).execute()
