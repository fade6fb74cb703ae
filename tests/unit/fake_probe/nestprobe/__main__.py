"""A probe server whose cases behave as their names say: good, kills-server, hangs, and so on."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

from nestprobe.launch import launch

SLEEPER = "import time; time.sleep(600)"


def emit(**event):
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def end_with_the_controller():
    while os.read(0, 4096):
        pass
    os._exit(3)


def first_time(state, name):
    """Whether this is the first time that ``name`` is seen, over all servers of the test."""
    path = os.path.join(state, name)
    if os.path.exists(path):
        return False
    with open(path, "w"):
        return True


def answer(case, variant, state=""):
    """What the test has laid ready as the case's observation, else one that says nothing."""
    observation = {"case": case, "variant": variant, "outcome": {"kind": "observed"}}
    ready = os.path.join(state, case + ".observation")
    if os.path.exists(ready):
        with open(ready) as stream:
            observation = json.load(stream)
    emit(event="cell", observation=observation, seconds=0.01)


def forge(folder):
    """Change, add and remove results, as a case could that knows where they are."""
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        with open(path) as stream:
            text = stream.read()
        with open(path, "w") as stream:
            stream.write(text.replace("observed", "crashed"))
        with open(os.path.join(folder, "forged.json"), "w") as stream:
            stream.write(text)
    os.remove(os.path.join(folder, "_stack.json"))


def reach(case):
    """Reach for what is not the case's own."""
    if case == "kills-controller":
        time.sleep(0.3)  # it has heard by then that this one began
        os.kill(os.getppid(), signal.SIGKILL)
    elif case == "alters-probe":
        with open(__file__, "a") as stream:
            stream.write("\n")


def behave(case, variant, state):
    if case == "kills-server" or (case == "kills-once" and first_time(state, case)):
        os.kill(os.getpid(), signal.SIGKILL)
    elif case == "hangs":
        time.sleep(600)
    elif case == "slow":
        time.sleep(0.3)
    elif case == "garbage":
        sys.stdout.write('W0000 libcuda\n\n{"event": "applause"}\n{"event": "cell"\n')
        sys.stdout.buffer.write(b"\xff\xfe\n")
    elif case == "malformed":
        emit(event="cell", observation={"case": case, "variant": variant}, seconds=0.1)
        return
    elif case == "unasked":
        answer("nobody-asked", {})
    elif case == "leaves-child":
        subprocess.Popen([sys.executable, "-c", SLEEPER, state], start_new_session=True)
        os.kill(os.getpid(), signal.SIGKILL)
    elif case == "forges":
        forge(os.path.join(os.path.dirname(state), "results", "local", "a"))
    elif case == "unanswered":
        return
    reach(case)
    answer(case, variant, state)


def main():
    if sys.argv[1] == "launch":
        return launch(sys.argv[2])
    with open(sys.argv[2]) as stream:
        request = json.load(stream)
    state = os.path.dirname(request["files"][0]) if request["files"] else "."
    with open(os.path.join(state, "requests.jsonl"), "a") as log:
        log.write(json.dumps(dict(request, pid=os.getpid())) + "\n")
    threading.Thread(target=end_with_the_controller, daemon=True).start()
    cases = [item["case"] for item in request["cells"]]
    if "no-tensorflow" in cases:
        emit(event="failed", what="ImportError", detail="no module named tensorflow")
        return 4
    if "dies-at-import" in cases:
        sys.stderr.write("cannot allocate memory\n")
        return 1
    if "no-gpu" in cases:
        emit(event="failed", what="DeviceError", detail="no GPU to compute on: it is away")
        return 3
    device = {"device": os.environ["NESTPROBE_DEVICE"]}
    if device["device"] == "gpu":
        device.update(gpu="Fake 9000", driver="1.2")
    if "on-the-cpu" in cases:
        device = {"device": "cpu"}
    emit(
        event="ready",
        versions={"python": "3.11.0", "tensorflow": "2.15.1", "keras": "2.15.0", "h5py": None},
        flavour="keras2",
        launch="fork",
        threads=2,
        import_seconds=0.1,
        device=device,
    )
    for item in request["cells"]:
        emit(event="started", case=item["case"], variant=item["variant"])
        behave(item["case"], item["variant"], state)
    emit(event="done")
    return 0


sys.exit(main())
