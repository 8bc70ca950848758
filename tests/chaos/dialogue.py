"""The words between a session and its driver, a line each, over two FIFOs in a directory."""
import os
import select


class Dialogue:
    """The driver's side."""

    def __init__(self, directory):
        self.directory, self.buffer, self.heard = directory, b"", []
        for name in ("said", "orders"):
            os.mkfifo(os.path.join(directory, name))
        self.said = os.open(os.path.join(directory, "said"), os.O_RDWR | os.O_NONBLOCK)
        self.orders = os.open(os.path.join(directory, "orders"), os.O_RDWR)

    def order(self, *words):
        os.write(self.orders, (" ".join(map(str, words)) + "\n").encode())

    def line(self, seconds):
        """The next line that is said within so many seconds, or None."""
        if not self.heard and select.select([self.said], [], [], max(seconds, 0))[0]:
            self.buffer += os.read(self.said, 65536)
            *lines, self.buffer = self.buffer.split(b"\n")
            self.heard += [line.decode(errors="replace") for line in lines]
        return self.heard.pop(0) if self.heard else None

    def close(self):
        for fd in (self.said, self.orders):
            os.close(fd)
