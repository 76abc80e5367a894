"""The pairs of photographs and distortions, and what the built program says of each."""
import concurrent.futures
import json
import pathlib
import subprocess
import tempfile

import cv2
import numpy as np

import distortions

FOLDER = pathlib.Path(__file__).parent.parent / "goldens/photographs"
WORDS = json.loads((FOLDER / "words.json").read_text())


def photograph(name):
    return cv2.imread(str(FOLDER / f"{name}.png"))[..., ::-1].copy()


def write(path, picture):
    cv2.imwrite(str(path), picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])


def pairs_of(half):
    """Yields the fields that name a pair, its reference and its candidate."""
    names = WORDS["split"][half]
    pictures = {name: photograph(name) for name in names}
    for name in names:
        others = [pictures[other] for other in names if other != name]
        for family, rows in distortions.FAMILIES.items():
            for what, strength, make in rows:
                made = make(pictures[name], distortions.generator(name, what, strength), others)
                candidate, reference = made if isinstance(made, tuple) else (made, pictures[name])
                yield dict(half=half, photograph=name, family=family, what=what,
                           strength=strength), reference, candidate


def answer(program, pair):
    """The fields of the pair with the program's values, kinds and sentence."""
    fields, reference, candidate = pair
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder) / name for name in ("reference.png", "candidate.png")]
        write(paths[0], reference)
        write(paths[1], candidate)
        pair = [str(path) for path in paths]
        command = [program, "score-pair", *pair]
        if pathlib.Path(program).name == "sameseed-scorer":  # without weights, and so without LPIPS
            command = [program, "pair", *pair, "--weights", folder]
        out = subprocess.run(command, check=True, capture_output=True, text=True)
    told = json.loads(out.stdout)
    damage = told.get("damage") or {"kinds": [], "sentence": ""}
    largest = int(np.abs(reference.astype(int) - candidate.astype(int)).max())
    return dict(fields, largest=largest, kinds=damage["kinds"], sentence=damage["sentence"], values=told["values"])


def answers(program, halves, jobs, progress=print):
    """Asks the program of every pair of these halves of the split, `jobs` at once."""
    rows = []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for half in halves:
            waiting = set()
            for pair in pairs_of(half):
                waiting.add(pool.submit(answer, program, pair))
                if len(waiting) >= 4 * jobs:  # pictures that wait take memory
                    done, waiting = concurrent.futures.wait(
                        waiting, return_when=concurrent.futures.FIRST_COMPLETED)
                    rows += [one.result() for one in done]
                    if len(rows) % 200 < len(done):
                        progress(f"{len(rows)} pairs")
            rows += [one.result() for one in waiting]
    order = {name: i for i, name in enumerate(distortions.FAMILIES)}
    rows.sort(key=lambda row: (row["half"], order[row["family"]], row["what"], row["photograph"], str(row["strength"])))
    return rows


def is_right(row):
    if row["largest"] <= 1:
        return row["kinds"] == ["none"]
    return any(sorted(row["kinds"]) == sorted(kinds) for kinds in WORDS["accepted"][row["family"]])
