"""Peak resident memory of this process, from where it stands when the watch begins."""

_RESET_PEAK = "5"  # see proc(5), /proc/PID/clear_refs


class Peak(object):
    """A watch on ``VmHWM``. Where the system does not tell, nothing is said."""

    def __init__(self):
        try:
            with open("/proc/self/clear_refs", "w") as stream:
                stream.write(_RESET_PEAK)
            self._began = _kilobytes("VmRSS")
        except (OSError, ValueError):
            self._began = None

    def read(self):
        """``{"began": bytes, "peak": bytes}`` of resident memory, or None."""
        if self._began is None:
            return None
        return {"began": self._began * 1024, "peak": _kilobytes("VmHWM") * 1024}


def _kilobytes(name):
    with open("/proc/self/status") as stream:
        for line in stream:
            if line.startswith(name + ":"):
                return int(line.split()[1])
    raise ValueError("no %s in /proc/self/status" % name)
