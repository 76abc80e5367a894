#!/usr/bin/env python3
"""What bench/peers measures a GPU with, and how it takes turns and chooses; no GPU and no torch here.

peers_test.py FOLDER_OF_PEERS FAKE_NVML
"""
import contextlib
import io
import os
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

NVML = sys.argv.pop()
sys.path.insert(0, sys.argv.pop())
import compare
import gpu_power


class Card:
    """A picture of n steps takes 7 J a step and 100 J beside them; the clock falls at first."""

    def __init__(self, clocks=(1500,)):
        self.energy, self.clocks = 0, list(clocks)

    def picture(self, steps):
        self.energy += 100 + 7 * steps

    def joules(self):
        return self.energy

    def sm_mhz(self):
        return self.clocks.pop(0) if len(self.clocks) > 1 else self.clocks[0]


class Power(unittest.TestCase):
    def test_energy_and_clock_are_nvmls(self):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as told:
            told.write("count 1\nenergy 1234567\nsm 1755\n")
            told.flush()
            os.environ["FAKE_NVML"] = told.name
            gpu = gpu_power.Gpu(NVML)
            self.assertEqual(gpu.joules(), 1234.567)
            self.assertEqual(gpu.sm_mhz(), 1755)
            told.truncate(0)
            self.assertRaises(OSError, gpu.joules)  # a card that does not tell it
            self.assertRaises(OSError, gpu_power.Gpu, NVML)  # no device

    def test_a_steps_energy_is_without_what_else_a_picture_takes(self):
        card = Card()
        self.assertAlmostEqual(gpu_power.joules_a_step(card.picture, card, 30), 7)

    def test_a_clock_is_steady_where_two_seconds_agree(self):
        def clock(before, last, seconds=3.0):
            return [(i / 10, before if i / 10 <= seconds - 1 else last) for i in range(int(10 * seconds) + 1)]
        self.assertTrue(gpu_power.is_steady(clock(1500, 1520)))
        self.assertFalse(gpu_power.is_steady(clock(1980, 1500)))
        self.assertFalse(gpu_power.is_steady(clock(1500, 1500, seconds=1.5)))  # not known yet
        self.assertFalse(gpu_power.is_steady([]))

    def test_it_works_until_the_clock_is_steady_or_the_time_is_over(self):
        import time
        still = gpu_power.settle(lambda: time.sleep(0.05), Card([1980] * 10 + [1500]), interval=0.02)
        self.assertTrue(still["steady"])
        self.assertEqual(still["sm_mhz"], 1500)
        self.assertGreaterEqual(still["seconds"], 2)
        falling = gpu_power.settle(lambda: time.sleep(0.05), Card([2000 - 20 * i for i in range(90)]), most=0.3)
        self.assertFalse(falling["steady"])


class Turns(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sameseed-peers-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.addCleanup(setattr, compare, "HERE", compare.HERE)
        compare.HERE = self.folder
        pathlib.Path(self.folder, "one.py").write_text("""
import sys
name, log, path = sys.argv[1], sys.argv[2], sys.argv[sys.argv.index("--json") + 1]
if name == "broken":
    sys.exit(1)
print("words before", flush=True)
print("ready", flush=True)
for i, _ in enumerate(sys.stdin):
    open(log, "a").write(name)
    print('turn: {"n": %d}' % i, flush=True)
open(path, "w").write('{"name": "%s"}' % name)
""")

    def program(self, name):
        return compare.Program(name, self.folder, "one.py", name, os.path.join(self.folder, "log"))

    def test_everyone_measures_in_turn(self):
        programs = [self.program(name).ready() for name in "abc"]
        compare.take_turns(programs, 3)
        self.assertEqual([one.end() for one in programs], [{"name": name} for name in "abc"])
        self.assertEqual(pathlib.Path(self.folder, "log").read_text(), "abc" "cba" "abc")
        self.assertEqual(programs[1].turns, [{"n": 0}, {"n": 1}, {"n": 2}])

    def test_one_that_ends_early_is_named(self):
        broken = self.program("broken")
        with self.assertRaises(SystemExit) as ended:
            broken.ready()
        self.assertIn("broken ended before", str(ended.exception))
        broken.process.wait()
        broken.process.stdin.close()
        broken.process.stdout.close()


class Table(unittest.TestCase):
    def test_the_faster_arm_of_the_peer_counts_row_by_row(self):
        def theirs(step, decode, joules):
            return {"unet_step_ms": {"median": step}, "vae_decode_ms": {"median": decode},
                    "image_30_steps_ms": {"median": 30 * step + decode}, "joules_a_step": joules}
        ours = {"full_step_ms": {"median": 30}, "decode_ms": {"median": 24}, "end_to_end_ms": {"median": 924},
                "joules_a_step": 20}
        full = [{**ours, "full_step_ms": {"median": ms}} for ms in (99, 30, 31)]  # one turn was disturbed
        cached = [{"end_to_end_ms": {"median": 340}}] * 3
        peers = {"compile": [theirs(35, 37, 24)] * 3, "compile_tuned": [theirs(34, 38, 25)] * 3}
        fp8 = [{**ours, "full_step_ms": {"median": 20}}] * 3
        turns = {"ours": full, "ours_deepcache": cached, "ours_fp8": fp8, "ours_fp8_deepcache": cached}
        rows = {row[0]: row[1:] for row in compare.rows_of(turns, peers, {"unet_step_ms": {"median": 65}})}
        self.assertEqual(rows["UNet step, ms"], (31, 34, "compile_tuned", 65, 31 / 34))
        self.assertEqual(rows["VAE decode, ms"], (24, 37, "compile", None, 24 / 37))
        self.assertEqual(rows["joules a step"], (20, 24, "compile", None, 20 / 24))
        self.assertEqual(rows["with DeepCache 3/0/0, theirs without, ms"][:3], (340, 1058, "compile_tuned"))
        self.assertEqual(rows["UNet step in FP8, ms"][:3], (20, 34, "compile_tuned"))
        self.assertEqual(len(rows), 9)
        for turn in full:  # a card that does not tell its energy
            del turn["joules_a_step"]
        self.assertNotIn("joules a step", [row[0] for row in compare.rows_of(turns, peers, {})])


    def test_all_of_it_with_programs_that_only_answer(self):
        answer = """
import json, sys
path = sys.argv[sys.argv.index("--json") + 1]
if "--turns" in sys.argv:
    print("ready", flush=True)
    for _ in sys.stdin:
        print("turn:", json.dumps({TURN}), flush=True)
open(path, "w").write(json.dumps({RESULT}))
"""
        arm = {"unet_step_ms": {"median": 40}, "vae_decode_ms": {"median": 50}, "image_30_steps_ms": {"median": 1250}}
        ours = {"full_step_ms": {"median": 30}, "partial_step_ms": {"median": 1.5}, "decode_ms": {"median": 25},
                "end_to_end_ms": {"median": 925}, "joules_a_step": 20, "settled": {"steady": True}}
        scripts = {"sdxl_diffusers.py": ({**arm, "joules_a_step": 25, "settled": {"steady": False}},
                                         {"arms": {"eager": {**arm, "memory_mib": {"peak_allocated": 8192}}}}),
                   "sameseed_worker.py": (ours, {"peak_memory_gib": 8, "upload_gb_s": 40})}
        with tempfile.TemporaryDirectory(prefix="sameseed-peers-") as folder, \
                mock.patch.multiple(compare, HERE=folder, copy_rate=lambda: (50, "NVIDIA H100")), \
                mock.patch.object(sys, "argv", ["compare.py", "--worker", "w", "--model", "m", "--out", folder + "/out"]), \
                contextlib.redirect_stdout(io.StringIO()) as said:
            for name, (turn, result) in scripts.items():
                pathlib.Path(folder, name).write_text(
                    answer.replace("{TURN}", repr(turn)).replace("{RESULT}", repr(result)))
            compare.main()
        table = [line for line in said.getvalue().splitlines() if line.startswith("|")]
        self.assertIn("| UNet step, ms | 30.00 | 40.00 | compile | 40.00 | 0.750 |", table)
        self.assertIn("| joules a step | 20.00 | 25.00 | compile |  | 0.800 |", table)
        self.assertIn("| full step, ms, over the fused roofline | 30.00 | 18.6 | 1.61 |", table)
        self.assertIn("| loading, GB/s, to pinned copies | 40.0 | 50.0 | 0.80 |", table)
        self.assertIn("the clock was not steady in 6 turns", said.getvalue())


if __name__ == "__main__":
    unittest.main()
