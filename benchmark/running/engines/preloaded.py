"""Imported once by the server that forks the processes of cells: what each would take seconds to import otherwise."""

import gc
from contextlib import suppress

with suppress(Exception):  # what cannot be imported here is the cell's to report
    import scipy.stats  # noqa: F401
    import torch._dynamo  # noqa: F401  (by the first optimiser)

    from benchmark.running.worker import plugins_of

    plugins_of(())
gc.freeze()  # else the first collection in each process would copy what they share
