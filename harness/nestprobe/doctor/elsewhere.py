"""On which versions it would be different: what was measured of the rule's cases, from ``versions.json``."""

import json
import pkgutil

FILE = "versions.json"


def sentences(rule, kind):
    """For each line of releases where the rule's cases were seen not to show this, a sentence."""
    measured = _measured().get(rule, {}).get("unsaved" if kind == "unrestored" else kind, {})
    found = []
    for line, said in measured.items():
        if said.get("clean"):
            found.append("%s %s: not so" % (line, said["clean"]))
        if said.get("other"):
            found.append("%s %s: other trouble instead" % (line, said["other"]))
    return tuple(found)


def _measured():
    if _CACHE:
        return _CACHE[0]
    data = pkgutil.get_data("nestprobe.doctor", FILE)
    _CACHE.append(json.loads(data.decode("utf-8")).get("rules", {}) if data else {})
    return _CACHE[0]


_CACHE = []
