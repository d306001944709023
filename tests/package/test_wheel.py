"""What is built is what a shop needs: a new Oscar shop installs the wheel and takes one payment."""

from __future__ import annotations

import os
import socket
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .new_shop import APP_LINE, URL_LINE, NewShop
from .payer import Payer

ROOT = Path(__file__).resolve().parents[2]
SIMULATOR_CREDENTIALS = """
from oscar_pingpayments import simulator
print(simulator.TENANT_ID, simulator.API_SECRET, simulator.MERCHANT_ID)
"""


@pytest.fixture(scope="module")
def wheel() -> Path:
    """The wheel that has been built last: `make package` builds it."""
    wheels = sorted((ROOT / "build" / "dist").glob("*.whl"), key=os.path.getmtime)
    assert wheels, "There is no wheel in build/dist: make package"
    return wheels[-1]


@pytest.fixture(scope="module")
def shop(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[NewShop, str, str, str]]:
    """The new shop, served with the simulator beside it; the addresses of it, its lantern, the simulator."""
    shop = NewShop(tmp_path_factory.mktemp("new"), wheel)
    tenant, secret, merchant = shop.run(shop.python, "-c", SIMULATOR_CREDENTIALS).split()
    ping_port, shop_port = free_port(), free_port()
    shop.make(
        {
            "TENANT_ID": tenant,
            "API_SECRET": secret,
            "MERCHANT_ID": merchant,
            "BASE_URL": f"http://127.0.0.1:{ping_port}/payments",
        }
    )
    lantern = shop.sell_a_lantern()
    processes = [
        shop.serve("-m", "oscar_pingpayments.simulator", "--port", str(ping_port)),
        shop.serve("manage.py", "runserver", "--noreload", f"127.0.0.1:{shop_port}"),
    ]
    try:
        wait_for(ping_port, shop_port)
        address = f"http://127.0.0.1:{shop_port}"
        yield shop, address, address + lantern, f"http://127.0.0.1:{ping_port}"
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=10)


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(*ports: int) -> None:
    """Wait until somebody listens at each of these ports of this machine."""
    deadline = time.monotonic() + 60
    for port in ports:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert time.monotonic() < deadline, f"Nobody listens at port {port}."
                time.sleep(0.1)


def test_the_wheel_has_what_a_shop_needs_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()

    assert {name.split("/")[0].split("-")[0] for name in names} == {
        "oscar_pingpayments",
        "django_oscar_pingpayments",
    }
    for needed in (
        "py.typed",
        "migrations/0001_initial.py",
        "templates/oscar_pingpayments/payment/paid.html",
        "static/oscar_pingpayments/payment.css",
        *(f"locale/{language}/LC_MESSAGES/django.mo" for language in ("sv", "nb", "da", "fi", "de")),
        "simulator/__main__.py",
    ):
        assert f"oscar_pingpayments/{needed}" in names


def test_the_readme_says_what_this_shop_does():
    readme = (ROOT / "README.md").read_text()

    assert APP_LINE in readme
    assert URL_LINE in readme
    assert "PINGPAYMENTS = {" in readme


def test_the_shop_can_take_cards(shop):
    new_shop, address, *_ = shop

    assert "This shop can take cards." in new_shop.manage("pingpayments_check", "--public-url", address)


def test_a_guest_pays_for_a_lantern(shop):
    new_shop, address, lantern, simulator = shop
    payer = Payer()

    payer.goes_to(lantern).fills_in(quantity="1")
    payer.goes_to(f"{address}/checkout/").fills_in(username="astrid@example.org", options="anonymous")
    payer.fills_in(
        first_name="Astrid",
        last_name="Lindqvist",
        line1="Storgatan 1",
        line4="Vimmerby",
        postcode="598 37",
    )
    payer.fills_in(method="paymentiq-card")
    payer.fills_in(action="place_order")
    assert payer.address.startswith(f"{simulator}/")
    assert new_shop.orders() == ["Pending: 0.00 SEK by paymentiq-card"]

    payer.fills_in(number="5457210002001420", expiry="12/40", cvc="123")

    assert payer.address == f"{address}/checkout/thank-you/"
    assert new_shop.orders() == ["Being processed: 299.00 SEK by paymentiq-card"]
