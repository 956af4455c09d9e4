"""`ebb`: the commands, and what becomes of their errors."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from cyclopts import App, CycloptsError, Parameter
from cyclopts.config import Toml

import benchmark
from benchmark.cli.agreement import agreement
from benchmark.cli.board import board
from benchmark.cli.calibrate import calibrate
from benchmark.cli.check import check
from benchmark.cli.cite import cite
from benchmark.cli.claims import claims
from benchmark.cli.compare import compare
from benchmark.cli.explain import explain
from benchmark.cli.list import list_plugins
from benchmark.cli.new import new
from benchmark.cli.pack import pack
from benchmark.cli.plan import plan
from benchmark.cli.report import report
from benchmark.cli.run import run
from benchmark.cli.show import show
from benchmark.cli.status import status
from benchmark.cli.throughput import throughput
from benchmark.cli.trace import trace
from benchmark.cli.tune import tune
from benchmark.cli.verify import verify
from benchmark.errors import UsageError
from benchmark.reading import Refused, read_toml
from benchmark.reporting.escapes import plain

USAGE = 2
INTERRUPTED = 130

_HELP = """\
ebb, the exposure-bias benchmark: does a way of training sequence models help when the model lives on its own outputs?
"""

_EXAMPLES = """\
Examples:

    ebb run                        the quick suite: a leaderboard in < 10 min
    ebb run smoke                  does everything run?
    ebb run --tasks copycat_tagging --seeds 5 --updates 800
    ebb run --baselines scheduled_sampling:end=0.5,coin=sequence
    ebb run --plugin mine.py --baselines mine --baselines teacher_forcing
    ebb plan full --workers 64     how long a suite takes, and what it costs
    ebb status quick               which cells are done, failed, missing or stale; --why CELL
    ebb verify results/runs/quick --cells 3   do the results hold?
    ebb board results/runs/quick   print and write the leaderboard, its figure
    ebb report results/runs/quick  boards, figures and numbers for a paper
    ebb pack results/runs/mine     one archive, for others: ebb board DIR --with mine.zip
    ebb compare DIR --baseline reinforce   against teacher_forcing, paired by seed
    ebb explain copycat_tagging/gru/reinforce/s0   from its record to its rank
    ebb cite scheduled_sampling    BibTeX of a task, a method or the suite
    ebb list baselines             what there is, what is broken or missing
    ebb throughput                 parallel against step-wise training paths
    ebb trace RECORD.json          one example, from input to result
    ebb show copycat_tagging       a task: examples, controls, a picture
    ebb check copycat_tagging      does a task, baseline or model keep its promises?
    ebb new baseline my_method     a commented file that passes `ebb check`
    ebb tune scheduled_sampling    knobs and learning rate, on validation data
    ebb calibrate                  the instruments against known answers
"""

app = App(
    name="ebb",
    help=_HELP,
    help_epilogue=_EXAMPLES,
    help_format="plaintext",
    version=benchmark.__version__,
    default_parameter=Parameter(negative=()),
)
app.command(list_plugins, name="list")
app.command(run)
app.command(plan)
app.command(status)
app.command(verify)
app.command(board)
app.command(report)
app.command(compare)
app.command(claims)
app.command(agreement)
app.command(explain)
app.command(cite)
app.command(pack)
app.command(throughput)
app.command(calibrate)
app.command(show)
app.command(check)
app.command(new)
app.command(trace)
app.command(tune)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit: 0 all well, 1 some cell failed, 2 usage, 130 interrupted."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before anything imports torch
    sys.exit(execute(sys.argv[1:] if arguments is None else arguments))


def execute(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code."""
    try:
        if not arguments:
            app.help_print()
            return 0
        app.config = _configuration(arguments)
        result = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    except (UsageError, CycloptsError) as error:
        print(plain(f"ebb: {error}", lines=True), file=sys.stderr)
        print("Try `ebb --help`, or --help after a command.", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("ebb: interrupted", file=sys.stderr)
        return INTERRUPTED
    return result if isinstance(result, int) else 0


def _configuration(arguments: Sequence[str]) -> tuple[Toml, ...]:
    """Read the TOML file that --config names: options of `ebb run` as keys; flags override, unknown keys are errors."""
    for index, argument in enumerate(arguments):
        name, _, value = argument.partition("=")
        if name == "--config":
            path = Path(value or next(iter(arguments[index + 1 :]), ""))
            if not path.is_file():
                raise UsageError(f"there is no configuration file {str(path)!r}")
            try:
                read_toml(path)
            except (Refused, OSError) as error:
                raise UsageError(f"the configuration {path} cannot be read: {error}") from None
            return (Toml(path, use_commands_as_keys=False),)
    return ()
