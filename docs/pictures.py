"""Makes the how-tos' pictures of the dashboard from what ``make browser`` has left in build/screenshots."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

DOCS = Path(__file__).parent
SCREENSHOTS = DOCS.parent / "build" / "screenshots"
#: How high Oscar's own bars are, which are left out.
BARS = 100
#: A picture, and how much of the page it shows at most, in pixels from the top.
PICTURES = {
    "staff-list": 1000,
    "staff-payment-refunded": 940,
    "staff-paid-twice": 660,
    "staff-refund-part": 1050,
    "staff-reconciliation": 720,
}


def main() -> None:
    """Crop each, and leave it as many colours as it needs."""
    for name, height in PICTURES.items():
        with Image.open(SCREENSHOTS / f"{name}.png") as page:
            shown = page.convert("RGB").crop((0, BARS, page.width, min(page.height, height)))
        few = shown.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(DOCS / "_static" / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
