#!/usr/bin/env python3
"""report.html in a real browser: a click path through it, what it asks for, and what it says on its console.

report_page_test.py FOLDER_OF_SAMESEED OUT: screenshots go to OUT; 77 where there is no browser.
"""
import hashlib
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import time
import zlib

from headless_chromium import Chromium, Unavailable

SKIPPED = 77
SIDE = 128
MATRIX = {
    "schema": "sameseed/matrix/1",
    "name": "painted",
    "axes": {"candidate.env.X": ["0", "1", "2"]},
    "reference": {"engine": "null"},
    "candidate": {"engine": "null"},
    "requests": {"prompts": ["a small box", "a <b>large</b> box"], "seeds": [0], "size": f"{SIDE}x{SIDE}", "steps": 4},
    "timing": {"warmup": 0, "blocks": 6},
}
GATES = {"schema": "sameseed/gate/1",
         "gates": [{"metric": "psnr.rgb", "statistic": "worst", "at_least": 60, "because": "boxes are to be found"}]}


def check(right, what):
    if not right:
        raise AssertionError(what)


def equal(found, wanted, what):
    check(found == wanted, f"{what}: {found!r} instead of {wanted!r}")


def png(shade):
    """A picture of SIDE x SIDE; `shade(x, y)` is its grey."""
    rows = b"".join(b"\0" + b"".join(bytes([shade(x, y)] * 3) for x in range(SIDE)) for y in range(SIDE))
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def painted(prompt, value):
    """Rings; the candidate of X = `value` has a box in the tile at 64, 32 that is brighter by 20 a value, and of the second
    prompt twice the size."""
    side = 0 if value is None else 8 if "small" in prompt else 16
    def shade(x, y):
        inside = 72 <= x < 72 + side and 40 <= y < 40 + side
        return 60 + (x * x + y * y) // 16 % 80 + (20 * int(value) if inside else 0)
    return png(shade)


def make_run(program, folder):
    """A run of the null engine, its pictures painted over: what is worst, and where, is known."""
    run = folder / "run"
    (folder / "m.json").write_text(json.dumps(MATRIX))
    (folder / "gates.json").write_text(json.dumps(GATES))
    subprocess.run([program, "plan", folder / "m.json", "--out", run, "--quiet"], check=True)
    subprocess.run([program, "generate", run, "--quiet"], check=True)
    records = run / "records.jsonl"  # a busy machine's times count here
    lines = [json.loads(line) for line in records.read_text().splitlines()]
    records.write_text("".join(json.dumps({**one, "invalid": []}) + "\n" for one in lines))
    plan = json.loads((run / "plan.json").read_text())
    values = {one["id"]: one["variables"].get("X") for one in plan["environments"]}
    cases = {one["id"]: one for one in plan["cases"]}
    hashes = {}
    for sample in plan["samples"]:
        if sample["kind"] == "quality":
            case = cases[sample["case"]]
            picture = painted(case["request"]["prompt"], values[case["environment"]])
            (run / "images" / f"{sample['id']}.png").write_bytes(picture)
            hashes[sample["id"]] = hashlib.sha256(picture).hexdigest()
    # As if the engine had made them: a picture that is not the one of its record is not scored.
    records = [json.loads(line) for line in (run / "records.jsonl").read_text().splitlines()]
    for record in records:
        if record.get("sample") in hashes:
            record["files"]["image"] = hashes[record["sample"]]
    (run / "records.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    subprocess.run([program, "score", run], check=True)
    equal(subprocess.run([program, "gate", run, "--keep", "--gates", folder / "gates.json"], stdout=subprocess.DEVNULL).returncode, 2,
          "the gate")
    subprocess.run([program, "report", run, "--embed", "worst=1"], stdout=subprocess.DEVNULL)
    return run


def ready(page):
    """The selected pair's pictures and the chart are there."""
    page.settle("[...document.querySelectorAll('.panel img')].every((one) => one.complete)")
    page.settle("document.querySelectorAll('#chart .point').length > 0")


def quiet(page, folder):
    equal(page.console, [], "the console")
    strange = [one for one in page.requests if not one.startswith((f"file://{folder}/", "data:"))]
    equal(strange, [], "requests to elsewhere")


def text(page, selector):
    return page.value(f"document.querySelector({json.dumps(selector)}).innerText")


def selected(page):
    return text(page, "#viewer p")


def check_opens_on_the_answer(page):
    check("✗ FAIL: PICTURE QUALITY" in text(page, "#answer").upper(), "the verdict stands first")
    check("boxes are to be found" in text(page, "#answer"), "with its cause")
    check(page.value("document.querySelector('#answer').getBoundingClientRect().top") < 200, "at the top")
    check(selected(page).startswith("X 2 against the reference"), selected(page))
    check("a <b>large</b> box" in selected(page), "a prompt is text: " + selected(page))
    check("X 0" in text(page, "#front"), "no other setting is better than the one without a box")


def check_click_path(page):
    page.click("#filters [data-axis='candidate.env.X'] input[value='\"2\"']")
    check(selected(page).startswith("X 1 against"), "the filter leaves X 1 as worst: " + selected(page))
    page.click("#pair-1")
    check("a small box" in selected(page), "the second pair: " + selected(page))
    ready(page)
    page.press("f")
    equal(page.value("getComputedStyle(document.querySelector('.over')).clipPath"), "inset(0px 0% 0px 0px)", "flipped: all reference")
    check("reference" in text(page, "#caption-candidate"), "and it says so")
    page.click("#flip")
    equal(text(page, "#caption-candidate"), "candidate", "flipped back")
    page.press("t")
    transforms = page.value("[...document.querySelectorAll('.panel img')].map((one) => one.style.transform)")
    equal(len(transforms), 4, "reference, candidate with the reference over it, and heat map")
    equal(set(transforms), {"scale(2) translate(-12.5%, 12.5%)"}, "one zoom for all, on the tile at 64, 32 of 128")
    page.press("0")
    page.click("#zoom-in")
    check("scale(2)" in page.value("document.querySelector('#panel-map img').style.transform"), "the button zooms too")
    page.value("document.querySelector('#slider').focus()")
    page.press("ArrowRight")
    equal(text(page, "#caption-candidate"), "reference | candidate", "the slider by keyboard")
    page.press("j")
    check("a small box" in selected(page) and selected(page).startswith("X 0"), "the next pair: " + selected(page))


def check_chart_leads_to_pictures(page):
    chosen = page.value("""(() => { const point = [...document.querySelectorAll('#chart .trace')].at(-1).querySelector('.point');
        point.scrollIntoView({block: 'center'}); const box = point.getBoundingClientRect();
        return [box.x + box.width / 2, box.y + box.height / 2]; })()""")
    page.click_at(*chosen)
    page.settle("document.querySelector('#all-settings')")
    equal(page.value("document.querySelectorAll('.pair').length"), 2, "the two pairs of one setting")
    page.click("#all-settings")
    equal(page.value("document.querySelectorAll('.pair').length"), 4, "all pairs that the filter leaves")


def check_dark_and_printed(page, out):
    paper = "getComputedStyle(document.body).backgroundColor"
    equal(page.value(paper), "rgb(255, 255, 255)", "light")
    page.look(dark=True)
    check(max(int(one) for one in page.value(paper)[4:-1].split(",")) < 60, "dark")
    (out / "report-dark.png").write_bytes(page.screenshot())
    page.look(dark=True, media="print")
    equal(page.value(paper), "rgb(255, 255, 255)", "paper is white")
    equal(page.value("getComputedStyle(document.querySelector('#filters')).display"), "none", "no controls on paper")
    equal(page.value("[...document.querySelectorAll('#print-sheet img')].map((one) => one.offsetWidth > 99 && one.naturalWidth)"),
          [SIDE] * 12, "the worst pairs are on paper: four that the filter leaves")
    (out / "report.pdf").write_bytes(page.pdf())
    page.look()


def check_large(page, run, out):
    """500 comparisons of 24 pairs: what the page holds at a time stays small."""
    whole = (run / "report.html").read_text()
    begin = whole.index('id="data">') + len('id="data">')
    end = whole.index("</script>", begin)
    data = json.loads(whole[begin:end])
    few = [one for one in data["comparisons"] if one["against"] == "reference"]
    data["comparisons"] = [{**few[i % len(few)], "label": f"setting {i}", "pairs": few[i % len(few)]["pairs"] * 12}
                           for i in range(500)]
    (run / "large.html").write_text(whole[:begin] + json.dumps(data).replace("<", "\\u003c") + whole[end:])
    page.open(f"file://{run}/large.html")
    ready(page)
    equal(text(page, "#pair-note"), "12000 pairs against the reference.", "all pairs count")
    check(page.value("document.querySelectorAll('.pair').length") <= 80, "few are drawn")
    check(page.value("document.querySelectorAll('#settings tbody tr').length") <= 100, "few rows are drawn")
    page.value("document.querySelector('#pair-list').scrollTop = 1e6")
    page.settle("document.querySelectorAll('.pair').length > 40")
    took = page.value("""(() => { const start = performance.now();
        document.querySelector("#filters input[value='\\"2\\"']").click(); return performance.now() - start; })()""")
    print(f"500 comparisons, 12000 pairs: a filter takes {took:.0f} ms")
    check(took < 3000, "a filter is felt, not waited for")  # some 200 ms on a machine of its own
    quiet(page, run)


def check_spoilt(page, program, run):
    """A run whose scores are gone, and one of whose pictures was never made."""
    for name in ("scores.jsonl", "gates.json"):
        (run / name).unlink()
    records = run / "records.jsonl"
    lines = [json.loads(line) for line in records.read_text().splitlines()]
    lost = next(one for one in lines if one.get("kind") == "quality")
    lost.update(outcome="crashed", error="signal 11 <b>", log_tail=["the <last> line"])
    records.write_text("".join(json.dumps(one) + "\n" for one in lines))
    # The null engine does nothing with X, which stands before the crash.
    equal(subprocess.run([program, "report", run, "--exit-code"], stdout=subprocess.DEVNULL).returncode, 8, "an idle switch")
    page.open(f"file://{run}/report.html")
    page.settle("document.querySelectorAll('.panel').length === 3")
    answer = text(page, "#answer")
    check("DID NOT ACT" in answer.upper() and "signal 11 <b>" in answer, "the verdict: " + answer)
    check(answer.lower().index("did not act") < answer.index("signal 11"), "the switch stands first")
    check("crashed: " in text(page, "#rest") and "signal 11 <b>" in text(page, "#rest"), "what failed is listed")
    equal(text(page, "#chart-note"), "Nothing was scored.", "the chart says why it is none")
    quiet(page, run)


def main():
    program, out = pathlib.Path(sys.argv[1]) / "sameseed", pathlib.Path(sys.argv[2])
    try:
        page = Chromium()
    except Unavailable as why:
        print(f"skipped: {why}")
        return SKIPPED
    out.mkdir(parents=True, exist_ok=True)
    with page, tempfile.TemporaryDirectory(prefix="sameseed-page-") as name:
        run = make_run(program, pathlib.Path(name))
        started = time.monotonic()
        page.open(f"file://{run}/report.html")
        ready(page)
        print(f"opened in {time.monotonic() - started:.1f} s")
        (out / "report.png").write_bytes(page.screenshot())
        check_opens_on_the_answer(page)
        check_click_path(page)
        check_chart_leads_to_pictures(page)
        check_dark_and_printed(page, out)
        quiet(page, run)
        check_large(page, run, out)
        check_spoilt(page, program, run)
        alone = pathlib.Path(name) / "alone"
        alone.mkdir()
        (run / "report-embedded.html").rename(alone / "page.html")
        page.open(f"file://{alone}/page.html")
        ready(page)
        equal(page.value("[...document.querySelectorAll('.panel img')].map((one) => one.naturalWidth)"), [SIDE] * 4,
              "the worst pair's pictures are in the file")
        page.press("j")
        check("not in this file" in text(page, "#panel-map"), "others are said to be elsewhere")
        quiet(page, alone)
        equal({one.split(":")[0] for one in page.requests[1:]}, {"data"}, "nothing is read beside it")
    print("passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
