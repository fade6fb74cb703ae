"""Runs `nestbench run` on workers that a batch system starts: python jobqueue.py slurm 20 --all.

The first argument is the batch system as dask-jobqueue calls it, the second the number of jobs; the rest is
what `nestbench run` takes. The jobs are those of jobqueue.yaml.
"""

import subprocess
import sys

import dask_jobqueue

CLUSTERS = {
    "slurm": dask_jobqueue.SLURMCluster,
    "pbs": dask_jobqueue.PBSCluster,
    "sge": dask_jobqueue.SGECluster,
    "lsf": dask_jobqueue.LSFCluster,
}


def main() -> int:
    """Submit, wait for one worker, run, end the jobs."""
    system, jobs, *more = sys.argv[1:]
    with CLUSTERS[system]() as cluster:
        cluster.scale(jobs=int(jobs))
        cluster.wait_for_workers(1)
        command = [sys.executable, "-m", "nestbench", "run", "--scheduler", cluster.scheduler_address, *more]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
