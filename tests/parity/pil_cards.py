"""Cards as a Pillow program letters them, for tests/parity/test_card_pil.c to compare with.

    COVERLINE_SAMPLES=FOLDER python3 tests/parity/pil_cards.py

from the repository root writes golden/pil-cards.txt (the fonts' digests; of each title its lines, and the ink box of each
line and of the category) and golden/pil-cards-FONT.png (the cards, one below the other, grey). FOLDER, from the root too, has
fonts/selawk.ttf and selawksb.ttf. Pillow with Raqm, which is its default where it is built with it. The lines are broken here by
a reading of the paper of its own."""
import hashlib
import os

from PIL import Image, ImageDraw, ImageFont, __version__, features

SAMPLES = os.environ["COVERLINE_SAMPLES"]
FONTS = {
    "open-sans": ("/usr/share/fonts/truetype/open-sans/OpenSans-Semibold.ttf",
                  "/usr/share/fonts/truetype/open-sans/OpenSans-Regular.ttf"),
    "selawik": (SAMPLES + "/fonts/selawksb.ttf", SAMPLES + "/fonts/selawk.ttf"),
}
TITLES = [
    ("The most ridiculous thing you can be fined for in each state", "finance"),
    ("Storm hits the quiet coast as fishing towns wait", "weather"),
    ("Why \"jumping\" fjords, (Quartz) & Éclairs go AWAY — fly", "foodanddrink"),
    ("AVATAR To WAVE Ta LTV 'A' P. Ty Yo fj", "movies"),
    ("Offices fluffy waffle fix ffi ffl", "lifestyle"),
    ("$1,234.56 (up 7%) €99 £50 #1 @home 50° ½", "finance"),
    ("In Łódź, Ångström, façade, naïve: São Paulo's tram", "travel"),
    ("“He said ‘no’,” she said; it's 5' 11\" tall", "news"),
    ("IIIIII llllll iiiiii .... ''''", "tv"),
    ("mmmmmm WWWW @@ mm", "autos"),
    ("Jaguar quietly joins a big yellow taxi gang", "autos"),
    ("10 Best Places to See Fall Foliage, Ranked", "travel"),
    ("Senate votes 51-49 to end the shutdown", "news"),
    ("Ten things to know before you buy", "autos"),
    ("Five teams, one trophy: who wins it all", "sports"),
    ("Q&A: Dr. Kovacs on vaccines and travel", "health"),
    ("What a Tax Refund of $3,000 Could Buy You Today", "finance"),
    ("Zoo’s oldest gorilla turns 60, gets cake", "kids"),
    ("kinetic kayak kicks back", "video"),
    ("Type Two To-Do: 'Tis the Season to Vote", "lifestyle"),
]
SHEET = 8  # cards on the picture
X, TITLE_Y, CATEGORY_Y, GAP, WIDTH, HEIGHT = 227.725, 15, 142.5, 10.5, 615, 195
GOLDEN = "tests/parity/golden/"


def wrap(title):
    """Lines of at most 27 characters, broken at spaces. None of the titles above needs a cut."""
    lines = [""]
    for word in title.split():
        longer = (lines[-1] + " " + word).strip()
        if len(longer) <= 27:
            lines[-1] = longer
        else:
            lines.append(word)
    assert len(lines) <= 3 and all(lines), lines
    return lines


def ink(image):
    """Its dark pixels' box, and x1 and y1 beyond it."""
    return image.point(lambda v: 255 if v < 255 else 0).getbbox()


def letter(lines, font, y, colour):
    image = Image.new("L", (WIDTH, HEIGHT), 255)
    ImageDraw.Draw(image).multiline_text((X, y), "\n".join(lines), fill=colour, font=font, spacing=GAP)
    return image


def main():
    assert features.check("raqm"), "this Pillow has no Raqm"
    out = ["Written by tests/parity/pil_cards.py with Pillow %s, FreeType %s, Raqm %s." % (
        __version__, features.version("freetype2"), features.version("raqm"))]
    for name, paths in FONTS.items():
        digests = [hashlib.sha256(open(p, "rb").read()).hexdigest() for p in paths]
        title_font, category_font = ImageFont.truetype(paths[0], 27), ImageFont.truetype(paths[1], 24)
        sheet = Image.new("L", (WIDTH, HEIGHT * SHEET), 255)
        out.append("== %s %s %s" % (name, *digests))
        for i, (title, category) in enumerate(TITLES):
            lines, spelt = wrap(title), category.replace("foodanddrink", "food and drink")
            card = Image.new("RGB", (WIDTH, HEIGHT), "white")
            draw = ImageDraw.Draw(card)
            draw.multiline_text((X, TITLE_Y), "\n".join(lines), fill="#2b2b2b", font=title_font, spacing=GAP)
            draw.text((X, CATEGORY_Y), spelt, fill="#666666", font=category_font)
            sheet.paste(card.getchannel(0), (0, i * HEIGHT))
            out.append("%s\t%s" % (title, category))
            for k, line in enumerate(lines):
                alone = letter([""] * k + [line], title_font, TITLE_Y, 0x2b)
                out.append("line %d %d %d %d" % ink(alone))
            out.append("category %d %d %d %d" % ink(letter([spelt], category_font, CATEGORY_Y, 0x66)))
        sheet.save(GOLDEN + "pil-cards-%s.png" % name, optimize=True)
    with open(GOLDEN + "pil-cards.txt", "w", encoding="utf-8") as f:
        f.write("\n".join(out) + "\n")


if __name__ == "__main__":
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    main()
