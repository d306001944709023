"""What the sandbox store sells, at which price, and who may log in."""

from __future__ import annotations


def test_prices_include_the_vat_that_the_law_has_for_the_goods(store):
    answer = store.answers(
        """
from oscar.core.loading import get_class, get_model
strategy = get_class("partner.strategy", "Selector")().strategy()
products = get_model("catalogue", "Product").objects.order_by("upc")
prices = [(product.upc, strategy.fetch_for_product(product).price) for product in products]
answer = [(upc, price.currency, price.incl_tax, price.tax, price.tax_code) for upc, price in prices]
"""
    )

    assert answer == [
        ["NL-101", "SEK", "449.00", "89.80", "SE25"],
        ["NL-102", "SEK", "69.00", "13.80", "SE25"],
        ["NL-103", "SEK", "69.00", "13.80", "SE25"],
        ["NL-104", "SEK", "89.00", "17.80", "SE25"],
        ["NL-201", "SEK", "149.00", "29.80", "SE25"],
        ["NL-202", "SEK", "599.00", "119.80", "SE25"],
        ["NL-203", "SEK", "299.00", "59.80", "SE25"],
        ["NL-301", "SEK", "899.00", "179.80", "SE25"],
        ["NL-302", "SEK", "199.00", "39.80", "SE25"],
        ["NL-401", "SEK", "1295.00", "259.00", "SE25"],
        ["NL-402", "SEK", "329.00", "65.80", "SE25"],
        ["NL-501", "SEK", "249.00", "14.09", "SE6"],
        ["NL-502", "SEK", "99.00", "5.60", "SE6"],
    ]


def test_goods_are_delivered_in_three_ways_and_downloads_in_none(store):
    answer = store.answers(
        """
from oscar.core.loading import get_class, get_model
from oscar.test.factories import create_basket
def ways(upc):
    basket = create_basket(empty=True)
    basket.strategy = get_class("partner.strategy", "Selector")().strategy()
    basket.add_product(get_model("catalogue", "Product").objects.get(upc=upc))
    methods = get_class("shipping.repository", "Repository")().get_shipping_methods(basket)
    charges = [(method.code, method.calculate(basket)) for method in methods]
    basket.delete()
    return [(code, charge.incl_tax, charge.tax) for code, charge in charges]
answer = ways("NL-101"), ways("NL-502")
"""
    )

    assert answer == [
        [
            ["home-delivery", "49.00", "9.80"],
            ["pick-up", "0.00", "0.00"],
            ["express", "129.00", "25.80"],
        ],
        [["no-shipping-required", "0.00", "0.00"]],
    ]


def test_the_third_candle_is_free_and_the_voucher_takes_ten_per_cent_of_everything(own_store):
    answer = own_store.answers(
        """
from django.contrib.auth.models import AnonymousUser
from oscar.core.loading import get_class, get_model
from oscar.test.factories import create_basket
Product = get_model("catalogue", "Product")
basket = create_basket(empty=True)
basket.strategy = get_class("partner.strategy", "Selector")().strategy()
basket.add_product(Product.objects.get(upc="NL-102"), 3)
basket.add_product(Product.objects.get(upc="NL-101"))
def total():
    basket.reset_offer_applications()
    get_class("offer.applicator", "Applicator")().apply(basket, AnonymousUser())
    return basket.total_incl_tax
offer = total()
basket.vouchers.add(get_model("voucher", "Voucher").objects.get(code="VALKOMMEN"))
answer = basket.total_incl_tax_excl_discounts, offer, total()
"""
    )

    assert answer == ["656.00", "587.00", "521.40"]


def test_the_customer_and_the_staff_can_log_in_with_the_passwords_that_are_printed(store):
    answer = store.answers(
        """
from django.contrib.auth import authenticate
from store.people import CUSTOMER, STAFF
people = [authenticate(username=person.email, password=person.password) for person in (CUSTOMER, STAFF)]
answer = [(person.email, person.is_staff, person.has_perm("order.view_order")) for person in people]
"""
    )

    assert answer == [["customer@example.com", False, False], ["staff@example.com", True, True]]


def test_the_front_page_the_lists_and_the_search_speak_the_language_of_their_address(store):
    answer = store.answers(
        """
import re
from django.test import Client
def titles(path):
    page = Client(HTTP_HOST="127.0.0.1").get(path).content.decode()
    return re.findall("<h3>(.*?)</h3>", page)
answer = [
    titles("/en/")[:2], titles("/sv/")[:2], len(titles("/sv/catalogue/")),
    titles("/sv/search/?q=Lyktan"), titles("/en/search/?q=Lyktan"), titles("/en/search/?q="),
]
"""
    )

    assert answer == [
        ["Holmen lantern", "Wool blanket, lingonberry"],
        ["Lyktan Holmen", "Ullfilt, lingon"],
        13,
        ["Lyktan Holmen"],
        [],
        [],
    ]


def test_a_department_shows_its_own_products_alone(store):
    answer = store.answers(
        """
import re
from django.test import Client
from oscar.core.loading import get_model
category = get_model("catalogue", "Category").objects.get(slug="books")
page = Client(HTTP_HOST="127.0.0.1").get(f"/en/catalogue/category/books_{category.pk}/").content.decode()
answer = re.findall("<h3>(.*?)</h3>", page)
"""
    )

    assert answer == ["A Year at the Cabin", "Knots for Cold Hands (e-book)"]
