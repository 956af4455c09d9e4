"""One cell by several processes, started as torchrun starts them."""

from dataclasses import replace

import torch
import torch.distributed as dist
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from benchmark.running.engines.engine import Terms
from benchmark.running.record import Record
from benchmark.running.worker import work


def work_on_ranks(cell_json: str, terms: Terms) -> str:
    """Run a cell on all ranks and return the record of the first, which says how many there were."""
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=terms.ranks,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=0,
        start_method="spawn",
    )
    record = Record.model_validate_json(elastic_launch(config, _work_as_rank)(cell_json, replace(terms, ranks=1))[0])
    return record.model_copy(update={"provenance": record.provenance | {"ranks": str(terms.ranks)}}).to_json()


def _work_as_rank(cell_json: str, terms: Terms) -> str:
    """Run a cell as one of its ranks; the first alone saves checkpoints and logs, which are the same for all."""
    gpus = torch.cuda.device_count()
    dist.init_process_group("nccl" if gpus else "gloo")
    if gpus:
        torch.cuda.set_device(dist.get_rank() % gpus)
    try:
        return work(cell_json, terms if dist.get_rank() == 0 else replace(terms, interval=float("inf"), logs=None))
    finally:
        dist.destroy_process_group()
