#!/usr/bin/env python3
"""Runs the tests that compute, once under each set of kernels that this CPU can play.

    every_kernel.py [--build build/release] [--all] [--ctest] [--jobs N]

LibTorch computes with ATen's own kernels, oneDNN's and MKL's. Each chooses by the CPU, and each can
be told by a variable to play a lesser one; so can OpenCV and the C library. By default each
variable is set apart, then they are set together; the goldens are made with one thread and with two
in each. Prints what failed, how far the results are from diffusers', and the mildest of the planted
mistakes; exit 1 where a test failed. --all tries every combination of ATen's, oneDNN's and MKL's
variables instead, on the goldens and the planted mistakes alone. --ctest runs the whole suite
under the extreme ones, where worker processes have one thread and two.
"""
import argparse
import concurrent.futures
import itertools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ATEN, ONEDNN, MKL = "ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "MKL_CBWR"
VALUES = {
    ATEN: ["default", "avx2", "avx512"],
    ONEDNN: ["SSE41", "AVX", "AVX2", "AVX512_CORE"],
    MKL: ["COMPATIBLE", "SSE4_2", "AVX", "AVX2", "AVX512"],
    "MKL_ENABLE_INSTRUCTIONS": ["SSE4_2", "AVX", "AVX2", "AVX512"],
    "OPENCV_CPU_DISABLE": ["SSE4.1,SSE4.2,AVX,FP16,AVX2,FMA3"],
    "GLIBC_TUNABLES": ["glibc.cpu.hwcaps=-AVX512F,-AVX2,-FMA,-FMA4"],
}
LEVELS = [{ATEN: "default", ONEDNN: "SSE41", MKL: "SSE4_2", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2"},
          {ATEN: "default", ONEDNN: "AVX", MKL: "AVX", "MKL_ENABLE_INSTRUCTIONS": "AVX"},
          {ATEN: "avx2", ONEDNN: "AVX2", MKL: "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"},
          {ATEN: "avx512", ONEDNN: "AVX512_CORE", MKL: "AVX512",
           "MKL_ENABLE_INSTRUCTIONS": "AVX512"}]
LOWEST = {name: values[0] for name, values in VALUES.items()}
COMPUTING = ["reference/reference_test", "metrics/metrics_test", "io/io_test", "bench/score_test",
             "pipeline/half_product_test", "pipeline/half_layers_test", "pipeline/half_attention_test",
             "pipeline/cpu_backend_test", "pipeline/weights_test"]
GOLDENS = "*Goldens*:*Modules*:*PlantedMistakes*:*TraceOfAPicture*"


def playable(setting):
    """ATen obeys blindly, the others take as much as there is."""
    if setting.get(ATEN) not in ("avx2", "avx512"):
        return True
    flag = {"avx2": "avx2", "avx512": "avx512bw"}[setting[ATEN]]
    return re.search(rf"^flags\b.*\b{flag}\b", pathlib.Path("/proc/cpuinfo").read_text(), re.M)


def with_threads(settings, counts):
    return [{**setting, "OMP_NUM_THREADS": n, "MKL_NUM_THREADS": n}
            for setting in settings for n in counts]


def settings_to_try(everything):
    if everything:
        choices = [[(name, value) for value in [None, *VALUES[name]]]
                   for name in (ATEN, ONEDNN, MKL)]
        return [{k: v for k, v in choice if v} for choice in itertools.product(*choices)]
    apart = [{name: value} for name, values in VALUES.items() for value in values]
    pairs = [{name: LOWEST[name] for name in names}
             for names in itertools.combinations((ATEN, ONEDNN, MKL), 2)]
    return [{}, *apart, *with_threads([{}], "12"), *pairs, *LEVELS, *with_threads([LOWEST], "12")]


def text_of(setting):
    if not setting:
        return "nothing set"
    count = setting.get("OMP_NUM_THREADS")
    threads = {None: [], "1": ["one thread"]}.get(count, [f"{count} threads"])
    if all(setting.get(name) == value for name, value in LOWEST.items()):
        return ", ".join(["all at their lowest", *threads])
    words = [f"{k}={v}" for k, v in setting.items() if not k.endswith("_NUM_THREADS")]
    return " ".join(words + threads)


def environment(setting):
    clean = {k: v for k, v in os.environ.items()
             if k not in VALUES and not k.endswith("_NUM_THREADS")}
    kept = {"SAMESEED_KEEP_ENV": ",".join(setting)} if setting else {}  # else no worker would see them
    return {**clean, "GOMP_SPINCOUNT": "2000", **kept, **setting}


class Outcome:
    """What the tests of one setting said: failed ones, deviations, planted mistakes."""

    def __init__(self):
        self.tests, self.failed, self.deviations, self.mistakes = 0, [], {}, {}

    def read(self, report):
        for suite in report["testsuites"]:
            for test in suite["testsuite"]:
                self.tests += 1
                if test.get("failures"):
                    self.failed.append(f"{suite['name']}.{test['name']}")
                for name, value in test.items():
                    if isinstance(value, str) and re.fullmatch(r"\S+ of \S+e\S+", value):
                        self.note(suite["name"], test["name"], name,
                                  *map(float, value.split(" of ")))

    def note(self, suite, test, name, value, limit):
        if suite.endswith("PlantedMistakes"):
            self.mistakes.setdefault(test.split("/")[-1], {})[name] = (value, value / limit)
        elif not suite.endswith("LastBits"):  # which are no kernel's
            kind = name if suite.endswith("Goldens") else suite.split("/")[-1]
            self.deviations[kind] = max(self.deviations.get(kind, (0, 0)),
                                        (value, value / limit if limit else 0))


def built(build):
    return [program for program in COMPUTING if (build / "tests" / program).exists()]


def run(build, setting, everything):
    outcome = Outcome()
    for program in COMPUTING[:1] if everything else built(build):
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            command = [build / "tests" / program, f"--gtest_output=json:{file.name}"]
            if everything:
                command.append("--gtest_filter=" + GOLDENS)
            done = subprocess.run(command, env=environment(setting), capture_output=True, text=True,
                                  errors="replace", cwd=(build / "tests" / program).parent)
            text = pathlib.Path(file.name).read_text()
            if text:
                outcome.read(json.loads(text))
            if done.returncode != 0 and not outcome.failed:
                outcome.failed.append(f"{program}: exit {done.returncode} {done.stderr[-200:]}")
    return outcome


def short(outcome, name):
    return "%.1e" % outcome.deviations.get(name, (0, 0))[0]


def row(setting, outcome):
    share, kind = max((share, kind) for kind, (_, share) in outcome.deviations.items())
    mildest = min(times for values in certain(outcome).values() for _, times in values.values())
    cells = [text_of(setting), f"{outcome.tests}, {len(outcome.failed)}", short(outcome, "latents"),
             short(outcome, "noise_pred_first"), short(outcome, "noise_pred_last"),
             short(outcome, "image"), short(outcome, "prompt_embeds"), short(outcome, "Modules"),
             f"{share:.2f} ({kind})", f"{mildest:.1f}"]
    return "| " + " | ".join(cells) + " |"


def certain(outcome):
    """Without those that whole pictures are not asked to find."""
    return {k: v for k, v in outcome.mistakes.items() if not k.endswith("Epsilon")}


def print_mistakes(outcomes):
    print("\n| planted mistake | deviation, over pictures and settings |\n|---|---|")
    for name in outcomes[0].mistakes:
        values = [v for o in outcomes for v, _ in o.mistakes.get(name, {}).values()]
        print(f"| {name} | {min(values):.1e} … {max(values):.1e} |")


def run_whole_suite(build, settings):
    failed = 0
    for setting in settings:
        done = subprocess.run(["ctest", "-j2", "--test-dir", build], env=environment(setting),
                              capture_output=True, text=True, errors="replace")
        failed += done.returncode != 0
        lines = [line.strip() for line in done.stdout.splitlines()
                 if "tests passed" in line or "***" in line or "Total Test time" in line]
        print(text_of(setting), *lines, sep="\n    ", flush=True)
    return failed


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/release"))
    p.add_argument("--all", action="store_true", help="every combination, on the goldens alone")
    p.add_argument("--ctest", action="store_true", help="the whole suite, under the extremes")
    p.add_argument("--jobs", type=int, default=1, help="settings that are tried side by side")
    args = p.parse_args()
    build = args.build.resolve()
    if args.ctest:
        sys.exit(1 if run_whole_suite(build, with_threads([LOWEST, {}], "12")) else 0)

    for program in COMPUTING:
        if program not in built(build):
            print("left out, not built:", program)
    settings = settings_to_try(args.all)
    for setting in settings:
        if not playable(setting) and not args.all:
            print("left out, this CPU cannot play it:", text_of(setting))
    settings = [setting for setting in settings if playable(setting)]
    print("| setting | tests, failed | latents | first prediction | last prediction | picture | "
          "embeddings | modules | largest share of a limit | mildest mistake, in limits |\n"
          "|---|---|---|---|---|---|---|---|---|---|")
    outcomes = []
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        results = pool.map(lambda setting: run(build, setting, args.all), settings)
        for setting, outcome in zip(settings, results):
            outcomes.append(outcome)
            print(row(setting, outcome) if outcome.deviations else text_of(setting), flush=True)
            print("".join(f"    FAILED {name}\n" for name in outcome.failed), end="", flush=True)
    print_mistakes(outcomes)
    sys.exit(1 if any(outcome.failed for outcome in outcomes) else 0)


if __name__ == "__main__":
    main()
