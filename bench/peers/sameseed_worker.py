#!/usr/bin/env python3
"""Times images of one of our engines over the worker protocol, on the machine's first GPU.

    sameseed_worker.py --worker sameseed-worker-cuda --model DIR [--engine accelerated] [--size 1024x1024]
                       [--batch 1] [--steps 30] [--guidance 5] [--images 20] [--warmup 2] [--deepcache 3/0/0]
                       [--vae-precision fp16] [--linear fp8] [--fp8-fast-accumulation 1] [--cold] [--json FILE] [--turns]

Prints medians (least, most) in ms: full and partial steps, text, decode, what is made before the loop, end to end (all
between the text encoders and the decoded picture, as a peer's call of its pipeline with given embeddings; text, the copy back
and the PNG apart), what the first image took to search and capture, and peak device memory of a later image and of the first. The worker and its protocol
are those of the program; half accumulation is off unless the environment says otherwise. With --turns it measures once more
for each line that comes: it makes pictures until the GPU's clock is steady, then answers "turn: {times, joules a step}".
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

from gpu_power import Gpu, joules_a_step, settle


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--worker", required=True)
    p.add_argument("--model", required=True)
    p.add_argument("--engine", default="accelerated")
    p.add_argument("--size", default="1024x1024")
    p.add_argument("--batch", type=int, default=1, help="pictures made together; times are theirs together")
    p.add_argument("--steps", type=int, default=30)
    p.add_argument("--guidance", type=float, default=5.0)
    p.add_argument("--images", type=int, default=20)
    p.add_argument("--warmup", type=int, default=2)
    p.add_argument("--deepcache")
    p.add_argument("--precision", default="fp16")
    p.add_argument("--vae-precision", default="fp16")
    p.add_argument("--linear", choices=("fp16", "fp8", "fp8-tensor"), help="load.linear")
    p.add_argument("--fp8-fast-accumulation", type=int, choices=(0, 1), help="load.fp8_fast_accumulation")
    p.add_argument("--cold", action="store_true")
    p.add_argument("--json")
    p.add_argument("--turns", action="store_true")
    return p.parse_args()


class Worker:
    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **message):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"ok": False, "error": "the worker is gone"}
        if not answer["ok"]:
            sys.exit(f"sameseed_worker: {answer['error']}")
        return answer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def spread(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values), "n": len(values)}


def times_of(answers):
    times = [answer["timings_ms"] for answer in answers]
    steps = [(ms, full) for t in times for ms, full in zip(t["steps"], t["full"])]
    got = {"full_step_ms": spread([ms for ms, full in steps if full]), "decode_ms": spread([t["decode"] for t in times]),
           "text_ms": spread([t["text"] for t in times]),
           "prepare_ms": spread([t["total"] - t["text"] - sum(t["steps"]) - t["decode"] for t in times]),
           "end_to_end_ms": spread([t["total"] - t["text"] for t in times])}
    partial = [ms for ms, full in steps if not full]
    return {**got, "partial_step_ms": spread(partial)} if partial else got


def turn(worker, request, images, gpu):
    """No picture is written meanwhile: the GPU would wait for its PNG."""
    unwritten = {**request, "image": ""}
    got = {"settled": settle(lambda: worker.ask(**unwritten), gpu)} if gpu else {}
    got.update(times_of([worker.ask(**unwritten) for _ in range(images)]))
    if gpu:
        got["joules_a_step"] = joules_a_step(lambda steps: worker.ask(**{**unwritten, "steps": steps}), gpu, request["steps"])
    return got


def nvml():
    try:
        return Gpu()
    except OSError as problem:  # a worker on a CPU
        print(f"no clock and no energy: {problem}", file=sys.stderr)


def main():
    args = arguments()
    for name in ("CONV", "MATMUL", "ATTENTION"):
        os.environ.setdefault(f"ONEFLOW_{name}_ALLOW_HALF_PRECISION_ACCUMULATION", "0")
    with tempfile.TemporaryDirectory() as folder:
        noise = os.path.join(folder, "noise.safetensors")
        with Worker(args.worker, "noise") as worker:
            worker.ask(op="noise", model=args.model, seed=1, size=args.size, batch=args.batch,
                       precision=args.precision, out=noise)
        with Worker(args.worker, args.engine) as worker:
            loaded = worker.ask(op="load", model=args.model, precision=args.precision,
                                vae_precision=args.vae_precision, cold=args.cold, linear=args.linear,
                                fp8_fast_accumulation=args.fp8_fast_accumulation)
            request = dict(op="generate", prompt="a red apple on a table", seed=1, steps=args.steps,
                           guidance=args.guidance, size=args.size, batch=args.batch, noise=noise,
                           image=os.path.join(folder, "x.png"))
            if args.deepcache:
                request["deepcache"] = args.deepcache
            first = worker.ask(**request)
            answers = [worker.ask(**request) for _ in range(args.warmup + args.images)][args.warmup:]
            if args.turns:
                gpu = nvml()
                print("ready", flush=True)
                for _ in sys.stdin:
                    print("turn:", json.dumps(turn(worker, request, args.images, gpu)), flush=True)
    times = [answer["timings_ms"] for answer in answers]
    result = {"engine": args.engine, "size": args.size, "batch": args.batch, "steps": args.steps, "deepcache": args.deepcache,
              "load_ms": loaded["timings_ms"]["load"],
              "upload_gb_s": loaded.get("uploaded_bytes", 0) / 1e6 / max(loaded["timings_ms"].get("upload", 0), 1e-9),
              "engagement": loaded["engagement"], "machine": loaded["effective"].get("machine"),
              "first_image_ms": first["timings_ms"]["total"],
              "search_ms": first["engagement"].get("search_ms"), "capture_ms": first["engagement"].get("capture_ms"),
              **times_of(answers),
              "copy_ms": spread([t["copy"] for t in times]), "png_ms": spread([t["png"] for t in times]),
              "latents": sorted({answer["hashes"]["latents"] for answer in answers}),
              "peak_memory_gib": answers[-1]["peak_memory"] / 2**30,
              "first_peak_memory_gib": first["peak_memory"] / 2**30,  # with the capture of its graphs
              "choices": first["engagement"].get("choices")}
    for name, value in result.items():
        if isinstance(value, dict) and "median" in value:
            print(f"{name:16} {value['median']:9.3f}  ({value['least']:.3f} to {value['most']:.3f}, {value['n']})")
        elif name != "choices":
            print(f"{name:16} {value}")
    if args.json:
        with open(args.json, "w") as file:
            json.dump(result, file, indent=1)


if __name__ == "__main__":
    main()
