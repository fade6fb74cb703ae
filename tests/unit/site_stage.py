"""What the tests of the site share: a small catalogue, results of it on a few stacks, the site of both."""

import csv
import gzip
import json
from pathlib import Path

from nestbench.catalogue import load_catalogue
from nestbench.claims import load_claims
from nestbench.digests import Digests, probe_digest
from nestbench.matrix import load_matrix
from nestbench.matrix.locks import lock_digest
from nestbench.site import Folder, Source, build
from nestbench.store import HostFacts, StackFacts, Store
from nestprobe.observation import ModelRecord, Observation, Outcome, PhaseRecord, Raised, VariableRecord

HOSTILE = "<script>document.title='pwned'</script><img src=x onerror=alert(1)>"

PAGE = '''from nestprobe import case

@case(parameters=50, variants={"owner": ("layer", "model"), "kind": ("list", "dict")}, sources=["https://github.com/keras-team/keras/issues/1"])
def a_case(k, owner, kind):
    """A symptom with ``code``.

    More of it.
    """

@case(parameters=50, variants={"tag": ("<b>", "a b", "a/b")}, sources=["javascript:alert(1)", "HOSTILE"])
def hostile_case(k, tag):
    """HOSTILE is the title.

    And "HOSTILE" again: & < > ' ".
    """
    return "HOSTILE"

@case(parameters=50, variants={"n": (1,)}, sizes={"n": (1, 2, 4, 8, 16, 32, 64, 128)})
def grows(k, n):
    """It grows."""

@case(parameters=50)
def history(k):
    """Its id is the name of a part of a page."""
'''.replace("HOSTILE", HOSTILE)

CLAIMS = """[[claim]]
id = "article-1"
sentence = "A claim of the article, HOSTILE."
sources = ["https://example.org/article"]
decided_by = [{ case = "a-case", holds = ["called.count_params == used"] }]

[[claim]]
id = "history"
sentence = "Another claim, of a guide."
sources = ["https://keras.io/guides/"]
decided_by = [{ case = "history", holds = ["called.count_params != used"] }]
""".replace("HOSTILE", HOSTILE)

STACKS = ("tf2.14", "tf2.15", "tf2.16", "keras3.15")


def catalogue_in(folder):
    (folder / "cases").mkdir(parents=True, exist_ok=True)
    (folder / "cases" / "containers.py").write_text(PAGE)
    return load_catalogue([folder / "cases"], shipped=False)


def observed(cell, *, says="tracked"):
    """An observation that is judged to be tracked (lossy: not a checkpoint), uncounted or raising."""
    counted = {"tracked": 50, "lossy": 50, "uncounted": 30, "raises": None}[says]
    done = PhaseRecord(
        "done", model=ModelRecord(count_params=counted), python_calls=100, user_calls={"Outer": 1}
    )
    failed = PhaseRecord("raised", raised=Raised("ValueError", f"no {HOSTILE}"))
    phases = dict.fromkeys(("built", "trained", "saved-weights", "reloaded-weights"), PhaseRecord("done"))
    phases["built"] = phases["called"] = failed if says == "raises" else done
    phases["trained"] = PhaseRecord("done", warnings=[f"UserWarning: {HOSTILE}"])
    variable = VariableRecord(
        name=f"w {HOSTILE}", shape=[5, 10], dtype="float32", trainable=True, created_in="called",
        in_weights=1, in_trainable_weights=1, changed_by_step=True, in_weights_file=True, gradient=True,
        used=True, used_in_inference=True, used_in_training=True, restored_from_weights_file=True,
        restored_from_checkpoint=False if says == "lossy" else None,
    )  # fmt: skip
    variables = [] if says == "raises" else [variable]
    return Observation(cell.case.id, cell.variant.names, Outcome("observed"), phases, variables)


def says_of(stack, cell):
    """What the staged stacks say: a case that changes, one that is the same everywhere, one that raises."""
    if cell.case.id == "history":
        return "uncounted"
    if cell.case.id == "grows":
        return "tracked"
    if cell.case.id == "hostile-case":
        return "raises"
    if stack in {"tf2.14", "tf2.15"}:
        return "tracked"
    return "raises" if cell.variant.names["owner"] == "layer" else "uncounted"


def lock_of(stack, matrix):
    rows = {row.id: row for row in matrix.stacks}
    return lock_digest(rows[stack]) if stack in rows else "lock"


def digests_of(cell, matrix):
    return Digests(case=cell.case.digest, lock=lock_of(cell.stack, matrix), probe=probe_digest())


def tried_again(source, stack, case, *, says):
    """Beside the results, what a second try of a case's cells on a stack says."""
    again = Store(source.store.root / "again")
    for cell in source.catalogue.cells([stack]):
        if cell.case.id == case:
            again.add(stack, digests_of(cell, source.matrix), observed(cell, says=says))


def source_in(folder, stacks=STACKS, says=says_of, leave_out=lambda _stack, _cell: False):
    """A source whose results are staged below ``folder``."""
    catalogue, matrix = catalogue_in(folder), load_matrix()
    store = Store(folder / "results" / "published")
    for cell in catalogue.cells(stacks):
        if not leave_out(cell.stack, cell):
            store.add(cell.stack, digests_of(cell, matrix), observed(cell, says=says(cell.stack, cell)))
    for stack in store.stacks():
        versions = {"python": "3.11.7", "tensorflow": f"2.0 {HOSTILE}", "keras": "2.15.0"}
        store.save_stack(StackFacts(stack=stack, versions=versions, lock=lock_of(stack, matrix)))
        store.save_host(HostFacts(stack=stack, host={"date": "2026-01-02", "platform": HOSTILE}))
    (folder / "claims.toml").write_text(CLAIMS)
    claims = load_claims(catalogue, folder / "claims.toml")
    return Source(store=store, catalogue=catalogue, matrix=matrix, claims=claims)


def site_in(folder, **staged):
    """The folder of a site of staged results."""
    built = build(source_in(folder, **staged), Folder(root=folder / "site"))
    return Path(built.index).parent


def pages(site):
    return {path.relative_to(site).as_posix(): path.read_text() for path in sorted(site.rglob("*.html"))}


def unpacked(path):
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def table(site, name):
    """The rows of a table that is to be taken away."""
    text = unpacked(site / "data" / name).decode()
    return json.loads(text) if ".json" in name else list(csv.DictReader(text.splitlines()))
