"""Result files that are cut, changed, or of another schema: told, and never believed."""

import random
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from nestbench.bench.faults.place import STACK, Place
from nestbench.bench.faults.tally import Tally
from nestbench.errors import ExitCode
from nestbench.store import Store
from nestbench.store.disk import StoreError
from nestbench.store.seal import sealed, unsealed

__all__ = ["cut", "flipped", "schemas"]

_EVERY = 10  # bytes
#: The bytes of a damaged file, from those of the whole one and a number.
Damage = Callable[[bytes, int], bytes]


def cut(place: Place, tally: Tally, times: int) -> None:
    """Every result file, cut at every tenth byte."""

    def damages(whole: bytes) -> Iterator[bytes]:
        return (whole[:length] for length in range(0, len(whole), _EVERY))

    for path in _files(place):
        _each(tally, path, damages(path.read_bytes()))
    _measured_again(place, tally, times, lambda whole, number: whole[: len(whole) * number // (number + 1)])


def flipped(place: Place, tally: Tally, times: int) -> None:
    """Every result file with one bit flipped, in every tenth byte in turn."""
    bits = random.Random(times)  # noqa: S311 - the same bits in every call

    def flip(whole: bytes, at: int) -> bytes:
        return whole[:at] + bytes([whole[at] ^ 1 << bits.randrange(8)]) + whole[at + 1 :]

    for path in _files(place):
        whole = path.read_bytes()
        _each(tally, path, (flip(whole, byte) for byte in range(0, len(whole), _EVERY)))
    _measured_again(place, tally, times, lambda whole, number: flip(whole, len(whole) * (number % 50) // 50))


def schemas(place: Place, tally: Tally, times: int) -> None:
    """Files of an older schema are measured again; one of a newer is refused and left as it is."""
    for schema in (-1, 0):
        _measured_again(place, tally, times, partial(_of_schema, schema=schema))
    for schema in (2, 99):
        results = place.copy("damaged")
        path = min((results / STACK).glob("planted-*.json"))
        newer = _of_schema(path.read_bytes(), schema=schema)
        path.write_bytes(newer)
        where = f"schema {schema}"
        place.expect(tally, place.run(results), [ExitCode.GROUND], where, "newer nestbench")
        tally.count(lost=int(path.read_bytes() != newer), where=f"{where}: the file was written over")


def _files(place: Place) -> list[Path]:
    return sorted((place.copy("damaged") / STACK).glob("planted-*.json"))


def _each(tally: Tally, path: Path, damaged: Iterator[bytes]) -> None:
    """Whether each is refused, by both ways of reading; or says exactly what the whole file did."""
    store, whole = Store(path.parent.parent), path.read_bytes()
    result = store.load(STACK, path.stem)
    for data in damaged:
        path.write_bytes(data)
        for load in (store.load, lambda *name: store.reader().load(*name)):
            tally.runs += 1
            try:
                found = load(STACK, path.stem)
            except StoreError as error:
                tally.saw["refused"] += 1
                if not (error.why and error.do):
                    tally.count(untold=1, where=error.what)
                continue
            if getattr(found, "result", found) != result:
                tally.count(wrong=1, where=f"{path.name} of {len(data)} bytes was believed")
    path.write_bytes(whole)


def _measured_again(place: Place, tally: Tally, times: int, damage: Damage) -> None:
    """A run that meets damaged files says so, and what they held is there again."""
    for number in range(max(1, times // 25)):
        results = place.copy("damaged")
        paths = sorted((results / STACK).glob("planted-*.json"))
        path = paths[number % len(paths)]
        path.write_bytes(damage(path.read_bytes(), number + 1))
        where = f"a run with a damaged {path.name}"
        done = place.run(results)
        place.expect(tally, done, [ExitCode.CLEAN], where)
        place.judge(tally, results, where)
    shutil.rmtree(results)


def _of_schema(data: bytes, _number: int = 0, *, schema: int) -> bytes:
    text = unsealed(data.decode(), Path())
    return sealed(text.replace('"schema": 1', f'"schema": {schema}', 1)).encode()
