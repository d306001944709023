"""What the store sells: departments, products, the voucher and the offer.

Titles and descriptions are English here and in the database, and Swedish in ``store/locale``. Oscar shows
the names of offers and vouchers as they stand in the database, so those are in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext_noop as _


@dataclass(frozen=True, slots=True)
class Kind:
    """A product class: ``slug`` decides the VAT rate."""

    slug: str
    name: str
    is_shipped: bool = True
    has_stock: bool = True


@dataclass(frozen=True, slots=True)
class Department:
    """A category of the catalogue."""

    slug: str
    name: str
    description: str
    picture: str


@dataclass(frozen=True, slots=True)
class Product:
    """Something to buy; ``price`` is in SEK and includes VAT, ``picture`` is a file in ``store/pictures``."""

    upc: str
    title: str
    department: str
    price: Decimal
    picture: str
    description: str
    kind: str = "homeware"
    stock: int = 40


KINDS: Final = (
    Kind("homeware", _("Homeware")),
    Kind("book", _("Book")),
    Kind("e-book", _("E-book"), is_shipped=False, has_stock=False),
)

DEPARTMENTS: Final = (
    Department("light", _("Light"), _("Lanterns and candles for the long evenings."), "lantern"),
    Department("kitchen", _("Kitchen"), _("For the stove, the table and the open fire."), "mug"),
    Department("textiles", _("Textiles"), _("Wool and linen that get better with the years."), "blanket"),
    Department("outdoors", _("Outdoors"), _("What you want in your pack when the road ends."), "rucksack"),
    Department("books", _("Books"), _("Read by the fire, or on the way there."), "book-cabin"),
)

PRODUCTS: Final = (
    Product(
        "NL-101",
        _("Holmen lantern"),
        "light",
        Decimal("449.00"),
        "lantern",
        _("Powder-coated steel and glass on all sides. Burns out of the wind, on the steps or the table."),
    ),
    Product(
        "NL-102",
        _("Pillar candle, ivory"),
        "light",
        Decimal("69.00"),
        "candle-ivory",
        _("Pure stearin that burns for forty hours, with a cotton wick and no scent."),
        stock=200,
    ),
    Product(
        "NL-103",
        _("Pillar candle, spruce"),
        "light",
        Decimal("69.00"),
        "candle-spruce",
        _("Dyed all the way through in the green of old spruces. Burns for forty hours."),
        stock=200,
    ),
    Product(
        "NL-104",
        _("Beeswax tapers, a pair"),
        "light",
        Decimal("89.00"),
        "tapers",
        _("Dipped by hand and left joined at the wick. They smell of honey before they are lit."),
        stock=120,
    ),
    Product(
        "NL-201",
        _("Enamel mug, midnight"),
        "kitchen",
        Decimal("149.00"),
        "mug",
        _("Holds three decilitres of coffee and stands in the embers. Every chip has a story."),
    ),
    Product(
        "NL-202",
        _("Boiled-coffee kettle"),
        "kitchen",
        Decimal("599.00"),
        "kettle",
        _("A litre and a half, with a long spout that keeps the grounds in. For stove and open fire."),
        stock=15,
    ),
    Product(
        "NL-203",
        _("Birch cutting board"),
        "kitchen",
        Decimal("299.00"),
        "board",
        _("One plank of slow-grown birch, oiled with linseed. A leather loop to hang it by."),
    ),
    Product(
        "NL-301",
        _("Wool blanket, lingonberry"),
        "textiles",
        Decimal("899.00"),
        "blanket",
        _("Woven from Swedish wool, washed soft, 130 by 180 centimetres, with a fringe at both ends."),
        stock=25,
    ),
    Product(
        "NL-302",
        _("Linen tea towels, two"),
        "textiles",
        Decimal("199.00"),
        "towels",
        _("Half-bleached linen with a woven stripe. They dry glass without a trace."),
    ),
    Product(
        "NL-401",
        _("Canvas rucksack, 20 litres"),
        "outdoors",
        Decimal("1295.00"),
        "rucksack",
        _("Waxed cotton, bridle leather and brass. Room for a day, or for two if you travel light."),
        stock=8,
    ),
    Product(
        "NL-402",
        _("Ribbed wool cap"),
        "outdoors",
        Decimal("329.00"),
        "cap",
        _("Knitted double over the ears from lambswool that does not scratch."),
    ),
    Product(
        "NL-501",
        _("A Year at the Cabin"),
        "books",
        Decimal("249.00"),
        "book-cabin",
        _("Twelve months, forty recipes and a great deal of firewood. Hardback, 208 pages."),
        kind="book",
    ),
    Product(
        "NL-502",
        _("Knots for Cold Hands (e-book)"),
        "books",
        Decimal("99.00"),
        "book-knots",
        _("Fifteen knots that hold, drawn step by step. A PDF, to be downloaded at once."),
        kind="e-book",
    ),
)

#: On the front page, in this order.
FEATURED: Final = ("NL-101", "NL-301", "NL-201", "NL-401", "NL-202", "NL-102", "NL-501", "NL-203")

#: Three of these for the price of two.
CANDLES: Final = ("NL-102", "NL-103", "NL-104")
OFFER: Final = "3 for 2 · 3 för 2"
OFFER_DESCRIPTION: Final = (
    "Three candles, and the cheapest is free. · Tre ljus, och det billigaste är gratis."
)

VOUCHER_CODE: Final = "VALKOMMEN"
VOUCHER_NAME: Final = "Welcome · Välkommen"
VOUCHER_PERCENT: Final = Decimal(10)

#: Where the store delivers, its own country first.
COUNTRIES: Final = (
    ("SE", "SWE", "752", "Sweden"),
    ("NO", "NOR", "578", "Norway"),
    ("DK", "DNK", "208", "Denmark"),
    ("FI", "FIN", "246", "Finland"),
)
