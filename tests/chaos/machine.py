"""What a chaos run needs of the machine, and what it does to it: control groups of its own, a small memory file system."""
import os
import subprocess
import sys
import time

SHM = "/dev/shm"
GROUPS = "/sys/fs/cgroup"
INSIDE = "MEMSHARE_CHAOS_INSIDE"


def inside():
    """Whether processes, mounts and shared memory are this run's own."""
    return INSIDE in os.environ


def enter(arguments):
    """Begins anew in namespaces of its own, where that is possible."""
    if inside() or os.geteuid() != 0:
        return
    if subprocess.run(["unshare", "-mp", "-f", "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        return
    # The shell is the first process there, and takes the ends of orphans.
    start = f"mount -t tmpfs -o size=1g,mode=1777 tmpfs {SHM} && \"$@\"; exit $?"
    command = ["unshare", "-mp", "-f", "--mount-proc", "--kill-child", "sh", "-c", start, "sh", sys.executable, *arguments]
    os.execvpe("unshare", command, {**os.environ, INSIDE: "yes"})


def offers():
    """What faults may need."""
    can = {""}
    if inside():
        can.add("namespaces")
    for controller in ("freezer", "memory"):
        if os.access(os.path.join(GROUPS, controller, "cgroup.procs"), os.W_OK):
            can.add(controller)
    return can


def segments():
    return sorted(name for name in os.listdir(SHM) if name.startswith("memshare-"))


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


class Group:
    """A control group for one program, in the hierarchy of one controller."""

    def __init__(self, controller, name):
        self.path = os.path.join(GROUPS, controller, f"memshare-chaos-{name}")
        os.mkdir(self.path)

    def set(self, setting, value):
        write(os.path.join(self.path, setting), str(value))

    def enter(self):
        """The calling process goes there, with all that it will start."""
        self.set("cgroup.procs", os.getpid())

    def close(self):
        """The group goes when its last process has."""
        for _ in range(100):
            try:
                return os.rmdir(self.path)
            except OSError:
                time.sleep(0.1)
        return None


def take_all(fd, place, left):
    """Takes what is free but for `left` bytes, whatever others take meanwhile."""
    for _ in range(20):
        free = os.statvfs(place)
        try:
            return os.posix_fallocate(fd, 0, max(free.f_bavail * free.f_bsize - left, 1))
        except OSError:
            left += 1 << 20
    return None


class SmallDisk:
    """A directory of 40 MB for `memshare.dir`; and files that fill it, and shared memory, but for some MB."""

    def __init__(self, path):
        self.path = path
        os.mkdir(path)
        if inside():
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", path], check=True)
        self.fillers = []

    def fill(self, left):
        for place in (SHM, self.path):
            filler = os.path.join(place, "chaos-filler")
            self.fillers.append(filler)
            with open(filler, "wb") as file:
                take_all(file.fileno(), place, left)

    def empty(self):
        for filler in self.fillers:
            os.unlink(filler)
        self.fillers = []

    def close(self):
        if inside():
            subprocess.run(["umount", "-l", self.path], check=False)


def take_id(pid, command):
    """Starts a process that gets this id, which must be free; None where that fails."""
    for _ in range(20):
        write("/proc/sys/kernel/ns_last_pid", str(pid - 1))
        taker = subprocess.Popen(command, start_new_session=True)
        if taker.pid == pid:
            return taker
        taker.kill()
        taker.wait()
    return None
