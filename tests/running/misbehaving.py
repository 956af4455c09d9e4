"""A plugin whose methods misbehave, each in its own way."""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

import torch

from benchmark.contracts import Baseline, Knob, Loss, token_nll

_NAME_PROCESS = 15  # PR_SET_NAME of prctl(2)


class Behaves(Baseline):
    """Teacher forcing; those below do something else first."""

    name, path = "behaves", "parallel"

    def loss(self, model, batch, ctx):
        nll = token_nll(model(batch.tokens), batch)
        return Loss(nll, nll.item())


class Raises(Behaves):
    """Raises an exception."""

    name = "raises"

    def loss(self, model, batch, ctx):
        raise KeyError("nothing here")


class Leaves(Behaves):
    """Asks Python to end."""

    name = "leaves"

    def loss(self, model, batch, ctx) -> Loss:
        sys.exit(3)


class NotANumber(Behaves):
    """Has a loss of NaN."""

    name = "not_a_number"

    def loss(self, model, batch, ctx):
        return Loss(token_nll(model(batch.tokens), batch) * float("nan"))


class Infinite(Behaves):
    """Has an infinite loss."""

    name = "infinite"

    def loss(self, model, batch, ctx):
        return Loss(token_nll(model(batch.tokens), batch) * float("inf"))


class DivergesLate(Behaves):
    """Is well until half of the training."""

    name = "diverges_late"

    def loss(self, model, batch, ctx):
        loss = super().loss(model, batch, ctx)
        return loss if ctx.progress < 0.5 else Loss(loss.objective * float("nan"))


class Hangs(Behaves):
    """Never comes back."""

    name = "hangs"

    def loss(self, model, batch, ctx):
        while True:
            time.sleep(1)


class HangsInC(Behaves):
    """Never comes back, and holds the interpreter's lock."""

    name = "hangs_in_c"

    def loss(self, model, batch, ctx):
        ctypes.PyDLL(None).sleep(1000)
        return super().loss(model, batch, ctx)


class IgnoresSignals(Behaves):
    """Never comes back, and ignores every signal that can be ignored."""

    name = "ignores_signals"

    def loss(self, model, batch, ctx):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGABRT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        while True:
            time.sleep(1)


class Exits(Behaves):
    """Takes its process along."""

    name = "exits"

    def loss(self, model, batch, ctx):
        os._exit(7)


class Segfaults(Behaves):
    """Reads where nothing is."""

    name = "segfaults"

    def loss(self, model, batch, ctx):
        ctypes.string_at(0)
        return super().loss(model, batch, ctx)


class IsKilled(Behaves):
    """Is killed, as by the system when memory runs out."""

    name = "is_killed"

    def loss(self, model, batch, ctx):
        os.kill(os.getpid(), signal.SIGKILL)
        return super().loss(model, batch, ctx)


class Exhausts(Behaves):
    """Asks for more memory than there is."""

    name = "exhausts"

    def loss(self, model, batch, ctx):
        raise MemoryError("a petabyte, please")


class Grows(Behaves):
    """Takes more and more memory, up to 8 GB that it does not touch."""

    name = "grows"

    def loss(self, model, batch, ctx):
        taken = [torch.empty(25 * 10**6) for _ in range(80)]
        raise AssertionError(f"nobody stopped it at {len(taken)} times 100 MB")


class Prints(Behaves):
    """Prints megabytes of garbage."""

    name = "prints"

    def loss(self, model, batch, ctx):
        for descriptor in (1, 2):
            for _ in range(10):
                os.write(descriptor, bytes(range(256)) * 4096)
        return super().loss(model, batch, ctx)


class Forks(Behaves):
    """Leaves children behind: one in its group and one that is a daemon, both of a given name."""

    name = "forks"
    mark = Knob(0, low=0, high=2**31, help="number in the name of the processes that are left behind")

    def loss(self, model, batch, ctx):
        for daemon in (False, True):
            if os.fork() == 0:
                if daemon:
                    os.setsid()
                    if os.fork():
                        os._exit(0)
                ctypes.CDLL(None).prctl(_NAME_PROCESS, f"left-{self.mark}".encode())
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                while True:
                    time.sleep(1)
        return super().loss(model, batch, ctx)


class WritesIntoTheStore(Behaves):
    """Writes into the folder `store` beside this file: something of its own, and over what others have written."""

    name = "writes_into_the_store"

    def loss(self, model, batch, ctx):
        records = Path(__file__).with_name("store") / "records"
        for other in records.rglob("*.json"):
            other.write_bytes(other.read_bytes()[:100])
        (records / "stray.json").write_text('{"status": "ok"}')
        (records / "stray.part").write_text("{")
        return super().loss(model, batch, ctx)


class Needy(Behaves):
    """Needs what not every task has."""

    name, needs = "needy", ("process",)

    def loss(self, model, batch, ctx):
        raise AssertionError("never called")
