"""Which commands and options the programs have, as their --help says."""
import json
import pathlib
import re
import subprocess
import tempfile

# Options in the documents of programs that are not ours.
FOREIGN = ("cmake", "ctest", "git", "grep", "awk", "sed", "python", "python3", "tar", "cp", "mkdir", "sbatch", "nvidia-smi", "docker", "pip",
           "kubectl", "simulate", "error_rates", "perf", "nsys", "jq", "diff", "ldd")
# In the prose an option stands alone: these are of scripts and of other programs.
OF_OTHERS = re.compile(r"--(mode|compile-mode|emulate-precision-casts|help|write|ctest|schedules|first|seed|gtest_\w+|rerun-failed|peer|worker|"
                       r"diffusers|keep-models|keep-pictures|requests|unets|bits|device|build|tokenizer|lpips|seconds|data|work|base|start|rate)$")


def options_of(help_text):
    return set(re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", help_text))


def said(command):
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def subcommands(help_text):
    """The names in the list of `Subcommands:`."""
    if "Subcommands:" not in help_text:
        return []
    return re.findall(r"^  ([a-z][a-z-]*)(?:\s|$)", help_text.split("Subcommands:")[1], re.MULTILINE)


class Known:
    def __init__(self, root, folder):
        self.program = folder / "sameseed"
        whole = said([self.program, "--help"])
        self.commands = {"": options_of(whole.split("Subcommands:")[0].split("Usage:")[1])}
        for name in subcommands(whole):
            text = said([self.program, name, "--help"])
            self.commands[name] = options_of(text)
            for inner in subcommands(text):
                self.commands[f"{name} {inner}"] = options_of(said([self.program, name, inner, "--help"])) | self.commands[name]
        self.scripts = {"bootstrap.sh": options_of(said([root / "bootstrap.sh", "--help"])),
                        "submit": options_of(said([root / "bench/slurm/submit", "--help"]))}
        self.all = set.union(*self.commands.values(), *self.scripts.values())

    def wrong_in(self, words):
        """What is wrong with the options of a command line, or of an option that stands alone, in a sentence each."""
        if not words:
            return []
        if re.match("--[a-z]", words[0]):
            name = words[0].split("=")[0].rstrip(",.")
            return [] if name in self.all or OF_OTHERS.match(name) else [f"no program of ours has {name}"]
        found, current = [], None
        for word in words:
            base = pathlib.PurePath(word).name
            if base == "sameseed" or base in self.scripts:
                current = Line(base, self)
            elif word in ("|", "&&", ";", "||", "--", ">") or base in FOREIGN:
                current = None
            elif current is not None:
                found += current.take(word)
        return found


class Line:
    """One command line, read word by word: only its command and the names of its options are looked at."""

    def __init__(self, base, known):
        self.base, self.known, self.command = base, known, None

    def take(self, word):
        if self.base in self.known.scripts:
            return self.option(word, self.known.scripts[self.base])
        if self.command is None and not word.startswith("-"):
            if not re.fullmatch(r"[a-z][a-z-]+", word):
                return []  # "`sameseed COMMAND --help`"
            self.command = word
            return [] if word in self.known.commands else [f"there is no command sameseed {word}"]
        if f"{self.command} {word}" in self.known.commands:
            self.command += " " + word
            return []
        return self.option(word, self.known.commands.get(self.command or "", set()) | {"--help"})

    def option(self, word, options):
        if not re.match(r"--?[a-zA-Z]", word):
            return []
        name = word.split("=")[0]
        return [] if name in options else [f"{self.base} {self.command or ''} has no {name}"]


def axes(folder, kind):
    """Names of the axes of that kind, as the program lists them where one is none."""
    matrix = {"schema": "sameseed/matrix/1", "axes": {f"candidate.{kind}.zzzzzzzz": [1]}, "requests": {"prompts": ["a"]}}
    with tempfile.TemporaryDirectory() as made:
        path = pathlib.Path(made) / "matrix.json"
        path.write_text(json.dumps(matrix), encoding="utf-8")
        told = subprocess.run([folder / "sameseed", "plan", path, "--out", pathlib.Path(made) / "run"], capture_output=True, text=True,
                              check=False).stderr
    names = re.findall(rf"candidate\.{kind}\.(\w+)", told.split("known: ")[1])
    assert len(names) > 5, told
    return names
