"""Imported once by the server that forks the processes of cells: what each would take seconds to import or to read."""

import gc
import os
from contextlib import suppress

with suppress(Exception):  # what cannot be imported here is the cell's to report
    import scipy.stats  # noqa: F401
    import torch._dynamo  # noqa: F401  (by the first optimiser)

    from benchmark.running.engines.local import WARM_UP
    from benchmark.running.worker import plugins_of

    registry = plugins_of(())
    for name in filter(None, os.environ.get(WARM_UP, "").split(",")):
        with suppress(Exception):  # a plugin's task, or one whose data are missing
            registry.task(name).warm_up()
gc.freeze()  # else the first collection in each process would copy what they share
