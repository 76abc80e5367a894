#!/usr/bin/env python3
"""bench/kubernetes without Kubernetes: the manifests fit each other, and their pods' command lines run.

manifests_test.py FOLDER_OF_MANIFESTS FOLDER_OF_SAMESEED; 77 where PyYAML is missing. Against Kubernetes' own
schema they are checked by hand: pip install kubernetes-validate; kubernetes-validate --strict *.yaml
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import yaml
except ImportError:
    print("skipped: PyYAML is not installed (Debian: python3-yaml)")
    sys.exit(77)

MATRIX = {
    "schema": "sameseed/matrix/1",
    "name": "small",
    "axes": {"candidate.request.guidance": [4, 5]},
    "reference": {"engine": "null"},
    "candidate": {"engine": "null"},
    "requests": {"prompts": ["a red apple on a white background"], "seeds": [0], "size": "64x64", "steps": 4},
    "timing": {"warmup": 0, "blocks": 1},
}


def check(right, what):
    if not right:
        raise AssertionError(what)


def pod_of(job):
    return job["spec"]["template"]["spec"]


def containers_of(job):
    return pod_of(job).get("initContainers", []) + pod_of(job)["containers"]


def variables_of(container):
    return {one["name"]: one["value"] for one in container["env"]}


def check_structure(shards, merge):
    for job in (shards, merge):
        check((job["apiVersion"], job["kind"]) == ("batch/v1", "Job"), "not a Job")
        check(pod_of(job)["restartPolicy"] == "Never", "podFailurePolicy and a verdict need Never")
        volumes = {one["name"] for one in pod_of(job)["volumes"]}
        for container in containers_of(job):
            for mount in container["volumeMounts"]:
                check(mount["name"] in volumes, f"{container['name']}: no volume {mount['name']}")
    spec = shards["spec"]
    check(spec["completionMode"] == "Indexed", "the shards' Job has no index")
    check(spec["parallelism"] <= spec["completions"], "more pods than shards")
    environments = [variables_of(one) for one in containers_of(shards) + containers_of(merge)]
    check(all(one == environments[0] for one in environments), f"environments differ: {environments}")
    check(environments[0]["SHARDS"] == str(spec["completions"]), "SHARDS is not completions")
    names = {one["name"] for one in pod_of(shards)["containers"]}
    for rule in spec["podFailurePolicy"]["rules"]:
        if "onExitCodes" in rule:
            check(rule["onExitCodes"]["containerName"] in names, "a rule for no container")
    check(pod_of(shards)["volumes"] == pod_of(merge)["volumes"], "the Jobs' volumes differ")


def run_pod(job, machine, programs, index=None):
    """Runs a pod's containers one after the other as the kubelet would; the first exit code that is not 0."""
    for container in containers_of(job):
        variables = variables_of(container)
        if index is not None:
            variables["JOB_COMPLETION_INDEX"] = str(index)

        def on_this_machine(text):
            # The kubelet's own $(NAME), which it leaves alone where there is no such variable.
            text = re.sub(r"\$\((\w+)\)", lambda m: variables.get(m[1], m[0]), text)
            for mount in container["volumeMounts"]:
                text = re.sub(rf"(^|[\s\"'=]){mount['mountPath']}\b", rf"\1{machine}{mount['mountPath']}", text)
            return text

        check("$$" not in str(container["args"]), "the kubelet makes one $ of two")
        done = subprocess.run([on_this_machine(one) for one in container["command"] + container["args"]],
                              env={"PATH": f"{programs}:{os.environ['PATH']}",
                                   **{name: on_this_machine(text) for name, text in variables.items()}})
        if done.returncode != 0:
            return done.returncode
    return 0


def check_pods(shards, merge, machine, programs):
    (machine / "matrix").mkdir()
    (machine / "matrix/matrix.json").write_text(json.dumps(MATRIX))
    indices = range(shards["spec"]["completions"])
    check(run_pod(merge, machine, programs) == 7, "a merge of nothing passed")
    for index in indices[1:]:
        check(run_pod(shards, machine, programs, index) == 0, f"shard {index} failed")
    check(run_pod(merge, machine, programs) == 7, "a missing shard passed")
    report = json.loads((machine / "runs/sweep/merged/report.json").read_text())
    check(any(one["kind"] == "missing" for one in report["failures"]), "nothing is missing in the report")
    for index in indices:  # the others go on, and find that they are at their end
        check(run_pod(shards, machine, programs, index) == 0, f"shard {index} failed")
    check(run_pod(merge, machine, programs) == 0, "the whole did not pass")


def main():
    manifests, programs = sys.argv[1:]
    shards, merge = (yaml.safe_load((pathlib.Path(manifests) / f"{name}.yaml").read_text())
                     for name in ("shards", "merge"))
    check_structure(shards, merge)
    with tempfile.TemporaryDirectory(prefix="sameseed-kubernetes-") as machine:
        check_pods(shards, merge, pathlib.Path(machine), programs)


if __name__ == "__main__":
    main()
