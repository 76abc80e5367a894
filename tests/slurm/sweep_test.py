#!/usr/bin/env python3
"""bench/slurm/submit on a real Slurm: shards that are killed or stopped, and submitted again.

sweep_test.py SUBMIT FOLDER_OF_SAMESEED; 77 where there is no Slurm.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

from one_node_slurm import OneNodeSlurm, Unavailable, eventually, kill, processes

SKIPPED = 77
# Three settings, so that each of three shards holds one comparison's blocks: some seconds each, to be stopped in the middle.
MATRIX = {
    "schema": "sameseed/matrix/1",
    "name": "three",
    "axes": {"candidate.request.guidance": [4, 5, 6]},
    "reference": {"engine": "null"},
    "candidate": {"engine": "null"},
    "requests": {"prompts": ["a red apple on a white background"], "seeds": [0, 1],
                 "size": "64x64", "steps": 4},
    "timing": {"warmup": 0, "blocks": 1000},
}
# What differs between two runs of one plan: times, and who made it when.
FLEETING = {"run", "workers", "speed", "repeat", "peak_memory", "timings_ms", "wall_ms", "warm_ups_ms", "start",
            "worker", "slot", "log_tail", "invalid", "cpu", "invalid_blocks", "timed_samples"}


def lasting(value):
    if isinstance(value, dict):
        return {key: lasting(inner) for key, inner in value.items() if key not in FLEETING}
    return [lasting(inner) for inner in value] if isinstance(value, list) else value


def lines(file):
    return file.read_text().splitlines() if file.exists() else []


def newest_records(run):
    records = (json.loads(line) for line in lines(run / "records.jsonl"))
    return {one["sample"]: lasting(one) for one in records if one["type"] == "sample"}


def report(run):
    return json.loads((run / "report.json").read_text())


def check(right, what):
    if not right:
        raise AssertionError(what)


def check_sweep(slurm, submit, folder):
    def run(*command):
        done = subprocess.run(command, env=slurm.environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        print(f"$ {' '.join(map(str, command))}\n{done.stdout}-> {done.returncode}", flush=True)
        return done.returncode, done.stdout

    matrix, sweep, merged = folder / "three.json", folder / "sweep", folder / "sweep/merged"
    matrix.write_text(json.dumps(MATRIX))
    command = (submit, matrix, "--out", sweep, "--shards", "3")

    # Held jobs stay in the queue: a second submission must not come beside them.
    code, _ = run(*command, "--", "--hold")
    check(code == 0, "the sweep could not be submitted")
    code, text = run(*command)
    check(code == 1 and "in the queue" in text, "a sweep was submitted beside itself")
    code, text = run(submit, matrix, "--out", folder / "sweep", "--shards", "3", "--", "--array=1-9")
    check(code == 1 and "follows from --shards" in text, "an array of the user's was taken")
    slurm.output("scancel", f"--name=sameseed:{sweep}")
    check(eventually(lambda: not slurm.output("squeue", "--noheader"), 10), "jobs stay in the queue")
    code, text = run(submit, matrix, "--out", sweep, "--shards", "4")
    check(code == 1 and "sweep of 3 shards" in text, "the number of shards could be changed")

    # Shard 2 is killed in the middle; shard 3 is told to stop, as before its time limit.
    def in_the_middle(shard):
        return len(lines(sweep / f"shards/{shard}-of-3/records.jsonl")) > 100

    code, text = run(*command)
    check(code == 0, "the sweep could not be submitted")
    job, merge = (int(re.search(f"{what} (\\d+)", text)[1]) for what in ("as job", "merge job is"))
    check(eventually(lambda: in_the_middle(2), 20), "shard 2 did not begin")
    kill(processes(**slurm.mark, SLURM_ARRAY_TASK_ID="2"))
    check(eventually(lambda: in_the_middle(3), 20), "shard 3 did not begin")
    slurm.output("scancel", "--batch", "--signal=TERM", f"{job}_3")
    check(eventually(lambda: not slurm.output("squeue", "--noheader"), 60, pause=0.2), "no end in sight")
    check("ExitCode=7:0" in slurm.output("scontrol", "show", "job", str(merge)),
          "a sweep without two shards' ends was not reported with code 7")
    check(any("stopped as asked" in line for line in lines(sweep / f"logs/shard-3-job-{job}.log")),
          "shard 3 did not stop of itself")
    missing = [one for one in report(merged)["failures"] if one["kind"] == "missing"]
    check(missing, "the report shows nothing as missing")
    finished = lines(sweep / "shards/1-of-3/records.jsonl")

    # Submitted again, it goes on and ends as if nothing had been: as the unsharded run that is made meanwhile.
    whole = subprocess.Popen(("sameseed", "run", matrix, "--out", folder / "whole", "--quiet"),
                             env=slurm.environment, stdout=subprocess.DEVNULL)
    code, _ = run(*command, "--wait")
    check(code == 0, "the sweep did not come to its end")
    later = lines(sweep / "shards/1-of-3/records.jsonl")
    check(later[:len(finished)] == finished, "shard 1 lost its records")
    # A busy machine makes times invalid, and these are taken again.
    taken_again = {record["sample"] for record in map(json.loads, finished) if record.get("invalid")}
    blocks = {(record["comparison"], record["block"]) for record in map(json.loads, finished) if record.get("sample") in taken_again}
    for record in map(json.loads, later[len(finished):]):
        check(record["type"] != "sample" or (record["comparison"], record["block"]) in blocks, "shard 1 was made twice")
    check(whole.wait() == 0, "the unsharded run failed")
    check(newest_records(merged) == newest_records(folder / "whole"), "the merged records differ")
    check(lasting(report(merged)) == lasting(report(folder / "whole")), "the merged report differs")


def main():
    submit, programs = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="sameseed-slurm-") as name:
        folder = pathlib.Path(name)
        try:
            slurm = OneNodeSlurm(folder, cpus=3)
            with slurm:
                slurm.environment["PATH"] = f"{programs}:{slurm.environment['PATH']}"
                check_sweep(slurm, submit, folder)
        except Unavailable as reason:
            print(f"skipped: {reason}")
            return SKIPPED
        except BaseException:
            for log in sorted(folder.glob("*.out")) + sorted(folder.glob("sweep/logs/*")):
                print(f"== {log.name}", *lines(log)[-20:], sep="\n")
            raise
    return 0


if __name__ == "__main__":
    sys.exit(main())
