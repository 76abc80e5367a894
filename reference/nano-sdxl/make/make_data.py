"""Draws the emoji sprites and writes the captions: the whole training set, no GPU needed.

    make_data.py --model reference/nano-sdxl --out data

A picture is one or two sprites on a plain background. Its caption decides everything but a small
jitter of the background's colour: nothing is shifted or mirrored unless the words say so. What a
model cannot know from the caption it must guess from the noise, and then the last bit of the noise
may turn the guess over.

Writes data/sprites/NNNN.png (RGBA, as wide as the font draws them), data/sprites.json (names) and
data/captions.npz: layers [N, 2] (index of a canvas or -1), background [N, 3], ids [N, 24] (0 after
the end-of-text token).
"""
import argparse
import json
import pathlib
import re

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from transformers import CLIPTokenizer

PLACES = ["centre", "small", "large", "left", "right"]  # canvas = sprite * 5 + place

COLOURS = {
    "white": (255, 255, 255), "black": (16, 16, 16), "grey": (128, 128, 128),
    "light grey": (205, 205, 205), "dark grey": (70, 70, 70), "red": (220, 40, 40),
    "dark red": (130, 20, 25), "orange": (245, 145, 35), "yellow": (250, 220, 60),
    "light yellow": (255, 245, 180), "green": (60, 165, 70), "light green": (165, 225, 150),
    "dark green": (20, 85, 45), "blue": (50, 95, 215), "light blue": (150, 205, 245),
    "dark blue": (20, 35, 110), "purple": (130, 60, 170), "lavender": (205, 185, 240),
    "pink": (250, 165, 195), "magenta": (215, 50, 150), "brown": (125, 80, 45),
    "beige": (235, 220, 190), "teal": (25, 135, 135), "cyan": (70, 215, 230),
}
WEIGHTS = {"Animals & Nature": 2.5, "Food & Drink": 2.2, "Travel & Places": 1.2,
           "Smileys & Emotion": 1.2, "Activities": 1.2, "Objects": 1.0, "People & Body": 0.6,
           "Flags": 0.6, "Symbols": 0.4}
ALIASES = {
    "automobile": ["car", "red car"], "oncoming automobile": ["car from the front"],
    "dog face": ["dog"], "cat face": ["cat"], "mouse face": ["mouse"], "rabbit face": ["rabbit"],
    "tiger face": ["tiger"], "horse face": ["horse"], "cow face": ["cow"], "pig face": ["pig"],
    "monkey face": ["monkey"], "panda": ["panda bear"], "frog": ["green frog"],
    "red apple": ["apple"], "slice of pizza": ["pizza"], "hamburger": ["burger"],
    "tropical fish": ["yellow fish"], "fish": ["blue fish"], "red heart": ["heart"],
    "house with garden": ["house with a tree"], "snowman without snow": ["snowman"],
    "soccer ball": ["football"], "tangerine": ["orange fruit", "mandarin"],
    "hot beverage": ["cup of coffee"], "shortcake": ["piece of cake"], "soft ice cream": ["ice cream"],
    "doughnut": ["donut"], "bicycle": ["bike"], "locomotive": ["steam train"], "sailboat": ["boat"],
    "wrapped gift": ["gift", "present"], "light bulb": ["lamp"], "evergreen tree": ["fir tree"],
    "deciduous tree": ["tree"], "honeybee": ["bee"], "lady beetle": ["ladybird", "ladybug"],
    "clinking beer mugs": ["beer"], "sun": ["bright sun"], "jack-o-lantern": ["halloween pumpkin"],
}
PREFIXES = ["a photo of ", "a picture of ", "an image of ", "an icon of ", "an emoji of "]
SUFFIXES = [", 4k", ", high quality", ", clean", ", detailed"]
DROPPED = re.compile(r":|keycap|o’clock|-thirty|button|\bfamily\b|skin tone|\binput\b|squared|"
                     r"^(man|woman|men|women) |ing hands$|couple with|kiss$")


def emoji(path):
    """(text, name, group) of every emoji worth a caption in Unicode's emoji-test.txt."""
    group = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# group:"):
            group = line.split(":", 1)[1].strip()
        found = re.match(r"([0-9A-F ]+); fully-qualified +# \S+ E[0-9.]+ (.+)", line)
        if found and group in WEIGHTS and not DROPPED.search(found[2]):
            yield "".join(chr(int(code, 16)) for code in found[1].split()), found[2].lower(), group


def draw_sprite(font, text):
    """One emoji as RGBA, cropped to its ink; None where the font has no single glyph for it."""
    image = Image.new("RGBA", (320, 160))
    ImageDraw.Draw(image).text((8, 8), text, font=font, embedded_color=True)
    box = image.getbbox()
    return image.crop(box) if box and box[2] - box[0] <= 140 else None


def with_article(name):
    return ("an " if name[0] in "aeiou" else "a ") + name


class Captions:
    def __init__(self, names, groups, seed):
        self.names = names
        self.random = np.random.default_rng(seed)
        weights = np.array([WEIGHTS[group] for group in groups])
        self.chances = weights / weights.sum()

    def one_of(self, options):
        return options[self.random.integers(len(options))]

    def sprite(self):
        sprite = int(self.random.choice(len(self.names), p=self.chances))
        aliases = ALIASES.get(self.names[sprite], [])
        named = self.one_of(aliases) if aliases and self.random.random() < 0.5 else self.names[sprite]
        return sprite, named

    def subject(self):
        """Canvases of the layers, and the words for them."""
        sprite, name = self.sprite()
        chance = self.random.random()
        if chance < 0.15:
            other, other_name = self.sprite()
            return ([sprite * 5 + PLACES.index("left"), other * 5 + PLACES.index("right")],
                    f"{with_article(name)} and {with_article(other_name)}")
        if chance < 0.20:
            return [sprite * 5 + PLACES.index("small"), -1], f"a small {name}"
        if chance < 0.25:
            return [sprite * 5 + PLACES.index("large"), -1], f"a large {name}"
        if chance < 0.31:
            side = self.one_of(["left", "right"])
            return [sprite * 5 + PLACES.index(side), -1], f"{with_article(name)} on the {side}"
        return [sprite * 5 + PLACES.index("centre"), -1], with_article(name)

    def picture(self):
        """(layers, background, caption). A background that no word names is white."""
        layers, words = self.subject()
        colour = "white"
        if self.random.random() < 0.8:
            colour = self.one_of(list(COLOURS))
            in_words = f"on {with_article(colour)} background"
            words += f" {in_words}" if self.random.random() < 0.7 else f", {colour} background"
        if self.random.random() < 0.12:
            words = self.one_of(PREFIXES) + words
        if self.random.random() < 0.10:
            words += self.one_of(SUFFIXES)
        jitter = self.random.integers(-10, 11, 3)
        return layers, np.clip(np.array(COLOURS[colour]) + jitter, 0, 255), words


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=pathlib.Path, required=True, help="folder with tokenizer/")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--font", default="/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
    parser.add_argument("--emoji", type=pathlib.Path, default="/usr/share/unicode/emoji/emoji-test.txt")
    parser.add_argument("--pictures", type=int, default=320_000)
    args = parser.parse_args()

    font = ImageFont.truetype(args.font, 109, layout_engine=ImageFont.Layout.RAQM)
    (args.out / "sprites").mkdir(parents=True, exist_ok=True)
    names, groups = [], []
    for text, name, group in emoji(args.emoji):
        if sprite := draw_sprite(font, text):
            sprite.save(args.out / "sprites" / f"{len(names):04}.png")
            names.append(name)
            groups.append(group)
    (args.out / "sprites.json").write_text(json.dumps(names, indent=0, ensure_ascii=False))

    captions = Captions(names, groups, seed=20261124)
    pictures = [captions.picture() for _ in range(args.pictures)]
    tokenizer = CLIPTokenizer.from_pretrained(args.model / "tokenizer")
    ids = np.zeros((args.pictures, 24), np.uint16)
    for row, line in zip(ids, tokenizer([words for _, _, words in pictures]).input_ids):
        if len(line) > len(row):  # the end of a text too long for its row is cut, never the end token
            line = line[:len(row) - 1] + line[-1:]
        row[:len(line)] = line
    np.savez_compressed(args.out / "captions.npz", ids=ids,
                        layers=np.array([layers for layers, _, _ in pictures], np.int16),
                        background=np.array([colour for _, colour, _ in pictures], np.uint8))
    (args.out / "examples.txt").write_text("\n".join(words for _, _, words in pictures[:200]) + "\n")
    print(len(names), "sprites,", args.pictures, "captions,", len(np.unique(ids)), "tokens")


if __name__ == "__main__":
    main()
