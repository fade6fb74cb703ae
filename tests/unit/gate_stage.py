"""What tests of the gate share: a workspace with a small catalogue, results of it, and the commands."""

import json
from dataclasses import replace
from pathlib import Path

from typer.testing import CliRunner

from nestbench.catalogue import load_catalogue
from nestbench.cli import app
from nestbench.digests import Digests, probe_digest
from nestbench.gate import Baselines
from nestbench.matrix import load_matrix
from nestbench.matrix.locks import lock_digest
from nestbench.store import StackFacts, Store
from nestprobe.observation import ModelRecord, Observation, Outcome, PhaseRecord, Raised, VariableRecord

PAGE = '''from nestprobe import case


@case(parameters=50, variants={"owner": ("layer", "model")})
def held(k, owner):
    """Symptom."""


@case(parameters=50)
def plain(k):
    """Symptom."""
'''
LABELS = ("held[owner=layer]", "held[owner=model]", "plain")


def seen(case, variant=(), *, counted=50, restored=True, raises="", message="no", python_calls=9):
    """An observation of 50 used scalars of which ``counted`` are counted, or of a call that raises."""
    model = ModelRecord(count_params=counted, summary_total=counted)
    done = PhaseRecord("done")
    phases = {
        "built": PhaseRecord("done", model=model),
        "called": PhaseRecord("done", model=model, python_calls=python_calls),
        "trained": done,
        "saved-weights": done,
        "reloaded-weights": PhaseRecord("done", same_output=restored),
    }
    if raises:
        phases["called"] = PhaseRecord("raised", raised=Raised(raises, message))
    weight = VariableRecord(
        name="w", shape=[5, 10], dtype="float32", trainable=True, created_in="called", used=True,
        used_in_inference=True, used_in_training=True, in_weights=1, in_trainable_weights=1,
        changed_by_step=True, gradient=True, in_weights_file=True, restored_from_weights_file=restored,
    )  # fmt: skip
    return Observation(case, dict(variant), Outcome("observed"), phases, [] if raises else [weight])


class Stage:
    """A workspace in ``root``; ``measure`` fills its results, ``call`` runs a command in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / ".nestbench").mkdir()
        folder = root / "cases"
        folder.mkdir()
        (folder / "page.py").write_text(PAGE)
        self.catalogue = load_catalogue([folder], shipped=False)
        self.matrix = load_matrix()
        self.store = Store(root / "results" / "local")
        self.baselines = Baselines(root=root / "results" / "accepted")

    def measure(self, stack="tf2.15", *, store=None, leave_out=(), probe=None, **by_case):
        """Results of every cell, as ``seen``; ``by_case``: keywords of ``seen`` by case."""
        row = self.matrix.get(stack)
        into = store or self.store
        for cell in self.catalogue.cells([stack]):
            if cell.label in leave_out:
                continue
            digests = Digests(
                case=cell.case.digest, lock=lock_digest(row), probe=probe or probe_digest(engine=row.engine)
            )
            names = cell.variant.names
            into.add(stack, digests, seen(cell.case.id, names, **by_case.get(cell.case.id, {})))
        into.save_stack(StackFacts(stack=stack, versions={"tensorflow": "2.15.1"}, lock=lock_digest(row)))

    def call(self, *arguments):
        return CliRunner().invoke(app, list(map(str, arguments)))

    def accept(self, *arguments):
        done = self.call("accept", *arguments)
        assert done.exit_code == 0, done.output
        return done

    def check(self, *arguments):
        return self.call("check", "--no-retry", *arguments)

    def found(self, *arguments):
        """What a check writes as JSON."""
        path = self.root / "found.json"
        done = self.check("--json", path, *arguments)
        assert path.exists(), done.output
        return json.loads(path.read_text())

    def kinds(self, *arguments):
        return [(one["kind"], one["stack"], one["case"]) for one in self.found(*arguments)["findings"]]

    def edit(self, label, stack="tf2.15", **facts):
        """Plant other accepted facts in a baseline."""
        baseline = self.baselines.load(stack)
        cells = {**baseline.cells, label: {**baseline.cells[label], **facts}}
        self.baselines.save(replace(baseline, cells=cells))

    def deviations(self, text):
        self.baselines.root.mkdir(parents=True, exist_ok=True)
        (self.baselines.root / "deviations.toml").write_text(text)
