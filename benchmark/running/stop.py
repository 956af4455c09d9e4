"""What the user and the system ask of a sweep by signals."""

import signal
import threading
from types import FrameType
from typing import Any, Self


class Stop:
    """Takes notice of signals: Ctrl-C lets running cells finish, a second one or SIGTERM ends them.

    Signals never break into what is done, such as writing a record; whoever works asks here in between.

    Attributes:
        asked: the first signal, 0 if none came.
        at_once: whether running cells are to be ended.
    """

    def __init__(self) -> None:
        self.asked, self.at_once = 0, False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # no other may
            self._before = {number: signal.signal(number, self._hear) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _hear(self, number: int, _: FrameType | None) -> None:
        self.at_once = self.at_once or bool(self.asked) or number == signal.SIGTERM
        self.asked = self.asked or number
