"""What is asked of machines, of the command, and of what the docs give to start them."""

import re
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import yaml
from machines_fake import FakeCluster, offer, well

from nestbench.errors import GroundError
from nestbench.interpreters import Unavailable
from nestbench.machines import measuring, needs
from nestbench.machines.cluster import Cluster
from nestbench.machines.needs import needs_of, refused
from nestbench.matrix import Device, load_matrix


def test_needs_of_stacks():
    stack = load_matrix().get("tf2.15")
    assert needs_of(stack, allow_download=True) == ("disk",)
    assert needs_of(replace(stack, device=Device.GPU), allow_download=True) == ("GPU", "disk")
    assert needs_of(replace(stack, python="3.7"), allow_download=True) == ("disk", "py37")
    assert needs_of(replace(stack, python="3.11"), allow_download=False) == ("disk", "py311")


def test_what_no_worker_could_ever_take_is_told_with_what_is_lacking():
    stack = replace(load_matrix().get("tf2.15"), python="3.7", uploaded=date(2020, 1, 1))
    assert refused([stack], [offer("one", disk=2, py37=1)], allow_download=True) == {stack.id: None}
    found = refused([stack], [offer("one")], allow_download=True)[stack.id]
    assert isinstance(found, Unavailable)
    assert found.reason == "none of 1 worker offers py37"
    assert '--resources "disk=1,py37=1"' in found.remedy
    apart = refused([stack], [offer("one"), offer("two", py37=1)], allow_download=True)[stack.id]
    assert apart.reason == "none of 2 workers offers disk and py37 together"
    on_gpu = refused([replace(stack, device=Device.GPU)], [offer("one")], allow_download=True)[stack.id]
    assert on_gpu.no_device
    assert needs.Offer(address="a", name="a", threads=4, resources={"disk": 2.5}).at_once(("disk",)) == 2


def chosen_by(cluster, *names):
    said = []
    chosen = measuring.select(
        cluster, load_matrix(), names, everything=not names, allow_download=True, say=said.append
    )
    return chosen, said


def test_stacks_are_chosen_by_what_the_workers_offer():
    cluster = FakeCluster({"one": well("one")})
    chosen, said = chosen_by(cluster, "tf2.0", "tf2.15")
    assert [stack.id for stack in chosen.stacks] == ["tf2.15"]
    assert [(out.stack, out.asked) for out in chosen.left_out] == [("tf2.0", True)]
    every, _ = chosen_by(cluster)
    assert not any(stack.device is Device.GPU for stack in every.stacks)
    assert not any(out.asked for out in every.left_out if out.stack.endswith("-gpu"))
    assert said == []


def test_where_no_worker_comes_that_is_told_with_those_that_cannot_be_used(monkeypatch):
    monkeypatch.setattr(measuring, "FIRST_SECONDS", 0.1)
    cluster = FakeCluster({})
    with pytest.raises(GroundError, match="no worker") as none:
        chosen_by(cluster, "tf2.15")
    assert "none was started" in none.value.why
    cluster.offers = lambda: ([], ["one is another"])
    with pytest.raises(GroundError, match="no worker") as other:
        chosen_by(cluster, "tf2.15")
    assert "one is another" in other.value.why


def test_a_scheduler_that_is_lost_while_a_worker_is_waited_for_is_told():
    def lost():
        raise ConnectionError("closing")

    cluster = FakeCluster({})
    cluster.offers = lost
    with pytest.raises(GroundError, match="was lost before anything was given"):
        chosen_by(cluster, "tf2.15")


def test_a_worker_that_cannot_be_used_is_named_where_others_can():
    cluster = FakeCluster({"one": well("one")})
    cluster.offers = lambda: ([offer("one")], ["two is another"])
    assert chosen_by(cluster, "tf2.15")[1] == ["two is another"]


def nestbench(folder, *arguments):
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONPATH": ":".join(sys.path)},
    )


WITHOUT_DASK = """
import sys
class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("dask", "distributed"):
            raise ImportError(name)
sys.meta_path.insert(0, Refused())
sys.argv = ["nestbench", *sys.argv[1:]]
from nestbench.__main__ import main
main()
"""


def test_without_a_scheduler_dask_is_neither_needed_nor_imported(tmp_path):
    done = nestbench(tmp_path, "-c", WITHOUT_DASK, "run", "--here", "--case", "article-example-1")
    assert "no TensorFlow" in done.stderr or "cannot be observed" in done.stderr, done.stderr
    done = nestbench(tmp_path, "-c", WITHOUT_DASK, "run", "tf2.15", "--scheduler", "tcp://127.0.0.1:1")
    assert done.returncode == 2
    assert "pip install -e '.[distributed]'" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--here", "--scheduler", "tcp://127.0.0.1:1"], "--here observes one interpreter"),
        (["tf2.15", "--tasks-per-stack", "2"], "goes with --scheduler"),
        *(
            (["tf2.15", "--scheduler", address], "Give it as tcp://HOST:PORT")
            for address in ("", "foo", "foo:bar", "tcp://:8786", "localhost:99999", "http://localhost:8787")
        ),
    ],
)
def test_wrong_usage(tmp_path, arguments, said):
    done = nestbench(tmp_path, "-m", "nestbench", "run", *arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_an_address_where_nobody_answers_is_no_wrong_usage(monkeypatch):
    monkeypatch.setattr("nestbench.machines.cluster._CONNECT_SECONDS", 1.0)
    with pytest.raises(GroundError, match="There is no scheduler at tcp"):
        Cluster("tcp://127.0.0.1:1")


@pytest.mark.parametrize("says", [b"", b"SSH-2.0-OpenSSH_9.6\r\n"])
def test_what_answers_and_is_no_scheduler_is_not_waited_for(monkeypatch, says):
    monkeypatch.setattr("nestbench.machines.cluster._CONNECT_SECONDS", 1.0)
    monkeypatch.setattr("nestbench.machines.cluster._GREET_SECONDS", 0.5)
    calls = []

    def answer(server):
        calls.append(server.accept()[0])
        calls[0].sendall(says)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=answer, args=(server,), daemon=True).start()
        with pytest.raises(GroundError, match="something answers there that is no scheduler") as told:
            Cluster(f"tcp://127.0.0.1:{server.getsockname()[1]}")
    assert "8787" in told.value.why
    assert "kubectl port-forward" in told.value.why
    calls[0].close()


def test_the_simulation_of_the_docs_runs():
    done = subprocess.run(
        [sys.executable, Path(__file__).parents[2] / "docs" / "scale.py", "--stacks", "50"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.startswith("50 stacks of 2,000 cases are 0.2 million cells")


FAKE_JOBQUEUE = """
import asyncio, os, signal, sys, time
signal.signal(signal.SIGINT, lambda *_: sys.exit())  # as dask-jobqueue does when it is imported
class Job:
    submit_command = "sbatch"
    async def start(self):
        if not int(os.environ["REFUSED"]):
            return
        said = "stdout:\\n\\nstderr:\\nsbatch: error: invalid partition\\n  nosuch\\n"
        raise RuntimeError("Command exited with non-zero exit code.\\n" + said)
class SLURMCluster:
    job_cls = Job
    def __init__(self, job_cls): self.job_cls = job_cls
    def __enter__(self): return self
    def __exit__(self, *_): print("closed", flush=True)
    def scale(self, jobs):
        for _ in range(jobs): asyncio.run(self.job_cls().start())
    def wait_for_workers(self, count, timeout):
        print("waits", flush=True)
        time.sleep(timeout)
        raise TimeoutError
"""


@pytest.fixture
def jobs_script(tmp_path):
    (tmp_path / "dask_jobqueue.py").write_text(FAKE_JOBQUEUE)
    path = [tmp_path, *filter(None, sys.path)]  # those hold distributed
    return {
        "args": [sys.executable, Path(__file__).parents[2] / "docs" / "jobqueue.py"],
        "env": {"PATH": str(tmp_path), "PYTHONPATH": ":".join(map(str, path)), "JOBQUEUE_SECONDS": "1"},
    }


def ended(script, *arguments, **env):
    done = subprocess.run(
        [*script["args"], *arguments], capture_output=True, text=True, check=False,
        env=script["env"] | env, timeout=60,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


def test_the_script_for_jobs_ends_where_it_cannot_go_on(jobs_script, tmp_path):
    for wrong in ([], ["slurm"], ["slurm", "--all"], ["sge", "2"], ["slurm", "0"]):
        code, _, said = ended(jobs_script, *wrong)
        assert (code, said.split()[0]) == (2, "usage:")
    nowhere = ended(jobs_script, "slurm", "2")
    assert nowhere == (4, "", "There is no sbatch here: run it where jobs are submitted\n")
    (tmp_path / "sbatch").touch(mode=0o755)
    code, said, error = ended(jobs_script, "slurm", "2", REFUSED="0")
    assert (code, "in 1 s" in error, said.split()[-1]) == (4, True, "closed")


def test_jobs_that_the_batch_system_refuses_are_told_and_not_waited_for(jobs_script, tmp_path):
    (tmp_path / "sbatch").touch(mode=0o755)
    assert ended(jobs_script, "slurm", "2", REFUSED="1") == (
        4, "closed\n", "sbatch refused 2 of 2 jobs: sbatch: error: invalid partition nosuch\n"
    )  # fmt: skip


def test_the_script_for_jobs_that_is_interrupted_says_so_and_ends_them(jobs_script, tmp_path):
    (tmp_path / "sbatch").touch(mode=0o755)
    env = jobs_script["env"] | {"JOBQUEUE_SECONDS": "60", "REFUSED": "0"}
    with subprocess.Popen(
        [*jobs_script["args"], "slurm", "2"],
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as waiting:
        assert waiting.stdout.readline() == "waits\n"
        waiting.send_signal(signal.SIGINT)
        said, error = waiting.communicate(timeout=30)
    assert (waiting.returncode, said.split()[-1]) == (3, "closed")
    assert error == "Interrupted before a job was there.\n"


def test_the_configurations_of_the_docs_can_be_read():
    docs = Path(__file__).parents[2] / "docs"
    jobs = yaml.safe_load((docs / "jobqueue.yaml").read_text())["jobqueue"]
    for system in ("slurm", "pbs"):
        assert jobs[system]["worker-extra-args"] == ["--resources", "disk=1"]
        assert (jobs[system]["cores"], jobs[system]["processes"]) == (1, 1)
    cluster = yaml.safe_load((docs / "kubernetes.yaml").read_text())
    assert cluster["kind"] == "DaskCluster"
    (worker,) = cluster["spec"]["worker"]["spec"]["containers"]
    assert worker["args"][:2] == ["dask", "worker"]
    assert worker["args"][-2:] == ["--resources", "disk=1"]


OPERATOR = "it is the operator's own schema and deployments that are asked: pip install dask-kubernetes"


def closed(schema):
    """The same, without fields that it does not name: Kubernetes drops those, and says nothing."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    more = {"additionalProperties": False} if isinstance(schema.get("properties"), dict) else {}
    return more | {key: closed(value) for key, value in schema.items()}


def test_the_cluster_for_kubernetes_is_one_of_the_operators():
    validate = pytest.importorskip("jsonschema").validate
    operator = Path(pytest.importorskip("dask_kubernetes", reason=OPERATOR).__file__).parent / "operator"
    (asked,) = operator.glob("deployment/helm/*/crds/daskcluster.yaml")
    (version,) = yaml.safe_load(asked.read_text())["spec"]["versions"]
    file = Path(__file__).parents[2] / "docs" / "kubernetes.yaml"
    asks = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    validate(yaml.safe_load(file.read_text())["spec"], closed(asks))


def test_the_worker_for_kubernetes_has_its_name_of_the_operator():
    controller = pytest.importorskip("dask_kubernetes.operator.controller.controller", reason=OPERATOR)
    file = Path(__file__).parents[2] / "docs" / "kubernetes.yaml"
    pod = yaml.safe_load(file.read_text())["spec"]["worker"]["spec"]
    made = controller.build_worker_deployment_spec("group", "default", "nestbench", "1", pod, {}, {})
    (container,) = made["spec"]["template"]["spec"]["containers"]
    env = {given["name"]: given["value"] for given in container["env"]}
    assert env["DASK_SCHEDULER_ADDRESS"] == "tcp://nestbench-scheduler.default.svc.cluster.local:8786"
    args = [re.sub(r"\$\((\w+)\)", lambda named: env[named[1]], arg) for arg in container["args"]]
    assert args[:4] == ["dask", "worker", "--name", "group-worker-1"]
