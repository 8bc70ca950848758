"""What is done to the processes of a chaos program in one call: a fault of faults.py, at its moment, and undone when its time is over."""
import os
import time

import faults
import machine
import processes


class Act:
    """One fault in one call."""

    def __init__(self, program, fault, elements):
        self.program, self.fault, self.random = program, fault, program.random
        # How often it was done; when the session was interrupted; what to undo; nodes that were killed; who has a dead worker's id.
        self.count, self.signalled_at, self.undoing, self.nodes, self.taker = 0, None, [], [], None
        in_fun = fault is not None and fault.hits in ("FUN", "pages")
        self.in_fun = fault.act.replace(" ", "_") if in_fun else "none"
        # Most faults of workers wait for FUN to begin at an element, others for the call.
        at_element = fault is not None and fault.trait == "touch" and (in_fun or fault.act == "reuse" or self.random.random() < 0.7)
        self.element = self.random.randint(1, elements) if at_element else 0
        # From some microseconds to half a second.
        self.delay = int(10 ** self.random.uniform(1, 5.7))
        self.moment = f"{self.delay} us after {f'element {self.element}' if at_element else 'it'} began"
        self.at_element = at_element
        # An end of the session comes in the call, or when that is over.
        self.when_idle = fault is not None and faults.GONE in fault.ends and self.random.random() < 0.3
        if self.when_idle:
            self.moment = "when the session is idle"

    def begun(self):
        """The call has begun."""
        if self.fault is None or self.at_element or self.when_idle or self.in_fun != "none":
            # What the session itself does in between is not told.
            if self.in_fun.startswith("mclapply"):
                self.count = 1
            return
        self.program.later(self.delay / 1e6, self.do)

    def hear(self, line):
        words = line.split()
        if words[0] == "@element" and self.at_element:
            if self.fault.hits == "FUN":
                self.count = 1
            elif self.count == 0:
                self.at_element = False
                delay = min(self.delay, 40000)
                self.program.later(delay / 1e6, lambda: self.do(int(words[2])))
        elif words[0] == "@resolved":
            self.unlink()
            self.program.order("go")

    def do(self, pid=None):
        """The fault."""
        kind = {"freeze": self.freeze, "fill disk": self.fill_disk, "reuse": lambda: self.reuse(pid)}.get(self.fault.act)
        if kind:
            return kind()
        return self.signal(pid)

    # Signals.

    def signal(self, pid):
        program, fault = self.program, self.fault
        session = program.session.pid
        if fault.hits == "session":
            found = [session]
        elif pid:
            found = [pid]
        else:
            found = processes.of_role(program.token, session, fault.hits.removesuffix("s"))
        if not found:
            # It may be on its way.
            return program.later(0.003, self.do)
        if fault.hits != "workers":
            found = [self.random.choice(found)]
        for one in found:
            if fault.act == "SIGINT":
                self.signalled_at = time.monotonic()
            if processes.send(one, fault.act):
                self.count += 1
                if fault.hits == "node" and fault.act != "SIGSTOP":
                    self.nodes.append(one)
                # R's handler of a crash may wait for ever for a lock of the memory that it interrupted; its user ends it then.
                if one == session and fault.act == "SIGSEGV":
                    program.later(3, lambda: processes.send(session, "SIGKILL"))
                if fault.act == "SIGSTOP" and fault.seconds:
                    self.stopped(one)
        if self.count < fault.times:
            program.later(self.random.uniform(0.01, 0.15), self.do)
        return None

    def stopped(self, pid):
        """It goes on after a while. Time in which the session was stopped does not count."""
        since = time.monotonic_ns()

        def go_on():
            processes.send(pid, "SIGCONT")
            if pid == self.program.session.pid:
                self.program.idle_ns += time.monotonic_ns() - since

        self.for_a_while(go_on)

    def for_a_while(self, undo):
        """Undone when its time is over, or the call."""
        def once():
            if once in self.undoing:
                self.undoing.remove(once)
                undo()

        self.undoing.append(once)
        self.program.later(self.random.uniform(0.05, self.fault.seconds), once)

    def undo(self):
        for undo in list(self.undoing):
            undo()
        if self.taker:
            self.taker.kill()
            self.taker.wait()
            self.taker = None

    # Other faults.

    def freeze(self):
        since = time.monotonic_ns()
        self.program.freezer.set("freezer.state", "FROZEN")
        self.count = 1

        def thaw():
            self.program.freezer.set("freezer.state", "THAWED")
            self.program.idle_ns += time.monotonic_ns() - since

        self.for_a_while(thaw)

    def fill_disk(self):
        """For the rest of the call."""
        self.program.disk.fill(self.random.randint(0, 4 << 20))
        self.count = 1

        def once():
            self.undoing.remove(once)
            self.program.disk.empty()

        self.undoing.append(once)

    def unlink(self):
        """All pages of the session lose their names; counter 0 is its lock's."""
        for name in machine.segments():
            if name.startswith("memshare-s") and not name.endswith("aaaaaaa"):
                os.unlink(os.path.join(machine.SHM, name))
                self.count += 1

    def reuse(self, pid):
        """A worker ends while the session cannot see that, and another process gets its id."""
        session = self.program.session.pid
        processes.send(session, "SIGSTOP")
        since = time.monotonic_ns()
        processes.send(pid, "SIGKILL")
        end = time.monotonic() + 2
        while os.path.exists(f"/proc/{pid}") and time.monotonic() < end:
            time.sleep(0.005)
        if not os.path.exists(f"/proc/{pid}"):
            self.taker = machine.take_id(pid, ["sleep", "1000"])
        self.count = int(self.taker is not None)
        processes.send(session, "SIGCONT")
        self.program.idle_ns += time.monotonic_ns() - since

    def hit_another(self):
        """Whether the process that has a dead worker's id was signalled."""
        return self.taker is not None and processes.state(self.taker.pid) != "S"
