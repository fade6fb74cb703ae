"""Runs `nestbench run` on workers that a batch system starts: python jobqueue.py slurm 20 --all.

The first argument is the batch system as dask-jobqueue calls it, the second the number of jobs; the rest is
what `nestbench run` takes. The jobs are those of jobqueue.yaml.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import Any

CLUSTERS = {"slurm": "SLURMCluster", "pbs": "PBSCluster"}  # those of jobqueue.yaml
USAGE = f"""usage: python jobqueue.py {"|".join(CLUSTERS)} JOBS [what `nestbench run` takes]
JOBQUEUE_SECONDS: how long a first job is waited for, also in the queue; an hour if not set."""


def keeping(job_cls: type, refused: list[str]) -> type:
    """Such jobs, which keep what the batch system answered: Dask logs it, and then waits for them."""
    from distributed import Status

    class Job(job_cls):
        async def start(self) -> None:
            try:
                await super().start()
            except (RuntimeError, ValueError) as answer:
                said = str(answer).rpartition("stderr:\n")[2].strip() or str(answer)
                refused.append(" ".join(said.split()))
                self.status = Status.running  # or it would be submitted once more, and could not be closed

    return Job


def first_came(cluster: Any, jobs: int, refused: list[str], seconds: int) -> bool:
    """Wait until there is one worker, as long as there may still be one."""
    end = time.monotonic() + seconds
    while len(refused) < jobs and (left := end - time.monotonic()) > 0:
        with contextlib.suppress(TimeoutError):
            cluster.wait_for_workers(1, timeout=min(left, 2))
            return True
    return False


def main() -> int:
    """Submit, wait for one worker, run, end the jobs.

    2 where that is no usage, 3 interrupted while it waits, 4 where no job comes, else as `nestbench run`.
    """
    system, jobs, *more = *sys.argv[1:], *[""] * (3 - len(sys.argv))
    seconds = os.environ.get("JOBQUEUE_SECONDS", "3600")
    if system not in CLUSTERS or not (jobs.isdecimal() and int(jobs)) or not seconds.isdecimal():
        print(USAGE, file=sys.stderr)
        return 2
    try:
        import dask_jobqueue
    except ImportError:
        print("dask-jobqueue is not installed: pip install dask-jobqueue", file=sys.stderr)
        return 2
    signal.signal(signal.SIGINT, signal.default_int_handler)  # dask-jobqueue has made it an exit with 0
    kind = getattr(dask_jobqueue, CLUSTERS[system])
    submit = kind.job_cls.submit_command
    if shutil.which(submit) is None:
        print(f"There is no {submit} here: run it where jobs are submitted", file=sys.stderr)
        return 4
    refused: list[str] = []
    with kind(job_cls=keeping(kind.job_cls, refused)) as cluster:  # its end ends the jobs
        cluster.scale(jobs=int(jobs))
        try:
            came = first_came(cluster, int(jobs), refused, int(seconds))
        except KeyboardInterrupt:
            print("Interrupted before a job was there.", file=sys.stderr)
            return 3
        for answer in dict.fromkeys(refused):
            print(f"{submit} refused {refused.count(answer)} of {jobs} jobs: {answer}", file=sys.stderr)
        if not came:
            if len(refused) < int(jobs):
                print(
                    f"No job of {system} was there in {seconds} s: see the queue, and what the jobs wrote",
                    file=sys.stderr,
                )
            return 4
        command = [sys.executable, "-m", "nestbench", "run", "--scheduler", cluster.scheduler_address, *more]
        signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is the command's: it ends, then the jobs
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
