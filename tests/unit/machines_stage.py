"""A cluster of Dask on this machine: a scheduler, and workers, each in a network namespace of its own."""

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ENVIRON = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(sys.path),
    # A cut line is noticed sooner than after half a minute; less than this Dask refuses.
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "12s",
}


_NUMBERS = itertools.count()


def shell(*words):
    subprocess.run(words, check=True, capture_output=True, text=True)


def why_no_namespaces():
    """Empty where this process may make network namespaces."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return "network namespaces need root and iproute2"
    name = f"nbtry{os.getpid()}"
    done = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        shell("ip", "netns", "delete", name)
    return done.stderr.strip()


@dataclass
class Machine:
    """A worker or the scheduler; ``folder`` is its own."""

    name: str
    folder: Path
    command: list[str]
    link: str = ""  # of its namespace, on this side
    process: subprocess.Popen | None = None

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, env=ENVIRON, stdout=log, stderr=log, start_new_session=True
            )

    def signal(self, number):
        """To all that was started, but not to probes, which have sessions of their own."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def kill(self):
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGKILL)
        self.process.wait()

    def cut(self):
        shell("ip", "link", "set", self.link, "down")

    def probes(self):
        """Command lines of living probe servers that work in its folder."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if str(self.folder) in line and "nestprobe" in line:
                    found.append(line)
        return found


@dataclass
class Machines:
    """``names``: the resources of each worker by its name."""

    root: Path
    names: dict[str, str]
    apart: bool  # in namespaces
    workers: dict[str, Machine] = field(default_factory=dict)
    _mounted: list[Path] = field(default_factory=list)

    def __enter__(self):
        try:
            return self._started()
        except BaseException:
            self.__exit__()
            raise

    def _started(self):
        # Names of their own each time: the kernel takes a while to forget a namespace and its links.
        number = next(_NUMBERS)
        self._id = f"nb{os.getpid() % 100000}{chr(ord('a') + number)}"
        self._net = f"10.{200 + number}.{os.getpid() % 250}"
        host = f"{self._net}.1" if self.apart else "127.0.0.1"
        if self.apart:
            shell("ip", "link", "add", self._id, "type", "bridge")
            shell("ip", "address", "add", f"{host}/24", "dev", self._id)
            shell("ip", "link", "set", self._id, "up")
        port = 20000 + (20 * os.getpid() + number) % 20000
        self.address = f"tcp://{host}:{port}"
        self.scheduler = Machine(
            "scheduler",
            self.root / "scheduler",
            [
                sys.executable, "-m", "dask", "scheduler", "--host", host, "--port", str(port),
                "--no-dashboard",
            ],
        )  # fmt: skip
        self.scheduler.start()
        for number, (name, resources) in enumerate(self.names.items(), 2):
            self.workers[name] = self._worker(name, resources, number)
            self.workers[name].start()
        self.wait()
        return self

    def _worker(self, name, resources, number):
        host, space, link = "127.0.0.1", [], ""
        if self.apart:
            host, namespace, link = f"{self._net}.{number}", f"{self._id}-{name}", f"{self._id}{name}"
            shell("ip", "netns", "add", namespace)
            shell("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", namespace)
            shell("ip", "link", "set", link, "master", self._id, "up")
            for words in (
                ("address", "add", f"{host}/24", "dev", "eth0"),
                ("link", "set", "eth0", "up"),
                ("link", "set", "lo", "up"),
            ):
                shell("ip", "-n", namespace, *words)
            space = ["ip", "netns", "exec", namespace, "unshare", "--uts"]
        worker = (
            f"{sys.executable} -m dask worker {self.address} --host {host} --nthreads 1 --no-dashboard "
            f"--death-timeout 20 --memory-limit 0 --resources {resources}"
        )
        named = f"hostname {name}; " if self.apart else ""
        again = f"{named}while true; do {worker}; sleep 1; done"  # as systemd or Slurm would
        return Machine(name, self.root / name, [*space, "bash", "-c", again], link)

    def wait(self):
        """Until every worker is there."""
        from distributed import Client

        with Client(self.address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(len(self.names), timeout=60)

    def small_disk(self, name, megabytes):
        """What the worker writes from its next start on goes to a disk of that size."""
        folder = self.root / name
        folder.mkdir(parents=True, exist_ok=True)
        shell("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder))
        self._mounted.append(folder)

    def __exit__(self, *_):
        for machine in (self.scheduler, *self.workers.values()):
            if machine.process is not None:
                machine.kill()
        deadline = time.monotonic() + 20  # probes end when their controller is gone
        while any(machine.probes() for machine in self.workers.values()) and time.monotonic() < deadline:
            time.sleep(0.2)
        if self.apart:
            for words in (
                *(("netns", "delete", f"{self._id}-{name}") for name in self.workers),
                ("link", "delete", self._id),
            ):
                subprocess.run(["ip", *words], check=False, capture_output=True)  # some may not be there
        for folder in self._mounted:
            shell("umount", "-l", str(folder))
