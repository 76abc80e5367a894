#!/usr/bin/env python3
"""bench/slurm/submit where the jobs go to another cluster: every command of Slurm asks that one.

clusters_test.py SUBMIT FOLDER_OF_SAMESEED. Slurm's commands are stand-ins that write down how they are called:
two clusters want an accounting database, which no test machine has.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

from sweep_test import MATRIX, check
import json

# sbatch answers as Slurm does with --parsable: JOB, or JOB;CLUSTER where a cluster was named.
SBATCH = """#!/bin/bash
printf 'sbatch %s\\n' "$*" >>"$CALLS"
case "$*" in
  *merge.sbatch*) [ -z "${NO_MERGE:-}" ] || exit 1; job=702 ;;
  *) job=701 ;;
esac
printf '%s%s\\n' "$job" "${ANSWER:-}"
"""
SQUEUE = """#!/bin/bash
printf 'squeue %s\\n' "$*" >>"$CALLS"
printf '%s' "${QUEUE:-}"
"""
SCANCEL = """#!/bin/bash
printf 'scancel %s\\n' "$*" >>"$CALLS"
"""
# How the cluster is named: options after --, variables; what all commands must then name.
WAYS = [
    (["-M", "other"], {}, "other"),
    (["-Mother"], {}, "other"),
    (["--clusters", "other"], {}, "other"),
    (["--clusters=other"], {}, "other"),
    (["--cluster=other"], {}, "other"),  # Slurm takes what is unambiguous
    (["-p", "gpu", "-M", "first", "-M", "other"], {}, "other"),  # the last one counts
    ([], {"SBATCH_CLUSTERS": "other"}, "other"),
    ([], {"SLURM_CLUSTERS": "other"}, "other"),
    (["-M", "other"], {"SLURM_CLUSTERS": "first"}, "other"),
]


class Desk:
    """A folder with the stand-ins on PATH."""

    def __init__(self, submit, programs, folder):
        self.submit, self.folder = submit, pathlib.Path(folder)
        for name, text in (("sbatch", SBATCH), ("squeue", SQUEUE), ("scancel", SCANCEL)):
            (self.folder / name).write_text(text)
            (self.folder / name).chmod(0o755)
        (self.folder / "m.json").write_text(json.dumps(MATRIX))
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(("SLURM", "SBATCH", "SQUEUE"))}
        self.environment["PATH"] = f"{folder}:{programs}:{self.environment['PATH']}"
        self.environment["CALLS"] = str(self.folder / "calls")

    def go(self, options, **variables):
        """Submits; the exit code, what was said, and the calls of Slurm's commands."""
        (self.folder / "calls").write_text("")
        done = subprocess.run(
            [self.submit, self.folder / "m.json", "--out", self.folder / "sw", "--shards", "2", "--", *options],
            env={**self.environment, **variables}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout, (self.folder / "calls").read_text().splitlines()


def of(command, calls):
    return [one for one in calls if one.startswith(command + " ")]


def check_names(cluster, calls, said, what):
    for one in of("squeue", calls) + of("scancel", calls):
        check(f"--clusters={cluster}" in one.split(), f"{what}: {one}")
    merge = of("sbatch", calls)[-1].split()
    named = [word for word in merge if word.startswith("--clusters=")]
    check(named and named[-1] == f"--clusters={cluster}", f"{what}: the merge job goes elsewhere: {merge}")
    for line in said.splitlines():
        if "squeue --" in line or "scancel --" in line:
            check(f"--clusters={cluster}" in line, f"{what}: {line}")


def main(submit, programs):
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(submit, programs, folder)
        for options, variables, cluster in WAYS:
            what = f"{options} {variables}"
            code, said, calls = desk.go(options, ANSWER=";other", **variables)
            check(code == 0 and of("squeue", calls) and "how it goes" in said, f"{what}: {code} {said}")
            check_names(cluster, calls, said, what)
            # Jobs of the last submission are about: they are there, and Slurm titles its list.
            code, said, calls = desk.go(options, QUEUE="CLUSTER: other\n701_1 RUNNING\n", **variables)
            check(code == 1 and "701_1 RUNNING" in said and "CLUSTER:" not in said and not of("sbatch", calls),
                  f"{what}: {code} {said}")
            check(f"scancel --clusters={cluster} " in said, f"{what}: {said}")
            # A title alone is no job.
            code, said, calls = desk.go(options, QUEUE="CLUSTER: other\n", ANSWER=";other", NO_MERGE="1",
                                        **variables)
            check(code == 1 and "the merge job could not be submitted" in said, f"{what}: {code} {said}")
            check(of("scancel", calls) == [f"scancel --clusters={cluster} 701"], f"{what}: {calls}")
        # Of several clusters Slurm takes the one that begins first, and says which.
        code, said, calls = desk.go(["-M", "first,other"], ANSWER=";other")
        check(code == 0, said)
        check("--clusters=first,other" in of("squeue", calls)[0], str(calls))
        check_names("other", of("sbatch", calls), said, "of several")
        # Without a cluster nothing names one.
        code, said, calls = desk.go(["-p", "gpu"])
        check(code == 0 and not any("cluster" in one for one in calls) and "cluster" not in said, f"{said} {calls}")


if __name__ == "__main__":
    main(*map(pathlib.Path, sys.argv[1:3]))
