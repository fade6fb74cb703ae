"""A person's model as the one case of a catalogue, so that everything that runs cases runs it."""

import hashlib
import json
from pathlib import Path

from nestbench.audit.asked import Asked
from nestbench.catalogue import CaseEntry, Catalogue, Variant

__all__ = ["CASE", "catalogue_of"]

#: The case's id, and the name of its file.
CASE = "model"
_FILE = """\
# Made by `nestbench audit`: the model that the JSON file beside this one names, as a case.
from nestprobe.audited import declare

__cases__ = [declare(__file__)]
"""


def catalogue_of(asked: Asked, folder: Path) -> Catalogue:
    """A catalogue of the model alone; its case file is written to ``folder``.

    What the forward pass reads is not known beforehand: the variant's counts say nothing, and nobody
    judges by them. Raises OSError.
    """
    text = json.dumps(asked.spec(), indent=1, sort_keys=True)
    (folder / f"{CASE}.json").write_text(text, encoding="utf-8")
    file = folder / f"{CASE}.py"
    file.write_text(_FILE, encoding="utf-8")
    entry = CaseEntry(
        id=CASE,
        group="audit",
        symptom=asked.model.factory,
        doc="",
        file=file,
        line=1,
        sources=(),
        needs=(),
        variants=(Variant(values=(), parameters=0, trainable=0),),
        source="",
        digest=hashlib.sha256(text.encode()).hexdigest()[:16],
    )
    return Catalogue(folders=(folder,), entries=(entry,))
