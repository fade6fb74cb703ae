"""Runs `nestbench run` on workers that a batch system starts: python jobqueue.py slurm 20 --all.

The first argument is the batch system as dask-jobqueue calls it, the second the number of jobs; the rest is
what `nestbench run` takes. The jobs are those of jobqueue.yaml.
"""

import contextlib
import os
import shutil
import subprocess
import sys

CLUSTERS = {"slurm": "SLURMCluster", "pbs": "PBSCluster"}  # those of jobqueue.yaml
USAGE = f"""usage: python jobqueue.py {"|".join(CLUSTERS)} JOBS [what `nestbench run` takes]
JOBQUEUE_SECONDS: how long a first job is waited for, also in the queue; an hour if not set."""


def main() -> int:
    """Submit, wait for one worker, run, end the jobs. 2 where that is no usage, 4 where no job comes."""
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
    kind = getattr(dask_jobqueue, CLUSTERS[system])
    if shutil.which(kind.job_cls.submit_command) is None:
        print(
            f"There is no {kind.job_cls.submit_command} here: run it where jobs are submitted",
            file=sys.stderr,
        )
        return 4
    cluster = kind()
    try:
        cluster.scale(jobs=int(jobs))
        cluster.wait_for_workers(1, timeout=int(seconds))
    except TimeoutError:
        print(f"No job of {system} was there in {seconds} s: see above, and the queue", file=sys.stderr)
        with contextlib.suppress(Exception):  # of a job that was refused Dask has no idea how to end it
            cluster.close()
        return 4
    with cluster:
        command = [sys.executable, "-m", "nestbench", "run", "--scheduler", cluster.scheduler_address, *more]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
