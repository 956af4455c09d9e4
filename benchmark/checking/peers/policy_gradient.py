"""REINFORCE with leave-one-out by TRL's trainer, on random symbols.

Axes: B batch, T time.
"""

import io
import tempfile
import time
import warnings
from contextlib import redirect_stdout
from importlib import import_module
from typing import Any

from torch import Tensor

from benchmark.checking.peers.libraries import gpt2
from benchmark.checking.peers.steps import Update

SAMPLES = 8  # of each input


def trl(tokens: Tensor, symbols: int, size: dict[str, Any]) -> dict[str, Update]:
    """An update from as many own sequences as tokens [B, T] has, `SAMPLES` an input; without a reference model.

    It times itself by the trainer's own marks of a step, so that setting up the trainer does not count.
    """
    rows, columns = tokens.shape
    rows -= rows % SAMPLES
    if rows == 0:
        return {}
    peers: Any = import_module("trl")
    model, tokenizer = gpt2(symbols + 1, columns + 1, size), _tokenizer(symbols)
    prompts = import_module("datasets").Dataset.from_dict({"prompt": ["start"] * rows})

    def reward(completions: list[str], **_: Any) -> list[float]:
        return [float(text.split().count("0")) for text in completions]

    def update() -> float:
        with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            settings = peers.RLOOConfig(
                output_dir=folder,
                per_device_train_batch_size=rows,
                num_generations=SAMPLES,
                max_steps=2,
                beta=0.0,
                max_completion_length=columns,
                generation_kwargs={"min_new_tokens": columns},
                steps_per_generation=1,
                gradient_checkpointing=False,
                use_cpu=True,
                bf16=False,
                report_to="none",
                save_strategy="no",
                logging_strategy="no",
                disable_tqdm=True,
            )
            marks = _marks()
            trainer = peers.RLOOTrainer(model, reward, settings, prompts, processing_class=tokenizer, callbacks=[marks])
            trainer.train()
        return marks.seconds[-1]

    return {"reinforce": update}


def _tokenizer(symbols: int) -> Any:
    """Words for symbols, the start and the end, which TRL insists on."""
    words = {str(symbol): symbol for symbol in range(symbols)} | {"start": symbols, "end": symbols + 1}
    peers: Any = import_module("tokenizers")
    made = peers.Tokenizer(peers.models.WordLevel(words, unk_token="start"))
    made.pre_tokenizer = peers.pre_tokenizers.Whitespace()
    return import_module("transformers").PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="start", unk_token="start", eos_token="end", padding_side="left"
    )


def _marks() -> Any:
    """A callback that keeps the CPU-seconds of each step."""

    class Marks(import_module("transformers").TrainerCallback):
        def __init__(self) -> None:
            self.seconds: list[float] = []

        def on_step_begin(self, *_: Any, **__: Any) -> None:
            self.began = time.process_time()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            self.seconds.append(time.process_time() - self.began)

    return Marks()
