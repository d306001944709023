"""Fills the store: each step makes what is missing and leaves what is there, so it can be run again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from django.contrib.auth import get_user_model
from django.contrib.sites.models import Site
from django.core.files import File
from django.db import models
from django.utils.translation import override
from oscar.core.loading import get_model

from . import goods
from .people import CUSTOMER, STAFF, Person

Country = get_model("address", "Country")
Category = get_model("catalogue", "Category")
Product = get_model("catalogue", "Product")
ProductClass = get_model("catalogue", "ProductClass")
Benefit = get_model("offer", "Benefit")
Condition = get_model("offer", "Condition")
ConditionalOffer = get_model("offer", "ConditionalOffer")
Range = get_model("offer", "Range")
Partner = get_model("partner", "Partner")
Voucher = get_model("voucher", "Voucher")
Account = get_user_model()._default_manager

PICTURES: Final = Path(__file__).resolve().parent / "pictures"
OPENED: Final = datetime(2025, 1, 1, tzinfo=UTC)
CLOSES: Final = datetime(2099, 12, 31, tzinfo=UTC)

#: Makes one thing, unless it is there; tells whether it did.
Step = Callable[[], bool]


def fill(domain: str) -> Iterator[tuple[str, int, int]]:
    """Make all that is missing. After each kind of thing yield its name, how many were made, and of how many.

    ``domain`` is where the store is, for the links in its e-mails.
    """
    kinds: dict[str, list[Step]] = {
        "address": [partial(_name_site, domain)],
        "countries": [partial(_add_country, *country) for country in goods.COUNTRIES],
        "departments": [partial(_add_department, department) for department in goods.DEPARTMENTS],
        "products": [
            *(partial(_add_kind, kind) for kind in goods.KINDS),
            *(partial(_add_product, product) for product in goods.PRODUCTS),
        ],
        "pictures": [
            *(partial(_add_cover, department) for department in goods.DEPARTMENTS),
            *(partial(_add_picture, product) for product in goods.PRODUCTS),
        ],
        "offers": [_add_offer, _add_voucher],
        "accounts": [partial(_add_account, person) for person in (CUSTOMER, STAFF)],
    }
    with override("en"):  # addresses of pages are made from names
        for name, steps in kinds.items():
            yield name, sum([step() for step in steps]), len(steps)


def _name_site(domain: str) -> bool:
    return bool(Site.objects.filter(pk=1).exclude(domain=domain).update(domain=domain, name="Norrlykta"))


def _add_country(alpha2: str, alpha3: str, number: str, name: str) -> bool:
    _, made = Country.objects.get_or_create(
        iso_3166_1_a2=alpha2,
        defaults={
            "iso_3166_1_a3": alpha3,
            "iso_3166_1_numeric": number,
            "printable_name": name,
            "name": name,
            "is_shipping_country": True,
            "display_order": 1 if alpha2 == "SE" else 0,
        },
    )
    return bool(made)


def _add_department(department: goods.Department) -> bool:
    if Category.objects.filter(slug=department.slug).exists():
        return False
    Category.add_root(name=department.name, slug=department.slug, description=department.description)
    return True


def _add_kind(kind: goods.Kind) -> bool:
    _, made = ProductClass.objects.get_or_create(
        slug=kind.slug,
        defaults={"name": kind.name, "requires_shipping": kind.is_shipped, "track_stock": kind.has_stock},
    )
    return bool(made)


def _add_product(product: goods.Product) -> bool:
    if Product.objects.filter(upc=product.upc).exists():
        return False
    row = Product.objects.create(
        upc=product.upc,
        title=product.title,
        description=product.description,
        product_class=ProductClass.objects.get(slug=product.kind),
    )
    row.categories.add(Category.objects.get(slug=product.department))
    supplier, _ = Partner.objects.get_or_create(code="norrlykta", defaults={"name": "Norrlykta"})
    row.stockrecords.create(
        partner=supplier,
        partner_sku=product.upc,
        price_currency="SEK",
        price=product.price,
        num_in_stock=product.stock,
    )
    return True


def _add_cover(department: goods.Department) -> bool:
    row = Category.objects.get(slug=department.slug)
    if row.image:
        return _restore(row.image, department.picture)
    with _picture(department.picture) as picture:
        row.image.save(picture.name, picture)
    return True


def _add_picture(product: goods.Product) -> bool:
    row = Product.objects.get(upc=product.upc)
    if image := row.images.first():
        return _restore(image.original, product.picture)
    with _picture(product.picture) as picture:
        row.images.create(original=picture)
    return True


def _restore(field: models.fields.files.FieldFile, picture: str) -> bool:
    """Write a picture again whose row is in the database and whose file is gone."""
    if field.storage.exists(field.name):
        return False
    with _picture(picture) as file:
        field.storage.save(field.name, file)
    return True


def _picture(name: str) -> File[bytes]:
    path = PICTURES / f"{name}.webp"
    return File(path.open("rb"), name=path.name)


def _add_offer() -> bool:
    if ConditionalOffer.objects.filter(name=goods.OFFER).exists():
        return False
    candles = Range.objects.create(name="Candles")
    for product in Product.objects.filter(upc__in=goods.CANDLES):
        candles.add_product(product)
    ConditionalOffer.objects.create(
        name=goods.OFFER,
        description=goods.OFFER_DESCRIPTION,
        offer_type=ConditionalOffer.SITE,
        condition=Condition.objects.create(range=candles, type=Condition.COUNT, value=3),
        benefit=Benefit.objects.create(range=candles, type=Benefit.MULTIBUY, value=None),
        start_datetime=OPENED,
        priority=1,  # before the voucher, and together with it
        exclusive=False,
    )
    return True


def _add_voucher() -> bool:
    if Voucher.objects.filter(code=goods.VOUCHER_CODE).exists():
        return False
    everything = Range.objects.create(name="Everything", includes_all_products=True)
    offer = ConditionalOffer.objects.create(
        name=goods.VOUCHER_NAME,
        offer_type=ConditionalOffer.VOUCHER,
        condition=Condition.objects.create(range=everything, type=Condition.COUNT, value=1),
        benefit=Benefit.objects.create(
            range=everything, type=Benefit.PERCENTAGE, value=goods.VOUCHER_PERCENT
        ),
        exclusive=False,
    )
    voucher = Voucher.objects.create(
        name=goods.VOUCHER_NAME,
        code=goods.VOUCHER_CODE,
        usage=Voucher.MULTI_USE,
        start_datetime=OPENED,
        end_datetime=CLOSES,
    )
    voucher.offers.add(offer)
    return True


def _add_account(person: Person) -> bool:
    if Account.filter(email=person.email).exists():
        return False
    account = Account.create_user(
        person.email,
        person.email,
        person.password,
        first_name=person.first_name,
        last_name=person.last_name,
        is_staff=person.is_staff,
        is_superuser=person.is_staff,
    )
    if not person.is_staff:
        account.addresses.create(
            first_name=person.first_name,
            last_name=person.last_name,
            line1="Storgatan 1",
            line4="Östersund",
            postcode="831 30",
            country_id="SE",
            phone_number="+46701234567",
            is_default_for_shipping=True,
        )
    return True
