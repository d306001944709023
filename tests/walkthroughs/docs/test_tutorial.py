"""Whoever follows the tutorial ends with a paid order: the page is typed as it stands."""

from __future__ import annotations

import tomllib

from tests.package.payer import Payer

from . import page
from .page import TUTORIAL
from .project import ROOT, SHOP, SIMULATOR, Project


def test_the_tutorial_installs_what_there_is_to_install():
    package = tomllib.loads((ROOT / "pyproject.toml").read_text())

    preparation = [step.line for step in page.sections(TUTORIAL)["1. A project"]]

    assert preparation == [
        "mkdir lanterns",
        "cd lanterns",
        "python3 -m venv .venv",
        ". .venv/bin/activate",
        f"pip install django-oscar sorl-thumbnail {package['project']['name']}",
        "django-admin startproject shop .",
    ]


def test_following_the_tutorial_leads_to_a_paid_order(project):
    follows(project, "1. A project", steps=slice(-1, None))
    follows(project, "2. An Oscar shop without payment")
    follows(project, "3. Take cards")
    follows(project, "4. Start both")

    payer = orders_a_lantern(project)
    assert payer.address.startswith(project.here(f"http://127.0.0.1:{SIMULATOR}/pay/"))
    assert "Subject: " not in project.log.read_text()
    types_card(payer, "5457 2100 0200 1420")
    assert payer.address == shop(project, "/checkout/thank-you/")
    assert project.prints("Subject: Confirmation of order 100001")

    staff = Payer().goes_to(shop(project, "/dashboard/orders/"))
    staff.fills_in(username="staff@example.org", password="candle")
    assert "Being processed" in staff.page.text
    staff.goes_to(shop(project, "/dashboard/orders/100001/"))
    assert "PaymentIQ card" in staff.page.text
    assert "Paid by card." in staff.page.text

    payer = orders_a_lantern(project)
    types_card(payer, "5186 1700 7000 1140")
    assert payer.address.startswith(shop(project, "/pingpayments/payment/"))
    assert "Your bank or card issuer declined the payment." in payer.page.text
    for way_on in ("Try again", "Change my order"):
        assert way_on in payer.page.text
    follows(project, "7. Be turned down")


def follows(project: Project, title: str, *, steps: slice = slice(None)) -> None:
    """Type what stands under a heading."""
    for step in page.sections(TUTORIAL)[title][steps]:
        project.types(step)


def shop(project: Project, path: str) -> str:
    """Return an address of the shop."""
    return project.here(f"http://127.0.0.1:{SHOP}{path}")


def orders_a_lantern(project: Project) -> Payer:
    """Do what section 5 says, up to the card page."""
    payer = Payer().goes_to(shop(project, "/catalogue/lantern_1/")).fills_in(quantity="1")
    payer.goes_to(shop(project, "/checkout/"))
    payer.fills_in(username="astrid@example.org", options="anonymous")
    payer.fills_in(
        first_name="Astrid",
        last_name="Lindqvist",
        line1="Storgatan 1",
        line4="Vimmerby",
        postcode="598 37",
    )
    return payer.fills_in(method="paymentiq-card").fills_in(action="place_order")


def types_card(payer: Payer, number: str) -> None:
    """Type a card that the page names, and pay."""
    assert number in page.read(TUTORIAL)
    payer.fills_in(number=number, expiry="12/40", cvc="123")
