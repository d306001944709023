# ruff: noqa: E501 -- paths
"""Draws the store's pictures: ``python sandbox/store/pictures/draw.py`` writes the WebP files beside it.

Each is an SVG of 900 by 900: a wall, a table, and the thing itself. Chromium turns them into pixels and
Pillow into WebP; neither is needed to run the store, which has the results.
"""

from __future__ import annotations

import random
import shutil
import subprocess  # nosec B404  # (for the converter of pictures)
import tempfile
from math import cos, sin
from pathlib import Path
from typing import Final

from PIL import Image

HERE: Final = Path(__file__).resolve().parent
SIZE: Final = 900

#: Wall (lit, shaded) and table (near, far), by the mood of the picture.
MOODS: Final = {
    "cream": ("#f4ede1", "#e6dac6", "#d9c8ad", "#e2d4bc"),
    "fog": ("#dfe6e6", "#c6d1d1", "#a9b8b8", "#bac7c6"),
    "sage": ("#dde2d3", "#c6cfb8", "#a7b394", "#b6c1a5"),
    "blush": ("#f1e0d5", "#e3c8b8", "#cfa994", "#d9b8a5"),
    "dusk": ("#3d555b", "#26383d", "#1a2729", "#213134"),
}


def scene(mood: str, *things: str, light: tuple[int, int] = (280, 200)) -> str:
    """Put things, drawn from the back to the front, into a room."""
    lit, shaded, near, far = MOODS[mood]
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{SIZE}" height="{SIZE}" viewBox="0 0 900 900">
<defs>
  <radialGradient id="wall" gradientUnits="userSpaceOnUse" cx="{light[0]}" cy="{light[1]}" r="900">
    <stop offset="0" stop-color="{lit}"/><stop offset="1" stop-color="{shaded}"/></radialGradient>
  <linearGradient id="table" x1="0" y1="0" x2="0" y2="1">
    <stop offset="0" stop-color="{far}"/><stop offset="1" stop-color="{near}"/></linearGradient>
  <filter id="soft" x="-50%" y="-50%" width="200%" height="200%"><feGaussianBlur stdDeviation="16"/></filter>
  <filter id="softer" x="-80%" y="-80%" width="260%" height="260%"><feGaussianBlur stdDeviation="45"/></filter>
  <filter id="thin" x="-20%" y="-20%" width="140%" height="140%"><feGaussianBlur stdDeviation="5"/></filter>
</defs>
<rect width="900" height="900" fill="url(#wall)"/>
<rect y="655" width="900" height="245" fill="url(#table)"/>
<rect y="649" width="900" height="12" fill="{far}" opacity=".6" filter="url(#thin)"/>
{"".join(things)}
</svg>"""


def across(name: str, *stops: str) -> str:
    """Return a gradient from left to right, for what is round."""
    step = 1 / (len(stops) - 1)
    inner = "".join(f'<stop offset="{n * step:.3f}" stop-color="{stop}"/>' for n, stop in enumerate(stops))
    return f'<linearGradient id="{name}" x1="0" x2="1" y1="0" y2="0">{inner}</linearGradient>'


def down(name: str, *stops: str) -> str:
    """Return a gradient from top to bottom."""
    return across(name, *stops).replace('x1="0" x2="1" y1="0" y2="0"', 'x1="0" x2="0" y1="0" y2="1"')


def shadow(x: int, y: int, width: int, height: int = 26, strength: float = 0.3) -> str:
    """Return the shadow of what stands on the table, falling away from the light."""
    return (
        f'<ellipse cx="{x + width * 0.12:.0f}" cy="{y}" rx="{width}" ry="{height}" fill="#1d1a14" '
        f'opacity="{strength}" filter="url(#soft)"/>'
        f'<ellipse cx="{x}" cy="{y}" rx="{width * 0.86:.0f}" ry="{height * 0.45:.0f}" fill="#1d1a14" '
        f'opacity="{strength * 0.9:.2f}" filter="url(#thin)"/>'
    )


def glow(x: int, y: int, radius: int, strength: float = 0.55) -> str:
    """Return the light around a flame."""
    return (
        f'<defs><radialGradient id="glow{x}{y}"><stop offset="0" stop-color="#ffd588" stop-opacity="{strength}"/>'
        f'<stop offset=".45" stop-color="#ffc566" stop-opacity="{strength * 0.45:.2f}"/>'
        '<stop offset="1" stop-color="#ffc566" stop-opacity="0"/></radialGradient></defs>'
        f'<circle cx="{x}" cy="{y}" r="{radius}" fill="url(#glow{x}{y})"/>'
    )


def flame(x: int, y: int, size: float = 1.0) -> str:
    """Return a flame that stands on its wick at this place."""
    return f"""<g transform="translate({x} {y}) scale({size})">
<path d="M0 6 V-20" stroke="#3a2c20" stroke-width="5" stroke-linecap="round"/>
<path d="M0 -112 C30 -72 34 -42 22 -20 C12 -4 -12 -4 -22 -20 C-34 -42 -26 -72 0 -112Z" fill="#f3a33a"/>
<path d="M0 -92 C20 -64 23 -42 15 -24 C8 -12 -8 -12 -15 -24 C-23 -42 -18 -64 0 -92Z" fill="#ffd56b"/>
<path d="M0 -62 C11 -46 12 -34 8 -24 C4 -17 -4 -17 -8 -24 C-12 -34 -10 -46 0 -62Z" fill="#fff6d8"/>
</g>"""


def sprig(x: int, y: int, turn: int, size: float = 1.0, colour: str = "#3f5a45") -> str:
    """Return a twig of spruce."""
    needles = "".join(
        f'<path d="M{n * 13} 0 L{n * 13 + 26} {-44 + n * 2} M{n * 13} 0 L{n * 13 + 26} {44 - n * 2}"/>'
        for n in range(1, 18)
    )
    return (
        f'<g transform="translate({x} {y}) rotate({turn}) scale({size})" stroke="{colour}" '
        f'stroke-linecap="round" stroke-width="7" fill="none">{needles}'
        '<path d="M-20 0 H250" stroke="#6b4f35" stroke-width="8"/></g>'
    )


def pillar(x: int, top: int, bottom: int, radius: int, wax: tuple[str, str, str, str]) -> str:
    """Return a lit pillar candle: left, middle and right of its wax, and the pool at its top."""
    left, middle, right, pool = wax
    name = f"wax{x}"
    ry = radius * 0.2
    return f"""<defs>{across(name, left, middle, right)}</defs>
{shadow(x, bottom + 8, radius + 26)}
<path d="M{x - radius} {top} V{bottom} A{radius} {ry} 0 0 0 {x + radius} {bottom} V{top}Z" fill="url(#{name})"/>
<ellipse cx="{x}" cy="{top}" rx="{radius}" ry="{ry}" fill="{pool}"/>
<ellipse cx="{x}" cy="{top + 3}" rx="{radius * 0.74:.0f}" ry="{ry * 0.66:.0f}" fill="#ffe9b3" opacity=".75"/>
<path d="M{x - radius + 20} {top + 14} c2 40 -4 62 6 84 c9 16 18 4 16 -14 c-2 -24 0 -40 2 -62Z"
  fill="{pool}" opacity=".55"/>
<rect x="{x - radius}" y="{top}" width="{radius * 2}" height="{(bottom - top) * 0.5:.0f}" fill="url(#lit{x})"/>
<defs>{down(f"lit{x}", "#ffd98a88", "#ffd98a00")}</defs>
{glow(x, top - 50, 190, 0.6)}{flame(x, top, 0.9)}"""


def lantern() -> str:
    return scene(
        "dusk",
        glow(450, 480, 430, 0.75),
        '<ellipse cx="450" cy="720" rx="330" ry="60" fill="#ffc869" opacity=".35" filter="url(#soft)"/>',
        shadow(450, 718, 190, 22, 0.55),
        f"""<defs>{down("glass", "#ffe3a3", "#ffc766", "#f0a747")}{across("iron", "#45565a", "#141b1d", "#2d3a3d")}
{across("wick", "#fff3d6", "#ffe6b0", "#e8c07c")}</defs>
<circle cx="450" cy="164" r="62" fill="none" stroke="#1a2224" stroke-width="13"/>
<path d="M394 140 a62 62 0 0 1 62 -38" fill="none" stroke="#5b6f74" stroke-width="5" stroke-linecap="round"/>
<path d="M412 222 h76 l10 40 h-96Z" fill="url(#iron)"/>
<path d="M385 258 h130 l96 92 h-322Z" fill="url(#iron)"/>
<path d="M385 258 h40 l-70 92 h-66Z" fill="#ffffff" opacity=".08"/>
<rect x="311" y="350" width="278" height="318" fill="url(#glass)" opacity=".92"/>
<circle cx="450" cy="500" r="120" fill="#fff7dc" opacity=".75" filter="url(#softer)"/>
<path d="M398 560 v96 h104 v-96Z" fill="url(#wick)"/><ellipse cx="450" cy="560" rx="52" ry="12" fill="#fff8e2"/>
{flame(450, 558, 0.95)}
<path d="M330 362 l70 0 l-70 150Z" fill="#fff" opacity=".3"/>
<path d="M560 640 l0 -150 l-66 150Z" fill="#fff" opacity=".14"/>
<rect x="296" y="344" width="308" height="20" fill="url(#iron)"/>
<rect x="304" y="350" width="20" height="330" fill="#1b2426"/><rect x="576" y="350" width="20" height="330" fill="#12191b"/>
<rect x="308" y="364" width="5" height="306" fill="#53666b"/>
<rect x="443" y="364" width="10" height="48" fill="#1b2426" opacity=".8"/>
<path d="M324 460 h252" stroke="#1b2426" stroke-width="7" opacity=".55"/>
<rect x="286" y="664" width="328" height="30" fill="url(#iron)"/>
<rect x="306" y="694" width="34" height="20" fill="#11181a"/><rect x="560" y="694" width="34" height="20" fill="#11181a"/>""",
        light=(450, 420),
    )


def candle_ivory() -> str:
    return scene(
        "cream",
        f"""<defs>{across("dish", "#9a8f80", "#c9bfae", "#8b8071")}</defs>
{shadow(450, 742, 235, 30)}
<ellipse cx="450" cy="722" rx="218" ry="44" fill="url(#dish)"/><ellipse cx="450" cy="712" rx="206" ry="37" fill="#d6ccbc"/>
<ellipse cx="450" cy="715" rx="170" ry="27" fill="#bdb2a0"/>""",
        pillar(450, 300, 706, 108, ("#fffaf0", "#f4e8cf", "#cdb98f", "#fdf4de")),
    )


def candle_spruce() -> str:
    green = ("#6c8a70", "#47664e", "#263c2e", "#7c9a7c")
    return scene(
        "sage",
        pillar(345, 300, 690, 92, green),
        sprig(470, 760, -12, 1.15),
        pillar(565, 466, 716, 92, green),
        sprig(300, 800, 8, 0.9, "#4d6b50"),
    )


def tapers() -> str:
    def taper(x: int, lean: float) -> str:
        return f"""<g transform="rotate({lean} 450 190)">
<path d="M{x - 11} 300 C{x - 22} 420 {x - 32} 620 {x - 33} 742 Q{x} 772 {x + 33} 742 C{x + 32} 620 {x + 22} 420 {x + 11} 300
Q{x} 282 {x - 11} 300Z" fill="url(#honey)"/>
<path d="M{x - 14} 380 C{x - 20} 480 {x - 24} 600 {x - 24} 720" stroke="#ffeab0" stroke-width="7" opacity=".7"
  fill="none" stroke-linecap="round"/>
<path d="M{x - 27} 520 q27 12 55 0 M{x - 31} 640 q31 14 62 0 M{x - 20} 410 q20 9 41 0" stroke="#9a6413" opacity=".22"
  stroke-width="5" fill="none"/></g>"""

    return f"""{
        scene(
            "blush",
            f'''<defs>{across("honey", "#f6ce6e", "#dfa238", "#a8701c")}{down("wood", "#c89a6b", "#8c6239")}</defs>
<rect y="655" width="900" height="245" fill="#e3c8b8"/><rect y="640" width="900" height="260" fill="url(#wall)"/>
<g opacity=".22" filter="url(#soft)" transform="translate(46 34)"><path d="M380 300 L352 750 h66Z M520 300 L490 750 h66Z"/>
<rect x="150" y="140" width="600" height="34"/></g>
<rect x="120" y="128" width="660" height="40" rx="6" fill="url(#wood)"/>
<path d="M130 140 h640 M130 154 h500" stroke="#6d4a28" opacity=".25" stroke-width="3"/>
<circle cx="250" cy="148" r="17" fill="#e0bb8e"/><circle cx="650" cy="148" r="17" fill="#e0bb8e"/>
<path d="M450 168 v10" stroke="#c9a45c" stroke-width="26" stroke-linecap="round"/>
<circle cx="450" cy="182" r="20" fill="#e0bb8e"/><circle cx="445" cy="177" r="8" fill="#f2d8b4"/>
<path d="M384 306 C392 236 420 186 450 180 C480 186 508 236 516 306" fill="none" stroke="#f3e6cc" stroke-width="8"
  stroke-linecap="round"/>'''
            + taper(380, 1.5)
            + taper(520, -1.5),
        )
    }"""


def mug() -> str:
    chance = random.Random(7)  # nosec B311  # noqa: S311 -- speckles
    speckles = "".join(
        f'<circle cx="{chance.uniform(288, 572):.0f}" cy="{chance.uniform(380, 690):.0f}" '
        f'r="{chance.uniform(1.2, 4.2):.1f}" fill="#e9eef2" opacity="{chance.uniform(0.5, 0.95):.2f}"/>'
        for _ in range(170)
    )
    return scene(
        "fog",
        shadow(440, 722, 200, 28),
        f"""<defs>{across("enamel", "#48648a", "#24395a", "#131f36")}{across("inside", "#0f1a2e", "#2c4368", "#3f5b85")}
<clipPath id="body"><path d="M272 356 L290 690 Q292 722 330 724 H530 Q568 722 570 690 L588 356Z"/></clipPath></defs>
<path d="M578 430 C700 410 712 610 572 620" fill="none" stroke="#16243d" stroke-width="34" stroke-linecap="round"/>
<path d="M580 424 C690 410 700 590 590 608" fill="none" stroke="#5a789f" stroke-width="7" stroke-linecap="round" opacity=".8"/>
<path d="M272 356 L290 690 Q292 722 330 724 H530 Q568 722 570 690 L588 356Z" fill="url(#enamel)"/>
<g clip-path="url(#body)">{speckles}</g>
<path d="M306 400 L320 670" stroke="#8aa5c7" stroke-width="20" stroke-linecap="round" opacity=".45"/>
<ellipse cx="430" cy="356" rx="162" ry="36" fill="#f1f0ea"/><ellipse cx="430" cy="358" rx="150" ry="29" fill="url(#inside)"/>
<ellipse cx="430" cy="368" rx="136" ry="20" fill="#3b2416"/><path d="M318 364 a130 18 0 0 1 110 -13" stroke="#8a5c3c"
  stroke-width="6" fill="none" stroke-linecap="round" opacity=".8"/>
<g fill="none" stroke="#ffffff" stroke-width="16" stroke-linecap="round" opacity=".55" filter="url(#thin)">
<path d="M370 320 c-34 -46 34 -78 0 -132"/><path d="M432 310 c-36 -52 40 -88 4 -150"/>
<path d="M494 320 c-32 -44 34 -76 2 -126"/></g>""",
    )


def kettle() -> str:
    return scene(
        "blush",
        shadow(455, 738, 250, 30, 0.34),
        f"""<defs>{across("copper", "#f0b48b", "#c8764a", "#8a4526", "#b5673e")}{across("lid", "#f5c39d", "#c8764a", "#7d3d20")}
{across("grip", "#8a6542", "#4b321c")}</defs>
<path d="M330 330 C300 120 640 120 610 330" fill="none" stroke="#3a2e28" stroke-width="15"/>
<path d="M400 172 C430 158 510 158 540 172" fill="none" stroke="url(#grip)" stroke-width="34" stroke-linecap="round"/>
<path d="M340 470 C270 470 250 380 196 330 L156 350 C190 430 210 590 330 620Z" fill="url(#copper)"/>
<path d="M196 330 L156 350" stroke="#ffd9bb" stroke-width="9" stroke-linecap="round"/>
<path d="M352 330 H588 L686 700 Q690 734 650 738 H290 Q250 734 254 700Z" fill="url(#copper)"/>
<path d="M378 350 L300 700" stroke="#ffe1c6" stroke-width="22" stroke-linecap="round" opacity=".5"/>
<path d="M620 470 L664 690" stroke="#5d2c15" stroke-width="18" stroke-linecap="round" opacity=".28"/>
<path d="M262 676 H678" stroke="#7d3d20" stroke-width="6" opacity=".5"/>
<path d="M334 330 Q470 250 606 330 Q470 352 334 330Z" fill="url(#lid)"/>
<path d="M334 330 Q470 356 606 330" fill="none" stroke="#7d3d20" stroke-width="6"/>
<circle cx="470" cy="268" r="22" fill="#4b321c"/><circle cx="464" cy="261" r="8" fill="#a27d56"/>
<circle cx="332" cy="332" r="15" fill="#3a2e28"/><circle cx="608" cy="332" r="15" fill="#3a2e28"/>""",
    )


def board() -> str:
    grain = "".join(
        f'<path d="M{300 + n * 34} 330 C{285 + n * 34 + 22 * sin(n):.0f} 470 {318 + n * 34 + 18 * cos(n):.0f} 590 '
        f'{300 + n * 34} 760" />'
        for n in range(10)
    )
    return scene(
        "fog",
        shadow(470, 760, 230, 26, 0.3),
        f"""<defs>{across("birch", "#f2ddb8", "#e4c592", "#c99f66")}
<clipPath id="plank"><path d="M285 300 Q285 268 318 268 H400 V140 Q400 100 450 100 Q500 100 500 140 V268 H582 Q615 268 615 300
V726 Q615 760 582 760 H318 Q285 760 285 726Z"/></clipPath></defs>
<g transform="rotate(-4 450 700)">
<path transform="translate(26 14)" d="M285 300 Q285 268 318 268 H400 V140 Q400 100 450 100 Q500 100 500 140 V268 H582 Q615 268 615 300
V726 Q615 760 582 760 H318 Q285 760 285 726Z" fill="#1d1a14" opacity=".25" filter="url(#soft)"/>
<path transform="translate(10 2)" d="M285 300 Q285 268 318 268 H400 V140 Q400 100 450 100 Q500 100 500 140 V268 H582 Q615 268 615 300
V726 Q615 760 582 760 H318 Q285 760 285 726Z" fill="#a67c46"/>
<g clip-path="url(#plank)"><rect x="280" y="90" width="340" height="680" fill="url(#birch)"/>
<g fill="none" stroke="#a9793d" stroke-width="4" opacity=".34">{grain}
<path d="M430 560 q30 -44 62 0 q-30 46 -62 0Z M414 560 q46 -74 94 0 q-46 76 -94 0Z"/>
<path d="M430 110 C424 190 440 230 420 330 M470 110 C476 190 458 230 480 330"/></g>
<rect x="285" y="268" width="14" height="500" fill="#fff" opacity=".35"/></g>
<circle cx="450" cy="152" r="17" fill="#8b98985c"/><circle cx="450" cy="152" r="17" fill="#7d6138"/>
<path d="M450 152 C404 110 420 48 450 44 C480 48 496 110 450 152" fill="none" stroke="#7b4a2b" stroke-width="10"/>
</g>""",
        """<g transform="translate(640 712)"><ellipse cx="46" cy="44" rx="92" ry="16" fill="#1d1a14" opacity=".28" filter="url(#thin)"/>
<circle cx="20" cy="2" r="38" fill="#b3202c"/><circle cx="84" cy="8" r="34" fill="#a01823"/><circle cx="52" cy="24" r="30" fill="#c62f38"/>
<circle cx="8" cy="-12" r="9" fill="#fff" opacity=".45"/><circle cx="74" cy="-4" r="8" fill="#fff" opacity=".4"/>
<circle cx="44" cy="14" r="7" fill="#fff" opacity=".4"/>
<path d="M50 -30 q44 -40 78 -4 q-40 26 -78 4Z" fill="#4d6b50"/></g>""",
    )


def blanket() -> str:
    def fold(x: int, y: int, width: int, height: int, tone: float) -> str:
        return (
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{height / 2:.0f}" fill="url(#check)"/>'
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{height / 2:.0f}" fill="url(#round)"/>'
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{height / 2:.0f}" fill="#2b0c10" opacity="{tone}"/>'
        )

    fringe = "".join(
        f'<path d="M{250 + n * 20} 640 q{(-1) ** n * 5} 46 {(-1) ** n * 3} 92" />' for n in range(21)
    )
    return scene(
        "cream",
        shadow(450, 752, 310, 32, 0.34),
        f"""<defs><pattern id="check" width="88" height="88" patternUnits="userSpaceOnUse">
<rect width="88" height="88" fill="#f0e3d2"/><rect width="44" height="88" fill="#b23a40" opacity=".72"/>
<rect width="88" height="44" fill="#b23a40" opacity=".72"/><rect x="62" width="6" height="88" fill="#8b1f2a" opacity=".5"/>
<rect y="62" width="88" height="6" fill="#8b1f2a" opacity=".5"/></pattern>
{down("round", "#ffffff44", "#ffffff00", "#2b0c1077")}{down("drape", "#ffffff22", "#2b0c1000", "#2b0c1033")}</defs>""",
        fold(176, 668, 560, 82, 0.12),
        fold(166, 588, 574, 86, 0.06),
        fold(176, 508, 558, 86, 0.02),
        fold(190, 428, 536, 86, 0.0),
        f"""<path d="M236 446 Q236 404 280 400 H640 Q668 404 668 446 V640 H236Z" fill="url(#check)"/>
<path d="M236 446 Q236 404 280 400 H640 Q668 404 668 446 V640 H236Z" fill="url(#drape)"/>
<path d="M236 640 V446 M668 640 V446" stroke="#5a1119" stroke-width="4" opacity=".35"/>
<g fill="none" stroke="#b8474b" stroke-width="8" stroke-linecap="round">{fringe}</g>
<g fill="none" stroke="#f0e3d2" stroke-width="3" stroke-linecap="round" opacity=".7">{fringe}</g>""",
    )


def towels() -> str:
    def towel(x: int, width: int, bottom: int, stripe: str, shade: str) -> str:
        weave = "".join(
            f'<path d="M{x + n} 262 V{bottom}" stroke="{shade}" stroke-width="2" opacity=".22"/>'
            for n in range(8, width, 9)
        )
        return f"""<rect x="{x + 18}" y="270" width="{width}" height="{bottom - 262}" fill="#1d1a14" opacity=".22" filter="url(#soft)"/>
<path d="M{x} 246 Q{x} 226 {x + 14} 226 H{x + width - 14} Q{x + width} 226 {x + width} 246 V{bottom} H{x}Z" fill="#efe5d2"/>
{weave}<rect x="{x}" y="{bottom - 150}" width="{width}" height="26" fill="{stripe}"/>
<rect x="{x}" y="{bottom - 112}" width="{width}" height="8" fill="{stripe}"/>
<rect x="{x}" y="{bottom - 92}" width="{width}" height="8" fill="{stripe}"/>
<rect x="{x + width * 0.12:.0f}" y="300" width="{width * 0.09:.0f}" height="{bottom - 300}" fill="#fff" opacity=".35" filter="url(#thin)"/>
<rect x="{x + width * 0.55:.0f}" y="300" width="{width * 0.1:.0f}" height="{bottom - 300}" fill="{shade}" opacity=".35" filter="url(#thin)"/>
<rect x="{x + width - 20}" y="240" width="20" height="{bottom - 240}" fill="{shade}" opacity=".3"/>
<rect x="{x}" y="{bottom - 14}" width="{width}" height="14" fill="{shade}" opacity=".35"/>"""

    return scene(
        "sage",
        f"""<defs>{down("dowel", "#d9b284", "#96683b")}</defs><rect y="640" width="900" height="260" fill="url(#wall)"/>
<path d="M196 150 v92 M704 150 v92" stroke="#4a3524" stroke-width="9"/>
<circle cx="196" cy="150" r="13" fill="#4a3524"/><circle cx="704" cy="150" r="13" fill="#4a3524"/>""",
        towel(232, 210, 760, "#3f5a72", "#b8a888"),
        towel(468, 200, 690, "#a8373e", "#b8a888"),
        """<rect x="130" y="214" width="640" height="30" rx="15" fill="url(#dowel)" opacity=".98"/>
<path d="M150 222 h600" stroke="#f3d9b4" stroke-width="5" opacity=".7" stroke-linecap="round"/>
<path d="M232 232 q105 -26 210 0 v36 h-210Z" fill="#f4ebda"/><path d="M468 232 q100 -26 200 0 v36 h-200Z" fill="#f4ebda"/>
<path d="M232 266 h210 M468 266 h200" stroke="#b8a888" stroke-width="4" opacity=".5"/>""",
    )


def rucksack() -> str:
    def strap(x: int) -> str:
        return f"""<path d="M{x} 330 V640" stroke="#6d3f22" stroke-width="32"/><path d="M{x - 10} 336 V636" stroke="#9a6238" stroke-width="5"/>
<rect x="{x - 30}" y="520" width="60" height="46" rx="8" fill="none" stroke="#d9b36a" stroke-width="9"/>
<path d="M{x} 516 v34" stroke="#d9b36a" stroke-width="7" stroke-linecap="round"/>"""

    return scene(
        "fog",
        shadow(450, 768, 270, 32, 0.36),
        f"""<defs>{across("canvas", "#8b8a5c", "#6d6d45", "#484a2d")}{down("flap", "#9a9a69", "#75754b")}</defs>
<path d="M400 210 C400 130 500 130 500 210" fill="none" stroke="#6d3f22" stroke-width="22"/>
<path d="M236 420 Q196 560 226 700 L262 740 V400Z" fill="#4d3a20"/><path d="M664 420 Q704 560 674 700 L638 740 V400Z" fill="#3d2d18"/>
<path d="M262 330 Q250 220 360 206 H540 Q650 220 638 330 L664 716 Q664 768 610 770 H290 Q236 768 236 716Z" fill="url(#canvas)"/>
<path d="M250 560 Q250 540 276 540 H624 Q650 540 650 560 L656 716 Q656 756 612 758 H288 Q244 756 244 716Z" fill="#5f6039"/>
<path d="M262 566 H638" stroke="#a9a978" stroke-width="4" stroke-dasharray="12 8" opacity=".8"/>
<path d="M256 720 q194 40 388 0" stroke="#35371f" stroke-width="5" fill="none" opacity=".5"/>
<path d="M248 300 Q244 196 360 188 H540 Q656 196 652 300 L646 446 Q644 484 606 486 H294 Q256 484 254 446Z" fill="url(#flap)"/>
<path d="M272 300 Q270 222 362 212 H538 Q630 222 628 300 L624 440 Q622 462 600 464 H300 Q278 462 276 440Z" fill="none"
  stroke="#b8b886" stroke-width="4" stroke-dasharray="12 8" opacity=".7"/>
<path d="M280 250 Q310 214 370 212" stroke="#c9c99a" stroke-width="12" fill="none" stroke-linecap="round" opacity=".6"/>""",
        strap(350),
        strap(550),
        """<path d="M420 300 h60 v44 q-30 26 -60 0Z" fill="#6d3f22"/><path d="M450 308 l8 14 h-5 l8 12 h-22 l8 -12 h-5Z" fill="#d9b36a"/>""",
    )


def cap() -> str:
    ribs = "".join(
        f'<path d="M450 196 C{450 + (n - 7) * 30} 220 {450 + (n - 7) * 43} 380 {450 + (n - 7) * 38} 560"/>'
        for n in range(1, 14)
    )
    cuff = "".join(f'<path d="M{196 + n * 24} {556 - abs(n - 10.5) * 1.2:.0f} v152"/>' for n in range(1, 22))
    return scene(
        "blush",
        shadow(450, 720, 280, 30, 0.32),
        f"""<defs>{across("wool", "#e9b44f", "#cf8f2b", "#935c14")}{across("turn", "#f0c064", "#d89a35", "#9c6418")}</defs>
<path d="M222 580 C206 380 300 190 450 190 C600 190 694 380 678 580Z" fill="url(#wool)"/>
<defs><clipPath id="dome"><path d="M222 580 C206 380 300 190 450 190 C600 190 694 380 678 580Z"/></clipPath></defs>
<g clip-path="url(#dome)" fill="none"><g stroke="#7c4a0c" stroke-width="9" opacity=".33">{ribs}</g>
<g stroke="#ffe3a0" stroke-width="4" opacity=".45" transform="translate(-9 0)">{ribs}</g></g>
<path d="M206 560 Q450 500 694 560 Q712 566 710 590 L704 690 Q702 716 680 718 Q450 748 220 718 Q198 716 196 690 L190 590
Q188 566 206 560Z" fill="url(#turn)"/>
<g fill="none" stroke="#7c4a0c" stroke-width="9" opacity=".36" stroke-linecap="round">{cuff}</g>
<g fill="none" stroke="#fff0bf" stroke-width="4" opacity=".5" transform="translate(-8 0)">{cuff}</g>
<path d="M206 560 Q450 500 694 560" fill="none" stroke="#6d400a" stroke-width="8" opacity=".35" filter="url(#thin)"/>
<rect x="560" y="612" width="86" height="62" rx="5" fill="#5c3b20"/><path d="M603 622 l11 17 h-7 l11 16 h-30 l11 -16 h-7Z" fill="#e7c98d"/>""",
    )


def spruces(places: tuple[tuple[int, int, int], ...], colour: str) -> str:
    return "".join(
        f'<path d="M{x} {y - h} l{h * 0.17:.0f} {h * 0.36:.0f} h{-h * 0.07:.0f} l{h * 0.15:.0f} {h * 0.32:.0f} h{-h * 0.08:.0f} '
        f"l{h * 0.14:.0f} {h * 0.32:.0f} h{-h * 0.62:.0f} l{h * 0.14:.0f} {-h * 0.32:.0f} h{-h * 0.08:.0f} "
        f'l{h * 0.15:.0f} {-h * 0.32:.0f} h{-h * 0.07:.0f}Z" fill="{colour}"/>'
        for x, y, h in places
    )


def book_cabin() -> str:
    return scene(
        "sage",
        shadow(470, 772, 260, 28, 0.36),
        f"""<defs><clipPath id="cover"><rect x="262" y="150" width="400" height="610" rx="6"/></clipPath>
{down("sky", "#2c4a5a", "#6d8f96", "#e8c9a8")}</defs>
<path d="M662 164 l34 18 v566 l-34 12Z" fill="#efe7d6"/><path d="M670 170 v584 M678 174 v576 M686 178 v570" stroke="#cfc3ab" stroke-width="2"/>
<path d="M662 150 l38 20 v12 l-38 -18Z M662 760 l38 -12 v-10 l-38 10Z" fill="#1c3340"/>
<g clip-path="url(#cover)"><rect x="262" y="150" width="400" height="610" fill="url(#sky)"/>
<circle cx="560" cy="420" r="44" fill="#f7e3c0" opacity=".9"/>
<path d="M240 560 L340 430 L420 520 L520 400 L690 580 V780 H240Z" fill="#50717a"/>
<path d="M240 600 L330 540 L470 590 L600 530 L690 590 V780 H240Z" fill="#37555a"/>
{spruces(((300, 640, 130), (345, 650, 100), (610, 640, 150), (570, 650, 100)), "#20393b")}
<path d="M240 640 Q450 590 690 650 V780 H240Z" fill="#f3efe6"/>
<path d="M404 566 h116 v84 h-116Z" fill="#a3322f"/><path d="M388 570 L462 506 L536 570Z" fill="#3a2a2a"/>
<path d="M404 566 h116 v10 h-116Z" fill="#7c2422"/><rect x="424" y="594" width="30" height="30" fill="#ffd98a" stroke="#f3efe6" stroke-width="5"/>
<rect x="476" y="596" width="28" height="54" fill="#f3efe6"/><rect x="490" y="500" width="18" height="44" fill="#5a4440"/>
<path d="M499 496 c-16 -26 22 -36 2 -66" stroke="#f3efe6" stroke-width="9" fill="none" opacity=".6" stroke-linecap="round"/>
<g font-family="'Liberation Serif', Georgia, serif" fill="#f8f1e2" text-anchor="middle">
<text x="466" y="236" font-size="62">A Year</text><text x="466" y="300" font-size="62">at the Cabin</text>
<text x="466" y="722" font-size="26" fill="#3a4a4c" letter-spacing="5">MAJA ASPLUND</text></g>
<rect x="262" y="150" width="26" height="610" fill="#11222b" opacity=".35"/><rect x="292" y="150" width="4" height="610" fill="#fff" opacity=".2"/>
</g>""",
    )


def book_knots() -> str:
    return scene(
        "cream",
        shadow(465, 772, 240, 26, 0.36),
        """<g transform="rotate(-3 450 760)"><rect x="258" y="130" width="396" height="634" rx="34" fill="#23282b"/>
<rect x="262" y="134" width="388" height="626" rx="31" fill="none" stroke="#4b5458" stroke-width="4"/>
<rect x="288" y="172" width="336" height="532" rx="4" fill="#ece6d8"/>
<rect x="312" y="196" width="288" height="484" fill="none" stroke="#2f4a52" stroke-width="4"/>
<g font-family="'Liberation Serif', Georgia, serif" fill="#2f4a52" text-anchor="middle">
<text x="456" y="270" font-size="58">Knots</text><text x="456" y="316" font-size="32" font-style="italic">for cold hands</text>
<text x="456" y="652" font-size="20" letter-spacing="4">ELIN FORS</text></g>
<g fill="none" stroke-linecap="round">
<g stroke="#2f4a52" stroke-width="34"><path d="M340 470 C400 470 420 400 470 400 C530 400 530 500 470 500 C420 500 400 440 340 436"/>
<path d="M572 436 C512 436 492 500 442 500 C382 500 382 400 442 400 C492 400 512 470 572 470"/></g>
<g stroke="#c9a46a" stroke-width="22"><path d="M340 470 C400 470 420 400 470 400 C530 400 530 500 470 500 C420 500 400 440 340 436"/></g>
<g stroke="#a8373e" stroke-width="22"><path d="M572 436 C512 436 492 500 442 500 C382 500 382 400 442 400 C492 400 512 470 572 470"/></g>
<path d="M470 400 C500 400 518 424 518 450" stroke="#2f4a52" stroke-width="34"/><path d="M466 400 C500 400 518 424 518 452" stroke="#c9a46a" stroke-width="22"/>
</g>
<circle cx="456" cy="734" r="12" fill="#3a4246"/><path d="M288 172 h336 L288 600Z" fill="#fff" opacity=".12"/></g>""",
    )


PICTURES: Final = {
    "lantern": lantern,
    "candle-ivory": candle_ivory,
    "candle-spruce": candle_spruce,
    "tapers": tapers,
    "mug": mug,
    "kettle": kettle,
    "board": board,
    "blanket": blanket,
    "towels": towels,
    "rucksack": rucksack,
    "cap": cap,
    "book-cabin": book_cabin,
    "book-knots": book_knots,
}


def render(svg: str, target: Path) -> None:
    """Turn a drawing into a WebP file."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome") or "chromium-browser"
    with tempfile.TemporaryDirectory() as folder:
        page, shot = Path(folder, "drawing.html"), Path(folder, "drawing.png")
        page.write_text(f"<!doctype html><style>body{{margin:0}}svg{{display:block}}</style>{svg}")
        subprocess.run(  # nosec B603  # noqa: S603
            [
                chromium,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                f"--window-size={SIZE},{SIZE}",
                f"--screenshot={shot}",
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
        )
        with Image.open(shot) as image:
            image.convert("RGB").save(target, quality=86, method=6)


if __name__ == "__main__":
    for name, draw in PICTURES.items():
        render(draw(), HERE / f"{name}.webp")
