"""What goes wrong in a chaos run, and what must come of it: the checker's source, and the table in docs/reliability.md.

A fault hits something at a moment that the seed names. The call that it hits must end in one of `ends` within `bound` seconds (not counting
time in which the session itself was stopped). AS_EVER is the call's own end: the value that base R gives, or the error that it has without
any fault. Bounds are generous: a busy machine is no fault.
"""
from dataclasses import dataclass

AS_EVER = "as ever"
INTERRUPT = "interrupt"
DIED = "memshare_error_worker_died"
NO_WORKERS = "memshare_error_no_workers"
ELEMENT = "memshare_error_element"
NO_SPACE = "memshare_error_no_space"
CLUSTER = "memshare_error_cluster"
DAMAGED = "memshare_error_damaged"
WORKER = "memshare_error_worker"
GONE = "the session is gone"

# What a call may take on a busy machine, and how much longer where somebody has to be given up as stalled (10 s).
CALL, STALL = 60, 90


@dataclass(frozen=True)
class Fault:
    name: str
    # Whom: a role of processes.py, "FUN", or what else is done.
    hits: str
    # A signal's name, or the act of act.py or of FUN (programs.R).
    act: str
    ends: tuple
    bound: float
    reports: str
    # The word that a step must have among its traits.
    trait: str = "own"
    # For how long, at most; 0 is for good.
    seconds: float = 0
    # How often in one call.
    times: int = 1
    retries: int = 2
    # What the machine must offer: "namespaces", "freezer", "memory".
    needs: str = ""


def signals(who, hits, reports, names, ends=(AS_EVER,), **more):
    """The same of several signals."""
    return [Fault(f"{who} gets {name}", hits, name, ends, CALL, reports, **more) for name in names]


DEATHS = "`memLastRun()$died`"
NOBODY = "nobody: nothing was lost"
FATAL = ("SIGKILL", "SIGSEGV", "SIGTERM")

FAULTS = [
    *signals("a worker", "worker", DEATHS, FATAL, trait="touch"),
    Fault("all workers get SIGKILL", "workers", "SIGKILL", (AS_EVER,), CALL, DEATHS),
    # Three in a row that are killed while they start are enough.
    Fault("workers get SIGKILL again and again", "worker", "SIGKILL", (AS_EVER, NO_WORKERS), CALL, DEATHS, times=8, retries=100),
    Fault("a worker is stopped for good", "worker", "SIGSTOP", (AS_EVER,), STALL, DEATHS, trait="touch"),
    Fault("a worker is stopped for a while", "worker", "SIGSTOP", (AS_EVER,), CALL, NOBODY, seconds=3),
    *signals("the fork server", "fork server", DEATHS, FATAL),
    Fault("the fork server gets SIGKILL while workers are forked", "fork server", "SIGKILL", (AS_EVER,), CALL, DEATHS, trait="births"),
    Fault("the fork server is stopped for good", "fork server", "SIGSTOP", (AS_EVER,), STALL, NOBODY, trait="births"),
    Fault("the fork server is stopped for a while", "fork server", "SIGSTOP", (AS_EVER,), CALL, NOBODY, trait="births", seconds=3),
    *signals("a mirror", "mirror", DEATHS, FATAL, trait="births"),
    Fault("a mirror is stopped for good", "mirror", "SIGSTOP", (AS_EVER,), STALL, NOBODY, trait="births"),
    Fault("a mirror is stopped for a while", "mirror", "SIGSTOP", (AS_EVER,), CALL, NOBODY, trait="births", seconds=3),
    *signals("the session", "session", "nobody: its fork server clears away", FATAL, ends=(GONE,), trait="any"),
    Fault("the session is stopped for a while", "session", "SIGSTOP", (AS_EVER,), CALL, NOBODY, trait="any", seconds=4),
    Fault("Ctrl-C", "session", "SIGINT", (INTERRUPT, AS_EVER), CALL, "the call", trait="any"),
    *signals("a node of the cluster", "node", "the call", FATAL, ends=(AS_EVER, CLUSTER), trait="cluster"),
    Fault("a node is stopped for good", "node", "SIGSTOP", (AS_EVER, CLUSTER), STALL, "the call, by a warning", trait="cluster"),
    Fault("a node is stopped for a while", "node", "SIGSTOP", (AS_EVER,), CALL, NOBODY, trait="cluster", seconds=3),
    # On nodes of a cluster, none of which may be left.
    Fault("`quit()` in FUN", "FUN", "quit", (DIED, CLUSTER), CALL, "the call, with the element", trait="touch"),
    Fault("`quit()` in FUN, once", "FUN", "quit once", (AS_EVER,), CALL, DEATHS, trait="touch"),
    Fault("an element kills its worker", "FUN", "kill", (DIED, CLUSTER), CALL, "the call, with the element", trait="touch"),
    Fault("a worker is killed that has children", "FUN", "kill with a child once", (AS_EVER,), CALL, DEATHS, trait="touch"),
    Fault("stack overflow in FUN", "FUN", "overflow", (ELEMENT,), CALL, "the call, with the element", trait="touch"),
    Fault("no address space in FUN (`ulimit -v`)", "FUN", "allocate", (ELEMENT,), CALL, "the call, with the element", trait="touch"),
    Fault("out of memory in FUN (control group)", "FUN", "fill", (DIED, CLUSTER), CALL, "the call, with the element", trait="touch", needs="memory"),
    Fault("a child of the session ends (`mclapply()`)", "FUN", "mclapply", (AS_EVER,), CALL, NOBODY, trait="handle"),
    # R then removes the session's temporary directory, which a worker may be about to read the session's state from.
    Fault("a child of the session calls `quit()`", "FUN", "mclapply quits", (AS_EVER, WORKER), CALL, "the call", trait="handle"),
    Fault("a child of the session gets SIGKILL", "FUN", "mclapply dies", (AS_EVER,), CALL, NOBODY, trait="handle"),
    Fault("the container is frozen for a while", "container", "freeze", (AS_EVER,), CALL, NOBODY, trait="any", seconds=13, needs="freezer"),
    Fault("memory and `memshare.dir` are full", "disk", "fill disk", (AS_EVER, NO_SPACE), CALL, "the call", trait="results", needs="namespaces"),
    Fault("pages are unlinked before `collect()`", "pages", "unlink", (AS_EVER, DAMAGED), CALL, "the call", trait="handle"),
    Fault("a dead worker's id is another process's", "worker", "reuse", (AS_EVER,), CALL, DEATHS, trait="touch", needs="namespaces"),
]

# What any call of any program may meet besides: it needs no preparation, ends nothing for good and takes no stall to notice.
ANYWHERE = [fault for fault in FAULTS if not fault.needs and GONE not in fault.ends and fault.act not in ("allocate", "fill disk")
            and (fault.act != "SIGSTOP" or fault.seconds)]


def of_seed(seed):
    """The fault that a program is about: seeds in a row go through all of them."""
    return FAULTS[seed % len(FAULTS)]
