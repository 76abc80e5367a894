#!/usr/bin/env python3
"""What the documents say is so: their commands run, the options they name exist, their links lead somewhere.

documents_test.py FOLDER_OF_PROGRAMS

Commands of fenced blocks run one after another in a folder of their own, in which bench/, tests/ and reference/ are those of
the source. A `sameseed run` is planned as it stands (matrix and options are checked), and its folder is then a copy of one run
of engine.py, which stands for all of them; every other command is the real one. SKIPPED says which do not run, and why.

The long form (SAMESEED_TEST_LONG=1, some ten minutes on two cores) draws every picture with its own engine, and makes the runs of at
most 60 samples.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import markdown
import matrix_reference
import program_options

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(sys.argv.pop()).resolve() if len(sys.argv) > 1 and not sys.argv[-1].startswith("-") else None
HERE = pathlib.Path(__file__).resolve().parent
LONG = bool(os.environ.get("SAMESEED_TEST_LONG"))

# Whose blocks run. The pages of measurements hold the commands of long runs.
RUN = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "bench/engines/README.md"]

# First words that are the shell's own, or make a small file.
HARMLESS = ("cat", "echo", "PATH=", "export")
# Beginnings of commands that do not run here, and why.
SKIPPED = {
    "./bootstrap.sh": "builds; tests/bootstrap tries it",
    "bench/slurm/submit": "needs Slurm; tests/slurm runs it",
    "build/libtorch-": "needs a second LibTorch",
    "sameseed gate RUN --gates gates.json --baseline accepted": "needs an accepted run; docs/nightly.md accepts one",
    "sameseed seeded-model": "writes 6.9 GB",
    "sameseed compare --vary driver": "needs runs on two drivers; tests/end_to_end compares runs",
    "sameseed compare --vary variables": "needs a run with the variable",
    "sameseed compare --vary libtorch": "needs a second LibTorch",
    'sameseed check-engine "python3 my_engine.py': "my_engine.py is the reader's",
    'sameseed image --engine "python3 bench/engines/diffusers_engine.py': "needs diffusers; tests/engines runs it",
    "mkdir": "copies 0.5 GB of libraries", "cp": "the same", "tar": "the same",
}
# Whose exit code is a verdict: any but 1, which is a mistake in the command, and 126 and above.
VERDICTS = {"gate", "recommend", "compare", "doctor", "run"}
# Folders that a reader has from elsewhere.
GIVEN = ("runs/old", "runs/new", "runs/2.10.0", "runs/tonight", "shards/1", "shards/2", "runs/mine", "RUN", "run")

MATRIX = """{ "schema": "sameseed/matrix/1", "name": "documents",
  "axes": { "candidate.request.deepcache": [null, "3/0/0"] },
  "reference": { "engine": "python3 ENGINE" }, "candidate": { "engine": "python3 ENGINE" },
  "requests": { "prompts": ["an owl", "a dog", "a cat", "a house", "a tree", "a robot"], "seeds": [0], "size": "64x64", "steps": 6 },
  "floor": true, "timing": { "warmup": 0, "blocks": 6 } }"""


def environment(folder):
    """Of the commands: homes of their own, and nothing of whoever runs the test that could change a run."""
    kept = {name: os.environ[name] for name in ("HOME", "LD_LIBRARY_PATH", "TMPDIR", "LANG") if name in os.environ}
    return {**kept, "PATH": f"{folder / 'path'}:{os.environ['PATH']}", "XDG_DATA_HOME": str(folder / "data"),
            "XDG_CACHE_HOME": str(folder / "cache"), "SAMESEED_BIN": str(BIN), "GOMP_SPINCOUNT": "2000",
            "SAMESEED_ONE_RUN": str(folder / "one-run"), **({"SAMESEED_TEST_LONG": "1"} if LONG else {})}


class Commands(unittest.TestCase):
    """Fenced blocks, run."""

    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.TemporaryDirectory(prefix="sameseed-documents-")
        cls.folder = pathlib.Path(cls.made.name).resolve()
        for name in ("bench", "reference", "tests", "metrics"):
            (cls.folder / name).symlink_to(ROOT / name)
        (cls.folder / "path").mkdir()
        (cls.folder / "path/sameseed").symlink_to(HERE / "stand_in.py")
        (cls.folder / "documents.json").write_text(MATRIX.replace("ENGINE", str(HERE / "engine.py")), encoding="utf-8")
        # Two pictures for whoever compares pictures, and the run that stands for all runs.
        made = subprocess.run([BIN / "sameseed", "run", "documents.json", "--out", "one-run"], cwd=cls.folder,
                              env=environment(cls.folder), capture_output=True, text=True)
        assert made.returncode == 0, made.stdout + made.stderr
        pictures = sorted((cls.folder / "one-run/images").glob("*.png"))
        for name, picture in (("good.png", pictures[0]), ("bad.png", pictures[1])):
            shutil.copy(picture, cls.folder / name)
        cls.done = set()
        for name in GIVEN:
            shutil.copytree(cls.folder / "one-run", cls.folder / name)

    @classmethod
    def tearDownClass(cls):
        cls.made.cleanup()

    def run_command(self, command, variables):
        words = markdown.words(command)
        while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]) and len(words) > 1:
            words = words[1:]
        bare = re.sub(r"^([A-Z_]+=\S* )+", "", command.strip())
        for beginning, why in SKIPPED.items():
            if bare == beginning or bare.startswith(beginning if beginning.endswith("-") else beginning + " ") or \
                    (beginning.count('"') == 1 and bare.startswith(beginning)):
                return
        if not words or not (words[0] == "sameseed" or words[0].startswith(HARMLESS)):
            self.fail(f"is no command of ours; if it should not run, SKIPPED has to say why: {command}")
        without_comment = re.sub(r"\s+# .*", "", command)
        if without_comment in self.done:  # on an earlier page
            return
        self.done.add(without_comment)
        command = command.replace("runs/mine/ID", f"runs/mine/{self.a_case()}")
        done = subprocess.run(["bash", "-o", "pipefail", "-c", "\n".join([*variables, command])], cwd=self.folder, env=environment(self.folder),
                              capture_output=True, text=True, timeout=1800 if LONG else 60)
        verdict = any(f"sameseed {name}" in command for name in VERDICTS)
        good = done.returncode == 0 or verdict and 1 < done.returncode < 126
        self.assertTrue(good, f"exit code {done.returncode} of: {command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")

    def a_case(self):
        """A case of the run, as a reader finds it in its report."""
        report = (self.folder / "runs/mine/report.json").read_text(encoding="utf-8")
        return re.search(r'"candidate": ?"(\w{16})"', report).group(1)

    def test_every_block_runs(self):
        for page in RUN:
            text = page.read_text(encoding="utf-8")
            for line, language, block in markdown.fenced(text):
                found = markdown.commands(block)
                if language or not found or not starts_with_a_command(found[0][1]):
                    continue
                variables = [command for _, command in found if re.fullmatch(r"[a-z]+=\S+( \S+\))?", command)]
                for within, command in found:
                    if command in variables:
                        continue
                    with self.subTest(place=f"{page.relative_to(ROOT)}:{line + within}"):
                        self.run_command(command, variables)


def starts_with_a_command(text):
    """Not JSON, a listing of files or what a program printed."""
    words = markdown.words(text)
    return bool(words) and re.match(r'sameseed$|\./bootstrap\.sh$|PATH=|export$|cat$|echo$|bench/slurm/|[A-Za-z_]+=\S+$|mkdir$', words[0]) is not None


class Names(unittest.TestCase):
    """Commands and options, in fenced blocks and in the prose."""

    def test_every_option_exists(self):
        known = program_options.Known(ROOT, BIN)
        for page in markdown.files(ROOT):
            text = page.read_text(encoding="utf-8")
            pieces = list(markdown.inline(text))
            for line, _, block in markdown.fenced(text):
                pieces += [(line + within, command) for within, command in markdown.commands(block)]
            for line, piece in pieces:
                for wrong in known.wrong_in(markdown.words(piece)):
                    with self.subTest(place=f"{page.relative_to(ROOT)}:{line}"):
                        self.fail(f"{wrong}: {piece}")

    def test_the_matrix_page_is_the_schemas(self):
        text = matrix_reference.PAGE.read_text(encoding="utf-8")
        made = matrix_reference.reference(matrix_reference.read_schema())
        self.assertEqual(matrix_reference.page_with(text, made), text, "run tests/documents/matrix_reference.py --write")

    def test_the_matrix_page_names_every_axis(self):
        """As the program lists them where an axis is none of them."""
        head = matrix_reference.PAGE.read_text(encoding="utf-8").split("## Every field")[0]
        for kind in ("load", "request"):
            for name in program_options.axes(BIN, kind):
                self.assertIn(f"`{name}`", head, f"{kind}.{name} is not in docs/matrix.md")


class Pages(unittest.TestCase):
    def test_links_lead_somewhere(self):
        for page in markdown.files(ROOT):
            for line, target in markdown.links(page.read_text(encoding="utf-8")):
                if re.match(r"[a-z]+:", target):
                    continue
                name, _, anchor = target.partition("#")
                file = (page.parent / name).resolve() if name else page
                with self.subTest(place=f"{page.relative_to(ROOT)}:{line}"):
                    self.assertTrue(file.exists(), f"{target}: there is no such file")
                    if anchor and file.suffix == ".md":
                        self.assertIn(anchor, markdown.anchors(file.read_text(encoding="utf-8")), f"{target}: no such heading")

    def test_files_that_are_named_exist(self):
        """`reports/summary/damage.h`, from the root or from the page's folder; what is built or fetched is not looked for."""
        folders = "|".join(sorted(path.name for path in ROOT.iterdir() if path.is_dir() and path.name not in ("build", "deps", "runs", ".git")))
        for page in markdown.files(ROOT):
            for line, code in markdown.inline(page.read_text(encoding="utf-8")):
                if re.fullmatch(rf"({folders})/[\w./-]+", code) and "NAME" not in code:
                    with self.subTest(place=f"{page.relative_to(ROOT)}:{line}"):
                        self.assertTrue((ROOT / code).exists() or (page.parent / code).exists(), f"{code}: there is no such file")

    def test_readme_is_short(self):
        lines = (ROOT / "README.md").read_text(encoding="utf-8").count("\n")
        self.assertLessEqual(lines, 150, "what is more belongs into docs/")

    def test_readme_leads_to_every_page(self):
        """Each page of docs/ can be reached from README by links."""
        reached, ways = set(), [ROOT / "README.md"]
        while ways:
            page = ways.pop()
            if page in reached or page.suffix != ".md" or not page.exists():
                continue
            reached.add(page)
            ways += [(page.parent / target.split("#")[0]).resolve() for _, target in markdown.links(page.read_text(encoding="utf-8"))
                     if not re.match(r"[a-z]+:|#", target)]
        self.assertEqual([page.name for page in sorted((ROOT / "docs").glob("*.md")) if page not in reached], [])


if __name__ == "__main__":
    if BIN is None:
        sys.exit(__doc__)
    unittest.main()
