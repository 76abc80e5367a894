"""Which kinds of damage the program names on photographs, and how often that is right.

    python tests/damage/confusion.py [--half test] [--keep answers.json] [--program build/release/bin/sameseed]

Prints for each family of distortions how many pairs were named rightly (tests/goldens/photographs/words.json says what is
right) and what they were called. Exits with 1 where less than 92 % of all pairs of a half are right, or less than 80 % of
one family's. The scorer alone leaves out LPIPS, which no kind needs; `sameseed` takes three times as long and has it, for
monotone.py. --from shows the answers that --keep wrote; --wrong lists each pair that was named wrongly.
"""
import argparse
import collections
import json
import pathlib
import sys

import pairs

ALL, ONE = 0.92, 0.80


def table(rows):
    """Lines of the table, and whether its shares suffice."""
    lines, suffices = [], True
    families = {}
    for row in rows:
        families.setdefault(row["family"], []).append(row)
    for family, members in families.items():
        right = sum(map(pairs.is_right, members))
        suffices = suffices and right >= ONE * len(members)
        called = collections.Counter(" + ".join(row["kinds"]) or "nothing" for row in members)
        words = ", ".join(f"{kinds} {count}" for kinds, count in called.most_common())
        lines.append(f"| {family} | {right} of {len(members)} | {100 * right / len(members):.0f} % | {words} |")
    right = sum(map(pairs.is_right, rows))
    share = right / len(rows)
    lines.append(f"| **all** | **{right} of {len(rows)}** | **{100 * share:.1f} %** | |")
    return ["| made | right | | called |", "|---|---|---|---|"] + lines, suffices and share >= ALL


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/release/bin/sameseed-scorer")
    parser.add_argument("--half", choices=["tune", "test", "both"], default="both")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", type=pathlib.Path, help="write all answers to this file")
    parser.add_argument("--from", dest="kept", type=pathlib.Path, help="do not run; read what --keep wrote")
    parser.add_argument("--wrong", action="store_true", help="list the pairs that were named wrongly")
    options = parser.parse_args()
    halves = ["tune", "test"] if options.half == "both" else [options.half]
    if options.kept:
        rows = [row for row in json.loads(options.kept.read_text()) if row["half"] in halves]
    else:
        rows = pairs.answers(options.program, halves, options.jobs, lambda text: print(text, file=sys.stderr))
    if options.keep:
        options.keep.write_text(json.dumps(rows))
    enough = True
    for half in halves:
        lines, suffices = table([row for row in rows if row["half"] == half])
        enough = enough and suffices
        print(f"\n{half}:\n\n" + "\n".join(lines))
    for row in rows if options.wrong else []:
        if not pairs.is_right(row):
            print(f"{row['half']} {row['photograph']}, {row['what']} {row['strength']}: {row['sentence']}")
    sys.exit(0 if enough else 1)


if __name__ == "__main__":
    main()
