"""Known answers of what an update asks of the memory; training in two phases keeps no graph of its roll-out."""

import pytest
import torch
import torch.nn.functional as F

from benchmark.checking.training_paths import prepare, training_updates
from benchmark.checking.work import peak_bytes, work_of
from benchmark.models.decode_attention import PAGE
from benchmark.models.prefix_states import KernelState
from tests.factories import MODELS


def test_a_product_reads_its_operands_and_writes_its_result():
    one, other = torch.ones(100, 200), torch.ones(200, 300)
    work = work_of(lambda: one @ other)
    assert work.bytes_moved == 4 * (100 * 200 + 200 * 300 + 100 * 300)
    assert work.peak_bytes == 4 * 100 * 300


def test_a_view_moves_nothing_and_what_is_given_back_is_not_held():
    tensor = torch.ones(100, 200)
    assert work_of(lambda: tensor.t()[3:].flatten(0, 0)).bytes_moved == 0

    def one_after_the_other() -> None:
        for _ in range(5):
            torch.empty(1000)

    assert peak_bytes(one_after_the_other) == 4000


def test_time_goes_to_the_kinds_of_work_that_were_done():
    one = torch.ones(600, 600)
    query = torch.ones(1, 2, 300, 16)
    products = work_of(lambda: one @ one).shares
    assert products["matrix products"] > 0.9
    assert work_of(lambda: F.scaled_dot_product_attention(query, query, query)).shares["attention"] > 0.8
    assert work_of(lambda: one.t().contiguous()).shares["copies"] > 0.8
    assert work_of(lambda: one.exp()).shares["element-wise and other"] > 0.9
    assert sum(products.values()) == pytest.approx(1)


def test_what_a_kernel_of_attention_reads_is_counted():
    def kernel(*arguments) -> None:
        return

    state = KernelState([torch.ones(4, 3, 2, 2, PAGE, 8)], torch.ones(2), read=9, kernel=kernel)
    qkv, original = torch.ones(3, 3, 2, 8), KernelState.attend
    moved = work_of(lambda: state.attend(0, qkv, None)).bytes_moved
    assert moved - work_of(lambda: torch.empty_like(qkv[:, 0])).bytes_moved == 4 * 3 * 2 * 10 * 2 * 8
    assert KernelState.attend is original


@pytest.mark.parametrize("model_class", MODELS)
def test_two_phases_hold_no_more_than_teacher_forcing_and_the_step_wise_loop_holds_more_and_more(model_class):
    held = {}
    for length in (16, 64):
        model, task, batch = prepare(model_class, length, 512 // length)
        updates = training_updates(model, task, batch)
        for path in ("teacher_forcing", "scheduled_sampling_two_phase", "scheduled_sampling_stepwise"):
            updates[path]()
            held[path, length] = peak_bytes(updates[path])
        assert held["scheduled_sampling_two_phase", length] <= 1.1 * held["teacher_forcing", length]
    if "heads" in model.knobs:  # as many tokens, four times the length
        assert held["scheduled_sampling_stepwise", 64] >= 2 * held["scheduled_sampling_stepwise", 16]
