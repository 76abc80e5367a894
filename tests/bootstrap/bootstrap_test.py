#!/usr/bin/env python3
"""bootstrap.sh without a network: which wheels it asks pip for, and what it has cmake build where.

bootstrap_test.py SOURCE_TREE
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(sys.argv.pop())

# Each writes its name and arguments down, a line a call.
PROGRAMS = {
    "dpkg-query": "printf 'install ok installed'",  # every package is there
    "cmake": 'echo "cmake $*" >>"$CALLS"',
    "nvcc": "true",
    "python3": """echo "python3 $*" >>"$CALLS"
[ -z "${PIP_FAILS:-}" ] || { mkdir -p "$PIP_FAILS"; exit 1; }
while [ $# -gt 0 ]; do [ "$1" != --target ] || mkdir -p "$2/nvidia/cudnn"; shift; done""",
}


class Bootstrap(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="sameseed-bootstrap-")
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name) / "tree"
        self.calls = pathlib.Path(self.folder.name) / "calls"
        programs = pathlib.Path(self.folder.name) / "bin"
        programs.mkdir()
        for name, text in PROGRAMS.items():
            (programs / name).write_text(f"#!/bin/sh\n{text}\n")
            (programs / name).chmod(0o755)
        (self.root / "deps").mkdir(parents=True)
        shutil.copy(SOURCE / "bootstrap.sh", self.root)
        shutil.copytree(SOURCE / "cmake", self.root / "cmake")
        for name in "plotly", "cudnn-frontend", "cutlass":  # they are there
            wheel = (self.root / f"cmake/{name}-requirements.txt").read_text().split()[0]
            (self.root / "deps" / name).mkdir()
            (self.root / "deps" / name / ".wheel").write_text(wheel + "\n")
        self.environment = {"PATH": f"{programs}:{os.environ['PATH']}", "CALLS": str(self.calls)}

    def bootstrap(self, *arguments, **variables):
        """Returns the exit code, what was said, and the calls of pip and of cmake."""
        self.calls.write_text("")
        done = subprocess.run([self.root / "bootstrap.sh", *arguments], env=self.environment | variables,
                              capture_output=True, text=True, timeout=30)
        calls = self.calls.read_text().splitlines()
        return (done.returncode, done.stdout + done.stderr,
                [call for call in calls if call.startswith("python3 ")],
                [re.sub(r"-j \d+", "-j N", call) for call in calls if call.startswith("cmake ")])

    def test_another_libtorch_has_folders_of_its_own(self):
        code, said, pip, cmake = self.bootstrap("build", "--libtorch", "2.10.0")
        self.assertEqual(code, 0, said)
        self.assertEqual(len(pip), 1, said)
        self.assertIn("--target deps/libtorch-2.10.0.partial ", pip[0])
        self.assertTrue(pip[0].endswith("--require-hashes --requirement cmake/libtorch-2.10.0-requirements.txt"), pip)
        self.assertEqual(cmake, [
            f"cmake --preset release -B build/libtorch-2.10.0 -DSAMESEED_LIBTORCH={self.root}/deps/libtorch-2.10.0 "
            "-DSAMESEED_WITHOUT_CUDA=ON",  # which is of another CUDA
            "cmake --build build/libtorch-2.10.0 -j N --target programs"])
        self.assertFalse((self.root / "deps/libtorch").exists())
        code, said, pip, cmake = self.bootstrap("build", "--libtorch", "2.10.0")
        self.assertEqual((code, pip, len(cmake)), (0, [], 2), said)

    def test_what_pip_left_half_done_is_not_taken(self):
        code, said, _, cmake = self.bootstrap("build", "--libtorch", "2.10.0", PIP_FAILS="deps/libtorch-2.10.0.partial")
        self.assertNotEqual(code, 0)
        self.assertEqual(cmake, [], said)
        self.assertIn("failed while installing LibTorch into deps/libtorch-2.10.0", said)
        self.assertEqual(len(self.bootstrap("build", "--libtorch", "2.10.0")[2]), 1)

    def test_the_projects_own_version_is_what_is_built_anyway(self):
        own = (self.root / "cmake/libtorch-requirements.txt").read_text().split()[0].removeprefix("torch==")
        usual, named = self.bootstrap("build"), self.bootstrap("build", "--libtorch", own)
        self.assertEqual(usual[3], named[3])
        self.assertEqual(usual[3], ["cmake --preset release -B build/release",
                                    "cmake --build --preset release -j N --target programs"])

    def test_another_cudnn_stands_before_that_of_libtorch(self):
        code, said, pip, cmake = self.bootstrap("build", "--cudnn", "9.24.0.43")
        self.assertEqual(code, 0, said)
        self.assertEqual(["cudnn-9.24.0.43-requirements.txt" in call for call in pip], [False, True], pip)
        self.assertIn(" --require-hashes ", pip[1])
        self.assertEqual(cmake[0], "cmake --preset release -B build/cudnn-9.24.0.43 "
                         f"-DSAMESEED_CUDNN={self.root}/deps/cudnn-9.24.0.43/nvidia/cudnn")
        _, said, _, cmake = self.bootstrap("build", "--libtorch", "2.12.1", "--cudnn", "9.24.0.43")
        self.assertIn(" -B build/libtorch-2.12.1-cudnn-9.24.0.43 ", cmake[0], said)

    def test_what_it_does_not_know_is_refused_before_anything_is_done(self):
        for arguments, answer in {
                ("build", "--libtorch", "2.9.9"): "LibTorch 2.9.9 is not known; known are 2.10.0, 2.11.0, 2.12.1 (",
                ("build", "--libtorch", "2.12.1-cuda"): "LibTorch 2.12.1-cuda is not known",
                ("build", "--libtorch", "../2.10.0"): "LibTorch ../2.10.0 is not known",
                ("build", "--libtorch"): "LibTorch without a version is not known",
                ("build", "--cudnn", "9"): "cuDNN 9 is not known; known are 9.19.0.56, 9.20.0.48, 9.24.0.43 (",
                ("build", "--libtorch", "2.12.1", "--cudnn", "9.19.0.56"): "cuDNN 9.19.0.56 is not known",
                ("build", "--libtorch", "2.10.0", "--cudnn", "9.24.0.43"): "LibTorch 2.10.0 is built without the GPU half",
                ("build", "--cuda", "13"): "usage:",
                ("demo", "--libtorch", "2.10.0"): "usage:"}.items():
            code, said, pip, cmake = self.bootstrap(*arguments)
            self.assertEqual((code, pip, cmake), (1, [], []), arguments)
            self.assertIn(answer, said)

    def test_every_listed_wheel_has_its_hash(self):
        for file in (SOURCE / "cmake").glob("*-requirements.txt"):
            for line in file.read_text().splitlines():
                self.assertRegex(line, r"^[a-z0-9-]+==[0-9.]+ --hash=sha256:[0-9a-f]{64}$", file.name)


if __name__ == "__main__":
    unittest.main()
