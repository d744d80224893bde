"""``run``, ``sweep`` and ``hot`` as a user types them: keys, files, exit codes, one-line errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from tests.engine.run_stores import MONDAY, TUESDAY, build, build_foreign, uneven_frame

from tickloom.cli.main import cli

FRAMES = {MONDAY: uneven_frame(MONDAY, 51), TUESDAY: uneven_frame(TUESDAY, 52)}
KEYS = {
    "kernel", "params", "fill", "partitions", "contracts", "rows", "rows_skipped", "trades", "pnl",
    "elapsed_s", "compile_s", "rows_per_s", "peak_rss_mb",
}  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("commands") / "store", FRAMES)


def tickloom(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tickloom", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=dict(os.environ))


def printed(*arguments: object) -> str:
    done = CliRunner().invoke(cli, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_json_has_the_documented_keys(store: Path) -> None:
    found = json.loads(printed("run", "ema-cross", store, "--param", "fast=3", "--json"))
    assert set(found) >= KEYS
    assert found["kernel"] == "ema-cross"
    assert found["params"] == {
        "fast": 3,
        "slow": 21,
        "max_spread": 0.0005,
        "min_volume": 1,
        "by_difference": False,
    }
    assert found["rows"] == sum(frame.height for frame in FRAMES.values())
    assert found["rows_per_s"] == pytest.approx(found["rows"] / found["elapsed_s"])
    assert found["peak_rss_mb"] > 10


def test_the_summary_is_for_people(store: Path) -> None:
    lines = printed("run", "ema-cross", store, "--param", "max_spread=0.05").splitlines()
    shown = dict(line.split(":", 1) for line in lines)
    rows = sum(frame.height for frame in FRAMES.values())
    assert shown["Total rows"].strip() == f"{rows:,}"
    assert {"Total trades", "Total PnL", "Elapsed", "Throughput"} <= set(shown)


def test_out_writes_totals_contracts_and_trades(store: Path, tmp_path: Path) -> None:
    printed("run", "ema-cross", store, "--param", "max_spread=0.05", "--out", tmp_path)
    totals = json.loads((tmp_path / "result.json").read_text())
    contracts = pl.read_parquet(tmp_path / "contracts.parquet")
    trades = pl.read_parquet(tmp_path / "trades.parquet")
    assert trades.height == contracts["trades"].sum() == totals["trades"] > 0
    assert trades["pnl"].sum() == pytest.approx(totals["pnl"])
    assert (trades["exit_time"] >= trades["entry_time"]).all()


def test_filters_and_costs_reach_the_run(store: Path) -> None:
    options = ["--param", "max_spread=0.05", "--from", "2025-08-05", "--strikes", "101:103"]
    plain = json.loads(printed("run", "ema-cross", store, *options, "--right", "PE", "--json"))
    rows = FRAMES[TUESDAY].filter(pl.col("strike").is_between(101, 103), opt_type="PE").height
    assert (plain["rows"], plain["partitions"], plain["contracts"]) == (rows, 1, 6)
    options += ["--right", "PE", "--costs", "fee=1,lot=10", "--json"]
    paid = json.loads(printed("run", "ema-cross", store, *options))
    assert paid["costs"] == 2 * paid["trades"] > 0
    assert paid["pnl"] == pytest.approx(10 * plain["pnl"] - paid["costs"])


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["run", "ema-cros", "STORE"], 2, "did you mean 'ema-cross'"),
        (["run", "ema-cross", "nowhere"], 2, "no store at nowhere"),
        (["run", "ema-cross", "FILE"], 2, "no store at FILE: it is a file; a store is a folder"),
        (["run", "ema-cross", "FILE/in"], 2, "no store at FILE/in: it does not exist"),
        (["info", "FILE"], 2, "no store at FILE: it is a file; a store is a folder"),
        (["run", "ema-cross", "STORE", "--param", "speed=1"], 2, "fast=5, slow=21"),
        (["run", "ema-cross", "STORE", "--param", "fast"], 2, "expected name=value"),
        (["run", "ema-cross", "STORE", "--param", "fast=x"], 2, "'fast'"),
        (["run", "ema-cross", "STORE", "--underlying", "FINNIFTY"], 2, "BANKNIFTY"),
        (["run", "ema-cross", "STORE", "--from", "2026-01-01"], 2, "2025-08-04 to 2025-08-05"),
        (["run", "ema-cross", "STORE", "--expiry", "2025-08-29"], 2, "2025-08-28"),
        (["run", "ema-cross", "STORE", "--strikes", "a:b"], 2, "50000:52000"),
        (["run", "ema-cross", "STORE", "--strikes", "100:"], 2, "50000:52000"),
        (["run", "ema-cross", "STORE", "--from", "1st May"], 2, "YYYY-MM-DD"),
        (["run", "ema-cross", "STORE", "--latency", "2.5"], 2, "like 3 (up to 1,000,000,000)"),
        (["run", "ema-cross", "STORE", "--latency", "-1"], 2, "like '250ms'"),
        (["run", "ema-cross", "STORE", "--fill", "touch", "--stale-ms", "nan"], 2, "found nan"),
        (["run", "ema-cross", "STORE", "--stale-ms", "5"], 2, "--fill touch or depth"),
        (["run", "ema-cross", "STORE", "--costs", "fee"], 2, "'fee=1.5,lot=75'; found 'fee'"),
        (
            ["run", "ema-cross", "STORE", "--param", "fast=2", "--param", "fast=3"],
            2,
            "give it once",
        ),
        (["run", "ema-cross", "STORE", "--executor", "gpu"], 2, "threads"),
        (["run", "ema-cross", "UNSORTED"], 1, "tickloom resort"),
        (["run", "ema-cross", "BIDLESS"], 2, "no column 'bp0'"),
        (["sweep", "ema-cross", "STORE"], 2, "--grid"),
        (["sweep", "ema-cross", "STORE", "--grid", "fast=5:3"], 2, "both ends included"),
        (["sweep", "ema-cross", "STORE", "--grid", "fast=1:1e12"], 2, "take larger steps"),
        (["sweep", "ema-cross", "STORE", "--grid", "fast=3", "--grid", "fast=4"], 2, "2 times"),
        (["sweep", "ema-cross", "STORE", "--grid", "fast=3", "--top", "0"], 2, "x>=1"),
        (["run", "ema-cross", "STORE", "--out", "FILE/out"], 2, "cannot write the results"),
        (["sweep", "ema-cross", "STORE", "--grid", "fast=3", "--out", "FILE/out"], 2, "FILE/out"),
        (["hot", "build", "STORE", "--columns", "bid"], 2, "unknown column 'bid'"),
    ],
)
def test_a_mistake_is_one_clear_line(
    store: Path,
    tmp_path: Path,
    arguments: list[str],
    status: int,
    message: str,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tickloom.cli.main import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "FILE").write_bytes(b"a file where a folder should be")
    shuffled = FRAMES[MONDAY].sample(fraction=1.0, shuffle=True, seed=1)
    places = {
        "STORE": store,
        "UNSORTED": build_foreign(tmp_path / "unsorted", {MONDAY: shuffled}),
        "BIDLESS": build_foreign(tmp_path / "bidless", {MONDAY: FRAMES[MONDAY].drop("bp0")}),
    }
    with pytest.raises(SystemExit) as ended:
        main([str(places.get(a, a)) for a in arguments])
    out, err = capfd.readouterr()
    assert ended.value.code == status
    assert out == ""
    assert message in err.replace("\n", " ")
    assert "Traceback" not in err


@pytest.mark.slow
def test_a_process_prints_one_object_and_nothing_else(store: Path) -> None:
    done = tickloom("run", "ema-cross", store, "--json", "--executor", "processes", "--workers", 2)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["executor"] == "processes"


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "threads"), [(1, 1), (400, os.cpu_count())])
def test_polars_has_as_many_threads_as_workers_and_no_more_than_cores(
    store: Path, workers: int, threads: int
) -> None:
    code = (
        "import sys\n"
        "from tickloom.cli.main import main\n"
        "try:\n"
        "    main(sys.argv[1:])\n"
        "finally:\n"
        "    import polars\n"
        "    print(polars.thread_pool_size(), file=sys.stderr)\n"
    )
    arguments = ["run", "ema-cross", str(store), "--workers", str(workers), "--json"]
    env = {k: v for k, v in os.environ.items() if k != "POLARS_MAX_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=env
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.split()[-1] == str(threads)
