#!/usr/bin/env python3
"""Makes tests/goldens/tokenizer.json: awkward prompts and the ids that transformers gives them.

    make_tokenizer_goldens.py --model reference/nano-sdxl --out tests/goldens/tokenizer.json

The reference is transformers' CLIPTokenizer with padding="max_length", truncation, max_length 77;
"dropped" is how many content tokens did not fit. Ids are stored without the padding, whose id is
the folder's. Prompts whose text depends on the Unicode version stay out: code points assigned
after Unicode 13.
"""
import argparse
import json
import pathlib

import tokenizers
import transformers
from transformers import CLIPTokenizer

PROMPTS = [
    "", " ", "   ", "\t\n\r", "a", "A", "a cat", " a cat ", "a  cat\t on\na mat", "A CAT",
    # punctuation and curly quotes
    "“quoted” and ‘single’", "it’s", "it's", "IT'S", "don't", "DON'T", "they'RE", "we've", "I'm",
    "we'll", "he'd", "'s", "'S's'", "'re're", "''s", "'", "''", "'x", "a 'd b", "rock'n'roll",
    "!", "!!", "!!!", "wow!!!", "! ! !", "!cat !", "cat!cat", "!'s", "a ! b", "#!/bin/sh",
    "...", "…", "a-b–c—d", "(masterpiece:1.3), [best], {quality}", "<lora:x:0.8>", "a, b; c: d?",
    "100%", "$5 €6 £7", "C++ & C#", "~`@#$%^&*()_+-=", "\\ / |", "\\n \\t",
    # HTML entities stay as they are
    "&amp; &lt;b&gt;", "&amp;amp;", "&#39;s", "&nbsp;", "<b>bold</b>", "Ã©tÃ©",
    # numbers
    "2024", "3.14", "1,000,000", "x²", "½ cup", "Ⅷ", "①②③", "٣٤٥", "१२३", "4k 8K", "16:9", "²³¹",
    # special tokens in the text
    "<|startoftext|>", "<|endoftext|>", "a <|endoftext|> b", "a<|endoftext|>b",
    "<|startoftext|>cat", "<|ENDOFTEXT|>", "A <|StartOfText|> x", "<|endoftext|><|endoftext|>",
    "<|endoftext|", "<|endoftext |>", "<|endoftext|>!", "<|pad|>", "< |endoftext|>", "|>", "<|",
    "<<|endoftext|>>", "<|startoftext|>'s", "cat</w>", "</w>", "<|startoftextſ|>",
    "<|ſtartoftext|>", "<|endoftexT|>", "\u212a", "<|start\u200boftext|>",
    # Latin with marks, composed and not
    "café", "cafe\u0301", "CAFÉ", "naïve façade", "Ångström", "A\u030angstro\u0308m",
    "\u212bngstr\u00f6m", "e\u0301\u0327", "e\u0327\u0301", "\u0344", "q\u0307\u0323",
    "q\u0323\u0307", "x\u0301", "\u0301", " \u0301a", "z\u0335\u0321algo\u0489",
    # case without simple answers
    "İstanbul", "I\u0307", "ı", "ISTANBUL", "ß", "ẞ", "STRASSE", "Σ", "ΟΔΥΣΣΕΥΣ", "Σ Σς", "ς",
    "ŉ", "ǅ", "Ǆ", "ΐ", "ᾼ", "Ω", "\u2126", "K", "Å", "Ⓐ", "Ⅻ", "Ꭰ", "ꭰ", "Ა", "ა", "𐐀", "𐐨",
    # ligatures, full width, presentation forms
    "ﬁne ﬂow", "ﬃ", "Ｆｕｌｌ　ｗｉｄｔｈ！", "ｱｲｳ", "１２３", "㍿", "㎏", "™ ® ©", "№", "ℌ", "𝔉𝔞𝔫𝔠𝔶", "🅰",
    # East Asia
    "一只红色的狐狸", "日本語のプロンプト", "がき", "か\u3099き", "한국어", "\u1112\u1161\u11ab\u1100\u116e\u11a8",
    "\u1100\u1161", "\u3131\u314f", "、。「」", "，！？", "漢字cat漢字", "𠮷野家", "豈", "ー", "々",
    # South and South-East Asia
    "हिन्दी", "क्षत्रिय", "\u0958", "\u0915\u093c", "বাংলা", "தமிழ்", "ภาษาไทย", "กำ", "မြန်မာ", "ភាសា",
    "བོད་", "ລາວ", "සිංහල",
    # right to left
    "العربية", "عَرَبِيّ", "ﷺ", "ﻻ", "עִבְרִית", "שׁ", "\u202eabc\u202c", "\u200fabc", "فارسی‌ها",
    # emoji
    "😀", "a 😀 b", "😀😀", "👨‍👩‍👧‍👦", "👍🏽", "🇩🇪", "❤️", "❤", "☺\ufe0e", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "cat🐱cat",
    # white space and controls
    "a\u00a0b", "a\u0085b", "a\u2003b", "a\u2028b", "a\u2029b", "a\u3000b", "a\u1680b", "a\u180eb",
    "a\u200bb", "a\u200cb", "a\u200db", "a\u2060b", "a\ufeffb", "\ufeffa cat", "a\u00adb",
    "a\x00b", "\x00", "a\x01b", "a\x07b", "a\x0bb", "a\x0cb", "a\x1cb", "a\x1db", "a\x1eb",
    "a\x1fb", "a\x7fb", "a\x80b", "a\x9fb", "\r\n", "a\r\nb", "\u00a0", "\u200b", "\u202fx",
    "a\u205fb", "\u00a0\u00a0!\u00a0",
    # outside
    "\ufffd", "\uffff", "\ue000", "\U0010ffff", "\U000e0001", "\U0001d15e", "\u0378", "\ufdd0",
    # long
    "cat " * 75, "cat " * 76, "cat " * 77, "cat " * 74 + "supercalifragilistic", "! " * 90,
    "!" * 200, "a" * 300, "ab" * 500, "😀" * 40, "é" * 200, "<|endoftext|>" * 80, "漢" * 60,
    "1" * 100, "a very long prompt, with commas, " * 20, "-" * 150, "\u0301" * 100, "x1" * 60,
    "http://example.org/a_b?c=d&e=f#g", "snake_case camelCase kebab-case", "a1b2c3", "1st 2nd 3rd",
    "photo of a red apple on a white background", "cinematic still, 35mm, f/1.8, bokeh, 8k uhd",
]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--model", type=pathlib.Path, required=True)
    options.add_argument("--out", type=pathlib.Path, required=True)
    options = options.parse_args()
    folders = ("tokenizer", "tokenizer_2")
    clip = [CLIPTokenizer.from_pretrained(options.model / folder) for folder in folders]
    cases = []
    for prompt in dict.fromkeys(PROMPTS):
        ids, dropped = [], []
        for tokenizer in clip:
            padded = tokenizer(prompt, padding="max_length", truncation=True, max_length=77)
            ids.append([i for i, m in zip(padded.input_ids, padded.attention_mask) if m])
            assert padded.input_ids[len(ids[-1]):] == [tokenizer.pad_token_id] * (77 - len(ids[-1]))
            dropped.append(max(0, len(tokenizer(prompt).input_ids) - 77))
        cases.append({"prompt": prompt, "ids": ids, "dropped": dropped})
    made = {"transformers": transformers.__version__, "tokenizers": tokenizers.__version__}
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    text = f'{{"made_with":{json.dumps(made)},\n"folders":{json.dumps(folders)},\n"cases":[\n{lines}\n]}}\n'
    options.out.write_text(text, "ascii")
    print(len(cases), "prompts")


if __name__ == "__main__":
    main()
