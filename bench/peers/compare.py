#!/usr/bin/env python3
"""Our accelerated path beside diffusers on one GPU, in one go: the table of bench/gpu.md.

    compare.py --worker sameseed-worker-cuda --model SDXL [--diffusers FOLDER] [--out FOLDER] [--images 20] [--turns 3]

SDXL is a model of SDXL base's shapes (`sameseed seeded-model`). Measures the rate of pinned copies to the device, against
which the loading of weights is held, and diffusers eager. Then starts sameseed_worker.py in fp16 and in FP8 with fast sums,
without and with DeepCache 3/0/0, and sdxl_diffusers.py compiled and compiled_tuned, all six on the one card, and lets them
measure in turn, each when the GPU's clock is steady under its own work. A figure is the median of its turns; of the two compiled peers the faster one
counts, row by row.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# Fused roofline of a full step, and floor of a partial one with DeepCache 3/0/0, in ms (bench/gpu.md).
TEXT_ENCODERS_GIB = 1.635 / 1.0737  # in fp16; the peer runs without them, we with them
FLOORS = {"H200": (18.2, 0.79), "H100": (18.6, 0.851)}


class Program:
    """One of the scripts beside this one, which writes its figures at its end and measures a turn whenever it is told to."""

    def __init__(self, name, out, script, *arguments, turns=True):
        self.name, self.turns, self.path = name, [], os.path.join(out, f"{name}.json")
        self.process = subprocess.Popen([sys.executable, os.path.join(HERE, script), *arguments, "--json", self.path,
                                         *(["--turns"] if turns else [])],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ready(self):
        self.wait_for("ready")
        return self

    def wait_for(self, word):
        for line in self.process.stdout:
            print(line, end="", flush=True)
            if line.startswith(word):
                return line[len(word):]
        sys.exit(f"compare: {self.name} ended before its \"{word}\"")

    def turn(self):
        self.process.stdin.write("turn\n")
        self.process.stdin.flush()
        self.turns.append(json.loads(self.wait_for("turn:")))

    def end(self):
        self.process.stdin.close()
        with self.process.stdout as lines:
            for line in lines:
                print(line, end="", flush=True)
        if self.process.wait() != 0:
            sys.exit(f"compare: {self.name} failed")
        with open(self.path) as file:
            return json.load(file)


def take_turns(programs, turns):
    """One after another, and the other way round the next time."""
    for i in range(turns):
        for program in programs if i % 2 == 0 else reversed(programs):
            program.turn()


def over_turns(turns, key):
    """The median over the turns, of their own medians; None where some turn has none."""
    values = [turn.get(key) for turn in turns]
    if not values or None in values:
        return None
    return statistics.median(v["median"] if isinstance(v, dict) else v for v in values)


def rows_of(ours, peers, eager):
    """ours, peers: name -> turns; eager: its figures. (row, ours, theirs, whose, eager's, ratio)"""
    rows = []
    for row, name, key, mine in (
            ("UNet step, ms", "ours", "unet_step_ms", "full_step_ms"), ("VAE decode, ms", "ours", "vae_decode_ms", "decode_ms"),
            ("30 steps and decode, ms", "ours", "image_30_steps_ms", "end_to_end_ms"),
            ("with DeepCache 3/0/0, theirs without, ms", "ours_deepcache", "image_30_steps_ms", "end_to_end_ms"),
            ("joules a step", "ours", "joules_a_step", "joules_a_step"),
            ("UNet step in FP8, ms", "ours_fp8", "unet_step_ms", "full_step_ms"),
            ("30 steps and decode in FP8, ms", "ours_fp8", "image_30_steps_ms", "end_to_end_ms"),
            ("in FP8 with DeepCache 3/0/0, theirs without, ms", "ours_fp8_deepcache", "image_30_steps_ms", "end_to_end_ms"),
            ("joules a step in FP8", "ours_fp8", "joules_a_step", "joules_a_step")):
        theirs = {peer: over_turns(turns, key) for peer, turns in peers.items()}
        theirs = {peer: value for peer, value in theirs.items() if value is not None}
        mine = over_turns(ours[name], mine)
        if mine is None or not theirs:
            continue
        best = min(theirs, key=theirs.get)
        plain = eager[key]["median"] if key in eager else None
        rows.append((row, mine, theirs[best], best, plain, mine / theirs[best]))
    return rows


def copy_rate():
    """GB/s of copies from pinned memory, 256 MiB each."""
    import torch
    host, device = (torch.empty(1 << 28, dtype=torch.uint8, **where) for where in ({"pin_memory": True}, {"device": "cuda"}))
    rates = []
    for _ in range(10):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        device.copy_(host, non_blocking=True)
        end.record()
        torch.cuda.synchronize()
        rates.append(host.numel() / 1e6 / begin.elapsed_time(end))
    return statistics.median(rates), torch.cuda.get_device_name()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--worker", required=True)
    p.add_argument("--model", required=True)
    p.add_argument("--diffusers")
    p.add_argument("--out", default="compare")
    p.add_argument("--images", default="20")
    p.add_argument("--turns", type=int, default=3)
    args = p.parse_args()
    os.makedirs(args.out, exist_ok=True)
    ours = ("--worker", args.worker, "--model", args.model, "--images", args.images)
    carried = ("--diffusers", args.diffusers) if args.diffusers else ()
    rate, gpu = copy_rate()
    plain = Program("eager", args.out, "sdxl_diffusers.py", "--only", "eager", *carried, turns=False).end()
    eager = plain["arms"]["eager"]
    fp8, cache = ("--linear", "fp8", "--fp8-fast-accumulation", "1"), ("--deepcache", "3/0/0")
    arms = {"ours_deepcache": cache, "ours": (), "ours_fp8": fp8, "ours_fp8_deepcache": (*fp8, *cache)}
    # One after another: the first one's loading is measured.
    mine = {name: Program(name, args.out, "sameseed_worker.py", *ours, *more).ready() for name, more in arms.items()}
    peers = [Program(arm, args.out, "sdxl_diffusers.py", "--only", arm, *carried) for arm in ("compile", "compile_tuned")]
    for peer in peers:  # they compile side by side
        peer.ready()
    everyone = [mine["ours"], mine["ours_fp8"], *peers, mine["ours_deepcache"], mine["ours_fp8_deepcache"]]
    take_turns(everyone, args.turns)
    ended = {name: program.end() for name, program in mine.items()}
    turns_of = {one.name: one.turns for one in everyone}
    for peer in peers:
        peer.end()
    with open(os.path.join(args.out, "turns.json"), "w") as file:
        json.dump(turns_of, file, indent=1)
    unsteady = [one.name for one in everyone for turn in one.turns if not turn.get("settled", {}).get("steady")]
    if unsteady:
        print(f"\nthe clock was not steady in {len(unsteady)} turns: {', '.join(unsteady)}")
    floors = next((floor for name, floor in FLOORS.items() if name in gpu), (None, None))
    print(f"\n{gpu}\n\n| | ours | torch.compile | its arm | eager | ours / torch.compile |\n|---|---|---|---|---|---|")
    for row, own, theirs, arm, of_eager, ratio in rows_of(turns_of, {peer.name: peer.turns for peer in peers}, eager):
        print(f"| {row} | {own:.2f} | {theirs:.2f} | {arm} | {'' if of_eager is None else f'{of_eager:.2f}'} | {ratio:.3f} |")
    print("\n| | measured | of | ratio |\n|---|---|---|---|")
    if floors[0]:
        step, partial = over_turns(turns_of["ours"], "full_step_ms"), over_turns(turns_of["ours_deepcache"], "partial_step_ms")
        print(f"| full step, ms, over the fused roofline | {step:.2f} | {floors[0]} | {step / floors[0]:.2f} |")
        print(f"| partial step, ms, over its floor | {partial:.3f} | {floors[1]} | {partial / floors[1]:.2f} |")
    with_text = eager["memory_mib"]["peak_allocated"] / 1024 + TEXT_ENCODERS_GIB
    peak, loading = ended["ours"]["peak_memory_gib"], ended["ours_deepcache"]["upload_gb_s"]
    print(f"| peak memory, GiB, to eager's with text encoders | {peak:.2f} | {with_text:.2f} | {peak / with_text:.2f} |")
    print(f"| loading, GB/s, to pinned copies | {loading:.1f} | {rate:.1f} | {loading / rate:.2f} |")


if __name__ == "__main__":
    main()
