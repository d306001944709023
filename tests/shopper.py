"""A payer at the shop: fills a basket, walks through the checkout, places the order. Over Django's client."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.core.signing import Signer
from django.test import Client
from django.urls import reverse
from oscar.core.loading import get_class, get_model
from oscar.test import factories

from oscar_pingpayments.models import Payment, PaymentOrder

CARD = "paymentiq-card"
ADDRESS = {
    "first_name": "Astrid",
    "last_name": "Lindqvist",
    "line1": "Storgatan 1",
    "line4": "Vimmerby",
    "postcode": "598 37",
    "country": "SE",
    "phone_number": "+46701234567",
}


def create_product(title: str = "Lantern", price: str = "299.00", stock: int = 50, **kwargs: Any) -> Any:
    """Return a product that can be bought, with its price including tax."""
    kwargs.setdefault("partner_sku", f"sku-{get_model('partner', 'StockRecord').objects.count() + 1}")
    return factories.create_product(title=title, price=Decimal(price), num_in_stock=stock, **kwargs)


class Shopper:
    """One payer and their browser. Methods are what the payer does, in the order they are written here."""

    def __init__(
        self,
        client: Client | None = None,
        *,
        user: Any = None,
        email: str = "astrid@example.org",
        address: dict[str, str] = ADDRESS,
    ):
        self.client = client or Client()
        self.user = user
        self.email = email
        self.address = address
        if user is not None:
            self.client.force_login(user)
        get_model("address", "Country").objects.get_or_create(
            iso_3166_1_a2="SE", defaults={"printable_name": "Sweden", "is_shipping_country": True}
        )

    def adds(self, product: Any, quantity: int = 1) -> Shopper:
        """Put a product into the basket."""
        response = self.client.post(
            reverse("basket:add", kwargs={"pk": product.pk}), {"quantity": quantity, "action": "add"}
        )
        assert response.status_code == 302, response.content
        return self

    def enters_voucher(self, code: str) -> Shopper:
        """Enter a voucher's code on the basket page."""
        self.client.post(reverse("basket:vouchers-add"), {"code": code})
        return self

    def goes_to_payment(self) -> Shopper:
        """Answer the checkout's questions up to the payment-method step."""
        if self.user is None:
            self.client.post(reverse("checkout:index"), {"username": self.email, "options": "anonymous"})
        self.client.post(reverse("checkout:shipping-address"), self.address)
        self.client.get(reverse("checkout:shipping-method"))
        return self

    def chooses(self, method: str) -> Shopper:
        """Choose how to pay."""
        response = self.client.post(reverse("checkout:payment-method"), {"method": method})
        assert response.status_code == 302, response.content
        return self

    def places_order(self) -> Any:
        """Press the button of the preview page, and return the answer."""
        return self.client.post(reverse("checkout:preview"), {"action": "place_order"})

    def checks_out(self, *products: Any, method: str = CARD) -> Any:
        """Do all of the above, and return the answer to the last click."""
        for product in products:
            self.adds(product)
        return self.goes_to_payment().chooses(method).places_order()

    def buys(self, *products: Any, method: str = CARD) -> Any:
        """Do the same in a third of the time: what the pages before the last one leave is put in place."""
        for product in products:
            self.has(product)
        return self.stands_at_preview(method).places_order()

    def has(self, product: Any, quantity: int = 1) -> Shopper:
        """Have a product in the basket, as `adds` leaves it there."""
        self._open_basket().add_product(product, quantity)
        return self

    def stands_at_preview(self, method: str = CARD) -> Shopper:
        """Have answered the checkout's questions, as the pages before the last one leave the answers."""
        basket, session = self._open_basket(), self.client.session
        answers = get_class("checkout.utils", "CheckoutSessionData")(SimpleNamespace(session=session))
        if self.user is None:
            answers.set_guest_email(self.email)
        form = get_class("checkout.forms", "ShippingAddressForm")(self.address)
        assert form.is_valid(), form.errors
        answers.ship_to_new_address(
            {name: value for name, value in vars(form.instance).items() if not name.startswith("_")}
        )
        shipping = get_class("shipping.repository", "Repository")()
        answers.use_shipping_method(
            shipping.get_default_shipping_method(basket, shipping_addr=form.instance).code
        )
        answers.pay_by(method)
        session.save()
        return self

    def _open_basket(self) -> Any:
        Basket = get_model("basket", "Basket")
        if self.user is not None:
            basket, _ = Basket.open.get_or_create(owner=self.user)
        else:
            cookies, name = self.client.cookies, settings.OSCAR_BASKET_COOKIE_OPEN
            known = Signer().unsign(cookies[name].value) if name in cookies and cookies[name].value else None
            basket = Basket.open.filter(pk=known).first() or Basket.objects.create()
            cookies[name] = Signer().sign(basket.pk)
        basket.strategy = get_class("partner.strategy", "Selector")().strategy(user=self.user)
        return basket

    @property
    def basket(self) -> Any:
        """The basket of the next page."""
        return self.client.get(reverse("basket:summary")).context["basket"]

    @property
    def order(self) -> Any:
        """The order that this payer placed last."""
        return get_model("order", "Order").objects.order_by("-pk").first()

    @property
    def payment_order(self) -> PaymentOrder:
        """Its payment order."""
        return PaymentOrder.objects.get(order=self.order)

    @property
    def payment(self) -> Payment:
        """Its last attempt."""
        return self.payment_order.payments.order_by("-number").first()

    def sees(self, page: str = "payment") -> Any:
        """Look at one of the payment pages of the last order, and return the answer."""
        return self.client.get(reverse(f"pingpayments:{page}", args=[self.payment_order.token]))
