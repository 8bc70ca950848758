"""The processes of one chaos program, told by a mark in their environment; nobody else's are looked at or signalled."""
import os
import signal

MARK = "MEMSHARE_CHAOS"


def read(path):
    """A file of /proc, which may be gone."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def state(pid):
    """Its letter; "" when it is gone."""
    stat = read(f"/proc/{pid}/stat")
    return stat.rpartition(b") ")[2][:1].decode()


def alive(pid):
    return state(pid) not in ("", "Z", "X")


def marked(token):
    """All living processes of the program."""
    mark = f"{MARK}={token}".encode()
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [pid for pid in pids if mark in read(f"/proc/{pid}/environ").split(b"\0") and alive(pid)]


def role(pid, session):
    """What it is: by its log, where it has one."""
    if pid == session:
        return "session"
    try:
        log = os.path.basename(os.readlink(f"/proc/{pid}/fd/1"))
    except OSError:
        log = ""
    for name, who in (("fork-server.log", "fork server"), ("mirror-", "mirror"), ("worker-", "worker")):
        if log.startswith(name):
            return who
    return "node" if b"workRSOCK" in read(f"/proc/{pid}/cmdline") else "other"


def of_role(token, session, wanted):
    return sorted(pid for pid in marked(token) if role(pid, session) == wanted)


def send(pid, name):
    """Sends a signal; whether there was somebody to get it."""
    try:
        os.kill(pid, getattr(signal, name))
        return True
    except ProcessLookupError:
        return False


def descriptors(pid):
    """What a process has open, in words that are the same for the same kind of thing; but for what it speaks by, which comes and goes."""
    words = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
        except OSError:
            continue
        if not target.endswith("/said"):
            words.append(target.partition(":[")[0] if ":[" in target else target)
    return sorted(words)


def threads(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


def about(pid):
    """For a report of what hangs."""
    words = read(f"/proc/{pid}/cmdline").replace(b"\0", b" ").decode(errors="replace")[:100]
    return f"{pid} {state(pid)} {read(f'/proc/{pid}/wchan').decode(errors='replace')} {words}"
