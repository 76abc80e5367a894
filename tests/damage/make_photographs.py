"""Makes tests/goldens/photographs from pictures that packages ship (NOTICE names their licences).

    pip install -r tests/damage/requirements.txt matplotlib==3.10.3 scikit-learn==1.7.0
    pip download --no-deps scipy==1.9.3        # the last that ships the raccoon
    python tests/damage/make_photographs.py scipy-1.9.3-*.whl

Reduced by area or cut out, so that there are both sharp and soft pictures of several sizes.
"""
import bz2
import io
import pathlib
import sys
import zipfile

import cv2
import numpy as np

FOLDER = pathlib.Path(__file__).parent.parent / "goldens/photographs"


def package_file(package, path):
    module = __import__(package)
    return cv2.imread(str(pathlib.Path(module.__file__).parent / path), cv2.IMREAD_COLOR)


def raccoon(wheel):
    raw = bz2.decompress(zipfile.ZipFile(wheel).read("scipy/misc/face.dat"))
    return np.frombuffer(raw, np.uint8).reshape(768, 1024, 3)[..., ::-1]


def reduced(picture, width):
    height = round(picture.shape[0] * width / picture.shape[1])
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)


def cut(picture, x, y, width, height):
    return picture[y : y + height, x : x + width]


def main():
    skimage = lambda name: package_file("skimage", f"data/{name}")
    learn = lambda name: package_file("sklearn", f"datasets/images/{name}")
    pictures = {
        "astronaut": reduced(skimage("astronaut.png"), 320),
        "coffee": reduced(skimage("coffee.png"), 360),
        "china": cut(learn("china.jpg"), 120, 120, 360, 240),
        "chelsea": cut(skimage("chelsea.png"), 40, 20, 360, 250),
        "flower": reduced(learn("flower.jpg"), 384),
        "rocket": cut(skimage("rocket.jpg"), 128, 0, 512, 320),
        "hubble": cut(skimage("hubble_deep_field.jpg"), 300, 200, 288, 240),
        "brick": reduced(skimage("brick.png"), 256),
        "raccoon": reduced(raccoon(sys.argv[1]), 352),
        "hopper": reduced(package_file("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"), 300),
        "camera": reduced(skimage("camera.png"), 384),
        "retina": reduced(skimage("retina.jpg"), 320),
        "tissue": cut(skimage("ihc.png"), 100, 100, 256, 256),
        "gravel": cut(skimage("gravel.png"), 0, 0, 288, 256),
    }
    FOLDER.mkdir(exist_ok=True)
    for name, picture in pictures.items():
        cv2.imwrite(str(FOLDER / f"{name}.png"), picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    print(sum(f.stat().st_size for f in FOLDER.glob("*.png")), "bytes")


main()
