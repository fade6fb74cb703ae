"""A scheduler of Dask: what its workers offer, tasks that are given to them, and what they say meanwhile."""

import asyncio
import contextlib
import logging
import queue
import time
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from nestbench.errors import GroundError, UsageError
from nestbench.machines.needs import Needs, Offer
from nestbench.machines.task import Said, Task, fingerprint, parse
from nestbench.machines.worker import perform
from nestbench.run.confirming import ON_WORKERS

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["Cluster", "Heard"]

_CONNECT_SECONDS = 10.0
_GREET_SECONDS = 3.0  # more, for whoever is there to answer as Dask does


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What came. ``ended``: keys of tasks that Dask is done with, after all that was said of them.

    ``cut``: the scheduler is gone, and with it every task.
    """

    said: tuple[Said, ...] = ()
    ended: tuple[str, ...] = ()
    cut: bool = False


class Cluster:
    """A connection to the scheduler at ``address``, left at the end of a ``with``.

    ``jobs``: cells at once in a task, all processors of a worker where left out; ``parts``: tasks a stack.
    Raises UsageError where Dask is not installed or that is no address, GroundError where there is no
    scheduler.
    """

    def __init__(self, address: str, *, jobs: int | None = None, parts: int = 1) -> None:
        self.address, self.jobs, self.parts = address, jobs, parts
        self.topic = f"{ON_WORKERS}{uuid.uuid4().hex[:12]}"
        self._came: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._given: dict[str, Future[None]] = {}
        self._alike: dict[str, str] = {}  # address of a worker -> why it is not, or empty
        self._client = self._connected()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _connected(self) -> "Client":
        try:
            from distributed import Client
        except ImportError as error:
            raise UsageError(
                "--scheduler needs Dask distributed, which is not installed.",
                do="Install it beside nestbench, in its clone: pip install -e '.[distributed]'.",
            ) from error
        _require_address(self.address)
        for name in ("distributed", "distributed.client"):  # once imported; what matters is told in our words
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            asyncio.run(_greet(self.address))
            client = Client(self.address, timeout=_CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise GroundError(
                f"There is no scheduler at {self.address}: {error}.",
                why="it is not running, or cannot be reached from here",
                do="Start one with `dask scheduler`, and give the address that it prints.",
            ) from error
        client.subscribe_topic(self.topic, lambda event: self._came.put(event[1]))
        self._id = client.scheduler_info()["id"]
        return client

    def offers(self) -> tuple[list[Offer], list[str]]:
        """The workers of this nestbench, and sentences on others that were not there before.

        Raises OSError where the scheduler is gone.
        """
        workers = self._identity()["workers"]
        unknown = [address for address in workers if address not in self._alike]
        if unknown:
            answers = self._client.run(fingerprint, workers=unknown, on_error="return")
            for address, said in answers.items():
                if not isinstance(said, OSError):  # else it is asked again, if it is there then
                    self._alike[address] = "" if said == fingerprint() else str(said)
        others = [
            f"{address} is given nothing: its nestbench is not {fingerprint()} but: {self._alike[address]}"
            for address in unknown
            if self._alike.get(address)
        ]
        found = [
            Offer(
                address=address,
                name=str(facts.get("host") or address),
                threads=int(facts["nthreads"]),
                resources=facts.get("resources") or {},
            )
            for address, facts in workers.items()
            if self._alike.get(address) == ""
        ]
        return found, others

    def _identity(self) -> Any:
        """What the scheduler says of itself now: the client's own answer may be an old one.

        Raises OSError where it is gone, also where another one has taken its place.
        """
        scheduler = self._client.scheduler
        if scheduler is None:
            raise ConnectionError("the client was closed")
        identity = self._client.sync(scheduler.identity, n_workers=-1)
        if identity["id"] != self._id:
            raise ConnectionError("another scheduler is at its address")
        return identity

    def give(self, task: Task, needs: Needs, workers: Collection[str]) -> None:
        """Hand ``task`` to one of ``workers``. Raises OSError where the scheduler is gone."""
        from distributed.client import ClosedClientError

        try:
            self._given[task.key] = self._client.submit(
                perform,
                task,
                key=task.key,
                resources=dict.fromkeys(needs, 1),
                workers=list(workers),
                allow_other_workers=False,
                retries=0,
                pure=False,
            )
        except ClosedClientError as error:
            raise ConnectionError(str(error)) from error

    def take_back(self, keys: Iterable[str]) -> None:
        """Nobody wants these tasks any more: workers stop them."""
        futures = [self._given.pop(key) for key in keys if key in self._given]
        if futures:
            with contextlib.suppress(Exception):  # a scheduler that is gone has none of them
                self._client.cancel(futures, force=True)

    def hear(self, seconds: float) -> Heard:
        """What came, waiting up to ``seconds`` for it."""
        states = {key: future.status for key, future in self._given.items()}
        # Nobody but a scheduler that was away cancels. The client may have found it again by itself, but
        # not the topic.
        if self._client.status != "running" or "cancelled" in states.values():
            return Heard(said=self._drained(), cut=True)
        ended = tuple(key for key, state in states.items() if state != "pending")
        said = self._drained()
        if not said and not ended:
            with contextlib.suppress(queue.Empty):
                text = self._came.get(timeout=seconds)
                said = (*_parsed(text), *self._drained())
        for key in ended:
            del self._given[key]
        return Heard(said=said, ended=ended)

    def _drained(self) -> tuple[Said, ...]:
        said: list[Said] = []
        while True:
            try:
                said += _parsed(self._came.get_nowait())
            except queue.Empty:
                return tuple(said)

    def connect_again(self, seconds: float) -> bool:
        """Wait for a scheduler at the same address; what was given to the one before is lost."""
        self.close()
        self._given.clear()
        self._alike.clear()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(GroundError):
                self._client = self._connected()
                return True
            time.sleep(1.0)
        return False

    def close(self) -> None:
        """Leave; the scheduler forgets what it was given."""
        with contextlib.suppress(Exception):
            self._client.close(timeout=_CONNECT_SECONDS)


def _require_address(address: str) -> None:
    """Raises UsageError where no scheduler could be there, whatever was started."""
    from distributed.comm.addressing import get_address_host_port

    try:
        host, port = get_address_host_port(address)
    except ValueError:
        host, port = "", 0
    if not (host and 0 < port < 2**16):
        raise UsageError(
            f"--scheduler {address!r} is no address of a scheduler.",
            why="one has a host and a port from 1 to 65535; a protocol before them is one that Dask knows",
            do="Give it as tcp://HOST:PORT, such as tcp://127.0.0.1:8786: `dask scheduler` prints it.",
        )


async def _greet(address: str) -> None:
    """Client waits without limit for a greeting, which nobody but a scheduler sends.

    Raises OSError where nothing listens, GroundError where what listens is no scheduler.
    """
    from distributed.comm.core import CommClosedError, connect
    from distributed.security import Security

    how = Security().get_connection_args("client")
    trying = connect(address, timeout=_CONNECT_SECONDS, **how)
    try:
        comm = await asyncio.wait_for(trying, _CONNECT_SECONDS + _GREET_SECONDS)
    except Exception as error:
        if isinstance(error, OSError) and not isinstance(error, TimeoutError | CommClosedError):
            raise
        raise GroundError(
            f"There is no scheduler at {address}: something answers there that is no scheduler of Dask.",
            why="it is another server, such as a scheduler's dashboard, which has a port of its own (8787); "
            "a scheduler that is reached by tls:// alone; or a forwarded port (ssh -L, kubectl port-forward) "
            "behind which there is no scheduler yet",
            do="Give the address that `dask scheduler` prints; where a port is forwarded, try again.",
        ) from error
    comm.abort()


def _parsed(text: Any) -> Iterable[Said]:
    """Nothing where it is none of ours: whoever reaches the scheduler can say anything there."""
    with contextlib.suppress(ValueError):
        yield parse(text)
