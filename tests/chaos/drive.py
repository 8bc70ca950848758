"""One chaos program: an R session (session.R), driven from outside through random calls while faults befall it.

A seed decides the program, which faults there are and when: so many microseconds after a call began, or after FUN began at an element.
"""
import os
import random
import shutil
import subprocess
import time

import faults
import machine
import processes
from acts import Act
from dialogue import Dialogue

HERE = os.path.dirname(os.path.abspath(__file__))
# How long the session may take for what no fault touches, and processes to go.
CALM_WITHIN, GONE_WITHIN = 60, 30
# When the prompt is to be back after Ctrl-C; and when it certainly has not come, however busy the machine.
PROMPT_WITHIN, NO_PROMPT = 1, 5


class Failed(Exception):
    """The program failed: "wrong", "lost", "hung" or "left", and what was seen."""

    def __init__(self, kind, seen):
        super().__init__(f"{kind}: {seen}")
        self.kind = kind


class Program:
    """A session and what befalls it."""

    def __init__(self, seed, scratch, short=False, everywhere=False):
        self.seed, self.scratch, self.token = seed, scratch, f"{os.getpid()}-{seed}"
        # Whether its fault befalls every call that it can.
        self.everywhere = everywhere
        self.random = random.Random(seed)
        self.fault = faults.of_seed(seed)
        self.steps = 1 if short else self.random.randint(3, 5)
        self.others = [] if machine.inside() else machine.segments()
        self.main = self.steps if faults.GONE in self.fault.ends else self.random.randint(1, self.steps)
        self.cluster = self.fault.trait == "cluster" or self.random.random() < 0.15
        self.unload = self.random.random() < 0.5
        self.with_disk = self.fault.act == "fill disk" or self.random.random() < 0.3
        self.calls, self.bound, self.idle_ns = [], 0, 0
        self.pending, self.groups, self.nodes_killed = [], [], 0
        self.act = None

    # The session and its words.

    def start(self):
        self.dialogue = Dialogue(self.scratch)
        self.order = self.dialogue.order
        self.tmp = os.path.join(self.scratch, "tmp")
        os.mkdir(self.tmp)
        self.disk = machine.SmallDisk(os.path.join(self.scratch, "dir"))
        self.freezer = self.group("freezer", self.fault.act == "freeze")
        memory = self.group("memory", self.fault.act == "fill")
        if memory:
            memory.set("memory.limit_in_bytes", 1 << 30)
        limit = 4 << 30 if self.fault.act == "allocate" else None
        words = [self.seed, self.steps, self.fault.trait, self.main, "yes" if self.cluster else "no", "unload" if self.unload else "quit"]
        self.session = self.rscript([os.path.join(HERE, "session.R"), self.scratch, *map(str, words)], limit)

    def group(self, controller, wanted):
        if not wanted:
            return None
        self.groups.append(machine.Group(controller, self.token))
        return self.groups[-1]

    def rscript(self, arguments, limit=None):
        env = {**os.environ, processes.MARK: self.token, "TMPDIR": self.tmp, "MEMSHARE_LOG": "debug"}
        if self.with_disk:
            env["MEMSHARE_DIR"] = self.disk.path
        prefix = ["prlimit", f"--as={limit}"] if limit else []

        def enter():
            for group in self.groups:
                group.enter()

        with open(os.path.join(self.scratch, "log"), "ab") as log:
            return subprocess.Popen(
                ["env", "--default-signal=INT", *prefix, "Rscript", "--vanilla", *arguments], env=env, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True, preexec_fn=enter)

    def wait(self, word, within, hear=None):
        """Waits for a line that begins so, and gives its rest; other lines go to `hear`. Meanwhile acts are done when they are due."""
        begun = time.monotonic()
        while True:
            line = self.dialogue.line(min(0.05, self.until_due()))
            if line is not None and line.startswith(word):
                return line[len(word):].strip()
            if line is not None and line.startswith("@wrong"):
                raise Failed("wrong", line)
            if line is not None and hear:
                hear(line)
            self.do_due()
            if line is None and self.session.poll() is not None:
                return None
            if time.monotonic() - begun - self.idle_ns / 1e9 > within:
                raise Failed("hung", f"no {word} within {within} s\n{self.evidence()}")

    def must(self, word, within):
        said = self.wait(word, within)
        if said is None:
            raise Failed("lost", f"the session ended with status {self.session.returncode} before {word}\n{self.log()}")
        return said

    def until_due(self):
        return min((due - time.monotonic() for due, _ in self.pending), default=1)

    def do_due(self):
        due = [entry for entry in self.pending if entry[0] <= time.monotonic()]
        for entry in due:
            self.pending.remove(entry)
            entry[1]()

    def later(self, seconds, do):
        self.pending.append((time.monotonic() + seconds, do))

    # The program's course.

    def run(self):
        """The calls' records."""
        try:
            self.start()
            self.must("@start", CALM_WITHIN)
            self.before = processes.descriptors(self.session.pid), processes.threads(self.session.pid)
            self.order("go")
            self.must("@loaded", CALM_WITHIN)
            self.named = self.segments()
            self.order("go")
            for k in range(1, self.steps + 1):
                if not self.call(k):
                    self.check_killed()
                    return self.calls
            self.check_end()
            return self.calls
        finally:
            self.close()

    def chosen(self, k, traits):
        """The fault of a call: the program's in its place, in others any that fits, or none."""
        fits = self.fault.trait == "any" or self.fault.trait in traits
        if k == self.main or (self.everywhere and fits and faults.GONE not in self.fault.ends):
            return self.fault
        fits = [fault for fault in faults.ANYWHERE if fault.trait == "any" or fault.trait in traits]
        return self.random.choice(fits) if fits and self.random.random() < 0.5 else None

    def call(self, k):
        """One call under a fault; whether the session lives."""
        number, n, traits, what = self.must("@ready", CALM_WITHIN).replace(" | ", " ", 1).split(" ", 3)
        fault = self.chosen(k, traits.split(","))
        self.act = Act(self, fault, int(n))
        self.bound = max(self.bound, fault.bound if fault else faults.CALL)
        self.order("go", self.act.element, fault.retries if fault else 2, self.act.in_fun)
        self.idle_ns = 0
        self.must(f"@begin {number}", CALM_WITHIN)
        begun = time.monotonic()
        self.act.begun()
        said = self.wait(f"@end {number}", self.bound, self.act.hear)
        ended = time.monotonic()
        hit = self.act.hit_another()
        self.nodes_killed += sum(not processes.alive(pid) for pid in self.act.nodes)
        if fault and fault.hits == "FUN" and "cluster" in traits.split(","):
            self.nodes_killed = 2
        self.act.undo()
        self.pending = []
        record = {"what": what, "fault": fault.name if fault else "none", "injected": self.act.count, "moment": self.act.moment,
                  "seconds": round(ended - begun - self.idle_ns / 1e9, 3)}
        self.calls.append(record)
        if self.act.signalled_at:
            record["prompt"] = round(ended - self.act.signalled_at, 3)
            if record["prompt"] > NO_PROMPT:
                raise Failed("hung", f"{record['prompt']} s from Ctrl-C to the prompt")
        self.judge(fault, said, record)
        if hit:
            raise Failed("wrong", "a process that has a dead worker's id was signalled")
        if said is None:
            return False
        self.order("go")
        calm = self.must(f"@calm {number}", self.bound)
        if calm != "right":
            raise Failed("wrong", f"the next call: {calm}")
        return not (fault and faults.GONE in fault.ends and self.end_idle(record))

    def end_idle(self, record):
        """Ends a session that its fault did not hit in the call."""
        self.act.signal(None)
        self.wait("@nothing", GONE_WITHIN)
        record.update(injected=self.act.count, moment="when the session is idle", end=faults.GONE)
        return True

    def judge(self, fault, said, record):
        """Whether the call ended as the table says."""
        end, index, deaths = (said or f"{faults.GONE}||0").split("|")
        record["end"] = end
        allowed = fault.ends if fault and self.act.count else (faults.AS_EVER,)
        if said is None and faults.GONE not in allowed:
            raise Failed("lost", f"the session ended with status {self.session.returncode}\n{self.log()}")
        if end not in allowed:
            raise Failed("wrong", f"the call ended with {end} (element {index}), not {' or '.join(allowed)}\n{self.log()}")
        names = fault and fault.hits == "FUN" and faults.AS_EVER not in allowed and end != faults.CLUSTER
        if names and index != str(self.act.element):
            raise Failed("wrong", f"the error names element {index}, not {self.act.element}")
        if fault and fault.hits == "FUN" and fault.reports == faults.DEATHS and deaths == "0":
            raise Failed("wrong", "memLastRun() says of no death")

    # What is left.

    def segments(self):
        return [name for name in machine.segments() if name not in self.others]

    def gone(self, but=()):
        """Waits until no process is there but these; those that are all the same."""
        end = time.monotonic() + GONE_WITHIN
        while True:
            left = [pid for pid in processes.marked(self.token) if pid not in but]
            if not left or time.monotonic() > end:
                return left
            time.sleep(0.05)

    def same(self, look, wanted, what):
        """Waits until it is as it was."""
        end = time.monotonic() + 5
        while (seen := look()) != wanted:
            if time.monotonic() > end:
                raise Failed("left", f"{what}: {seen}, before: {wanted}")
            time.sleep(0.05)

    def check_end(self):
        pages, views = self.must("@rest", self.bound).split()
        if (pages, views) != ("0", "0"):
            raise Failed("left", f"{pages} pages and {views} views are listed")
        self.same(self.segments, self.named, "segments at rest")
        self.end_nodes()
        self.order("go")
        self.must("@over", CALM_WITHIN)
        if self.unload:
            self.nothing((self.session.pid,))
            self.same(lambda: processes.descriptors(self.session.pid), self.before[0], "descriptors")
            self.same(lambda: processes.threads(self.session.pid), self.before[1], "threads")
        self.order("go")
        try:
            status = self.session.wait(GONE_WITHIN)
        except subprocess.TimeoutExpired:
            raise Failed("hung", f"the session does not quit\n{self.evidence()}") from None
        if status != 0:
            raise Failed("lost", f"the session quit with status {status}\n{self.log()}")
        self.nothing()
        # R itself leaves the directory of most processes that are killed: that of a node is not ours.
        self.same(lambda: len(os.listdir(self.tmp)) > self.nodes_killed, False, "temporary directories of none that was killed")

    def end_nodes(self):
        """A node that is stopped for good is the user's."""
        for pid in processes.of_role(self.token, self.session.pid, "node"):
            if processes.state(pid) == "T":
                self.nodes_killed += processes.send(pid, "SIGKILL")

    def nothing(self, but=()):
        left = self.gone(but)
        if left:
            raise Failed("left", "processes:\n" + "\n".join(map(processes.about, left)))
        self.same(self.segments, [], "segments")
        self.same(lambda: os.listdir(self.disk.path), [], "files in memshare.dir")

    def check_killed(self):
        """Its processes go at once; what it left in shared memory goes when the next session starts, which finds nothing of it."""
        left = self.gone()
        if left:
            raise Failed("left", "processes of a killed session:\n" + "\n".join(map(processes.about, left)))
        # Its process id may be another process's by then.
        taker = machine.take_id(self.session.pid, ["sleep", "1000"]) if machine.inside() else None
        code = 'library(memshare); stopifnot(inherits(try(retrieveViews("kept", "x"), silent = TRUE), "try-error")); ' \
            'registerVariables("kept", list(x = 1)); stopifnot(identical(memLapply(1:2, identity, MAX.CORES = 2), list(1L, 2L)))'
        after = self.rscript(["-e", code])
        try:
            status = after.wait(CALM_WITHIN)
        except subprocess.TimeoutExpired:
            raise Failed("hung", "the session after a killed one") from None
        if status != 0:
            raise Failed("wrong", f"the session after a killed one\n{self.log()}")
        self.nothing()
        if taker:
            if processes.state(taker.pid) != "S":
                raise Failed("wrong", "a process that has a dead session's id was signalled")
            taker.kill()
            taker.wait()

    def log(self):
        with open(os.path.join(self.scratch, "log"), "rb") as file:
            return file.read()[-3000:].decode(errors="replace")

    def evidence(self):
        """Who does what, for a report of a hang."""
        about = "\n".join(map(processes.about, processes.marked(self.token)))
        if shutil.which("gdb") is None:
            return about
        stacks = subprocess.run(["timeout", "30", "gdb", "-batch", "-ex", "thread apply all bt 15", "-p", str(self.session.pid)],
                                capture_output=True, text=True, check=False)
        return f"{about}\n{stacks.stdout[-6000:]}\n{self.log()}"

    def close(self):
        """Nothing of the program stays, however it ended."""
        if self.act:
            self.act.undo()
        for pid in processes.marked(self.token):
            processes.send(pid, "SIGKILL")
        self.gone()
        self.session.poll()
        self.dialogue.close()
        self.disk.close()
        for group in self.groups:
            group.close()
        if machine.inside():
            for name in machine.segments():
                os.unlink(os.path.join(machine.SHM, name))
