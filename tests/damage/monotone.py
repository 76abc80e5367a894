"""Does every metric get worse where a distortion gets stronger?

    python tests/damage/monotone.py --from answers.json      # what confusion.py --keep wrote

Looks at the metrics that measure how far two pictures are apart, and at each step from one strength to the next of each
distortion on each photograph. Prints for each metric the share of steps that are in order, and of those that are not how
many each distortion has (a share leaves out the exceptions of its metric, which are listed). Exits with 1 where a metric has
less than 99 %.
"""
import argparse
import collections
import json
import pathlib
import sys

HIGHER = ["psnr.rgb", "psnr.luma", "ssim.gaussian", "ssim.uniform7", "ssim.luma", "ms_ssim"]
LOWER = ["gmsd", "lpips.alex", "flip.mean", "color.delta_e_mean", "difference.mean_abs"]
# Distortions whose strength is no distance, each with its reason.
EXCEPTIONS = {
    "another photograph": "other photographs, in no order",
    "shift": "regular textures fit again further on", "shift down": "as shift",
    "larger shift by parts": "as shift", "turned": "as shift", "enlarged": "as shift", "warp": "as shift", "wave": "as shift",
    "motion blur": "each strength has its own direction", "flat patch": "each strength lies elsewhere",
    "patch of noise": "as flat patch", "blurred patch": "as flat patch", "patch in another colour": "as flat patch",
    "black patch": "as flat patch", "face redrawn: other content": "as flat patch",
    "face redrawn: features moved": "as flat patch", "text redrawn": "each strength has its own text",
    "tiles, hard": "each strength has its own random offsets", "tiles, blended over 8 pixels": "as tiles, hard",
    "hue": "beyond grey axes hues come nearer again",
}

# Of one metric; counted apart.
EXCEPTIONS_OF = {
    ("ms_ssim", "pixelated"): "halving averages squares of 2 and 4 away, those of 3 and 6 not",
    ("ms_ssim", "reduced and enlarged"): "as pixelated",
    ("gmsd", "reduced and enlarged"): "it halves the pictures first, as this does",
}


def steps_of(rows):
    """Yields distortion, and the values of two neighbouring strengths; in the order that distortions.py has."""
    import distortions

    order = collections.defaultdict(list)
    for family in distortions.FAMILIES.values():
        for what, strength, _ in family:
            order[what].append(strength)
    found = {(row["half"], row["photograph"], row["what"], row["strength"]): row["values"] for row in rows}
    for half, photograph in sorted({(row["half"], row["photograph"]) for row in rows}):
        for what, strengths in order.items():
            for weak, strong in zip(strengths, strengths[1:]):
                pair = [found.get((half, photograph, what, strength)) for strength in (weak, strong)]
                if all(pair) and what not in EXCEPTIONS:
                    yield what, *pair


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="kept", type=pathlib.Path, required=True)
    steps = list(steps_of(json.loads(parser.parse_args().kept.read_text())))
    enough = True
    print("| metric | steps | in order | not in order |\n|---|---|---|---|")
    for metric in HIGHER + LOWER:
        sign = 1 if metric in HIGHER else -1
        known = [(what, a[metric], b[metric]) for what, a, b in steps if a.get(metric) is not None and b.get(metric) is not None]
        if not known:
            print(f"| {metric} | 0 | not measured: the answers were made without it | |")
            continue
        wrong = collections.Counter(what for what, a, b in known if sign * (b - a) > 1e-9)
        share = 1 - sum(n for what, n in wrong.items() if (metric, what) not in EXCEPTIONS_OF) / len(known)
        enough = enough and share >= 0.99
        named = ", ".join(f"{what} {count}" for what, count in wrong.most_common())
        print(f"| {metric} | {len(known)} | {100 * share:.1f} % | {named} |")
    for what, why in EXCEPTIONS.items():
        print(f"left out: {what}: {why}")
    for (metric, what), why in EXCEPTIONS_OF.items():
        print(f"not counted: {metric} of {what}: {why}")
    sys.exit(0 if enough else 1)


main()
