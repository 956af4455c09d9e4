"""`ebb explain` says what the board says, and its sums come out."""

import json
import re

import pytest

from benchmark.cli.main import execute
from benchmark.errors import UsageError
from benchmark.reporting.board import make_board
from benchmark.reporting.explanation import Step, explain, find_record
from benchmark.reporting.grouping import group_records
from benchmark.reporting.overall import overall
from benchmark.reporting.tables import to_markdown
from benchmark.running.record import Record
from benchmark.running.store import Store
from tests.factories import FACTS, make_cell, make_record

METHODS = {"teacher_forcing": 0.0, "reinforce": 0.06, "scheduled_sampling": -0.03, "mixer": 0.01}


def some_records() -> list[Record]:
    """Four methods on two tasks, of which one's metric is better lower; six seeds, of which one failed; an A/A row."""
    made = []
    for task, direction in (("copycat_tagging", "higher"), ("sorting", "lower")):
        facts = FACTS.model_copy(update={"direction": direction})
        for at, (method, shift) in enumerate(METHODS.items()):
            for seed in range(6):
                noise = 0.01 * ((seed * 7 + at * 3) % 5) + 0.02 * seed
                cell = make_cell(task, method, seed)
                made.append(make_record(cell, (0.8 + shift, 0.5 + noise, 0.2), facts))
        again = make_cell(task, "teacher_forcing", 0).model_copy(update={"replicate": 1})
        made.append(make_record(again, (0.8, 0.5, 0.2), facts))
    failed = next(r for r in made if r.cell.id.endswith("mixer/s2"))
    made[made.index(failed)] = Record(cell=failed.cell, status="timeout", reason="took longer than 1 s")
    return made


RECORDS = some_records()
NAMES = {record.cell.id: record for record in RECORDS if record.cell.seed in (0, 2)}


def steps_of(record: Record) -> dict[str, Step]:
    return {step.name: step for step in explain(RECORDS, record)}


def row_of(record: Record) -> dict:
    label = next(label for label, group in group_records(RECORDS) if record in group)
    place = record.cell.task.name, label
    return next(row for row in make_board(RECORDS) if (row["task"], row["baseline"]) == place)


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_is_that_of_the_board(name):
    record, row = NAMES[name], row_of(NAMES[name])
    steps = steps_of(record)
    for step in ("seeds", "contrast", "adjusted"):
        if step in steps:
            for figure, value in steps[step].figures.items():
                assert row[figure] == value, figure
    beside = [other["baseline"] for other in make_board(RECORDS) if other["task"] == row["task"]]
    assert beside[steps["position"].figures["position"] - 1] == row["baseline"]
    summary = {found["baseline"]: found for found in overall(group_records(RECORDS))}
    if steps["overall"].figures:
        assert steps["overall"].figures | {"baseline": row["baseline"]} == summary[row["baseline"]]
    else:
        assert record.cell.replicate


@pytest.mark.parametrize("name", NAMES)
def test_the_row_that_it_prints_is_the_row_that_the_board_prints(name):
    record = NAMES[name]
    shown = steps_of(record)["row"].figures
    part = to_markdown(make_board(RECORDS)).split(f"## {record.cell.task.name}")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith(f"| {shown['baseline']} |")]
    cells = [cell.strip() for line in lines for cell in line.strip("|").split("|")]
    assert set(cells) == set(shown.values())


def values_in(text: str) -> list[float]:
    return [float(value.replace(",", "")) for value in re.findall(r"-?\d[\d,]*\.?\d*(?:e-?\d+)?", text)]


@pytest.mark.parametrize("name", [name for name in NAMES if "again" not in name])
def test_the_sums_that_it_prints_come_out(name):
    steps = steps_of(NAMES[name])
    sums = [line for step in steps.values() for line in step.lines if re.match(r"(mean|gain) = \(", line)]
    assert sums
    for line in sums:
        terms, total = line.split(" = (")[1].split(") / ")
        count, mean = values_in(total)
        assert sum(map(float, terms.split(" + "))) / count == pytest.approx(mean, abs=1e-5)
    for line in (line for step in steps.values() for line in step.lines if "95 % interval" in line):
        mean, quantile, deviation, root, low, high = values_in(line.split("= ")[2] + line.split("= ")[3])
        assert (low, high) == pytest.approx(
            (mean - quantile * deviation / root, mean + quantile * deviation / root), abs=2e-5
        )
    if "adjusted" in steps and (adjusted := steps["adjusted"].figures["gain_p_adjusted"]) is not None:
        p, count, at, result = values_in(
            steps["adjusted"].lines[1].split("= ")[-2] + " " + steps["adjusted"].lines[1].split("= ")[-1]
        )
        assert result == pytest.approx(adjusted, rel=1e-5)
        assert p * count / at == pytest.approx(result, rel=1e-4)


def test_the_mean_rank_is_the_mean_of_the_ranks_that_it_prints():
    steps = steps_of(NAMES["sorting/gru/reinforce/s0"])
    line = next(line for line in steps["overall"].lines if line.startswith("mean rank"))
    ranks = [float(rank) for rank in re.findall(r"\): ([\d.]+)", line)]
    assert len(ranks) == 2
    assert sum(ranks) / 2 == steps["overall"].figures["mean_rank"]


def test_a_failed_cell_is_left_out_of_the_mean_and_counts_as_the_worst_over_all_tasks():
    steps = steps_of(next(record for record in RECORDS if record.status == "timeout"))
    assert "took longer than 1 s" in steps["record"].lines[0]
    assert any("left out: timeout" in line for line in steps["seeds"].lines)
    assert any("(timeout: the worst of the task)" in line for line in steps["overall"].lines)


def test_teacher_forcing_has_no_contrast_and_one_seed_no_interval():
    record = NAMES["sorting/gru/teacher_forcing/s0"]
    assert steps_of(record)["contrast"].lines[0].startswith("no contrast: this is teacher forcing")
    alone = {step.name: step for step in explain([record], record)}
    assert "one seed, so there is no interval" in alone["seeds"].lines
    assert "two methods and two tasks" in alone["overall"].lines[0]


def test_a_cell_that_is_not_there_and_one_that_is_there_twice_are_mistakes_of_usage():
    with pytest.raises(UsageError, match="did you mean 'sorting/gru/reinforce/s0'"):
        find_record(RECORDS, "sorting/gru/reinforced/s0")
    other = make_record(make_cell("sorting", "reinforce", 0, mix=0.5))
    twin = next(record for record in RECORDS if record.cell.id == other.cell.id)
    with pytest.raises(UsageError, match=f"2 records are called .*{other.cell.key[:12]}"):
        find_record([*RECORDS, other], other.cell.id)
    assert find_record([*RECORDS, other], other.cell.key[:8]) is other
    assert twin is not other


def test_a_cell_is_named_by_its_id_its_key_or_the_file_of_its_record(tmp_path, capsys):
    store = Store(tmp_path)
    paths = [store.save(record) for record in RECORDS]
    printed = []
    for name in (RECORDS[0].cell.id, RECORDS[0].cell.key[:10], str(paths[0])):
        where = [] if name == str(paths[0]) else ["--results", str(tmp_path)]
        assert execute(["explain", name, *where]) == 0
        printed.append(re.sub(r"\s+", "", capsys.readouterr().out))
    assert len(set(printed)) == 1
    assert execute(["explain", str(paths[0]), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert [step["name"] for step in content["steps"]] == [step.name for step in explain(RECORDS, RECORDS[0])]
    assert content["file"] == str(paths[0])
    aside = tmp_path / "aside.json"
    aside.write_text(paths[0].read_text())
    assert execute(["explain", str(aside)]) == 2
    assert "not below a folder `records`" in capsys.readouterr().err
