"""Setting the sandbox store up: again, after a loss, from the environment, and on a port that is taken."""

from __future__ import annotations

import json
import os
import signal
import socket
from dataclasses import fields
from urllib.request import urlopen

import pytest

from oscar_pingpayments.conf import Settings

COUNT_ROWS = """
from django.apps import apps
answer = {
    model._meta.label: model._default_manager.count()
    for model in apps.get_models() if model._meta.managed
}
"""


def test_setting_up_again_changes_nothing_and_says_so(own_store):
    before = own_store.answers(COUNT_ROWS)

    said = own_store.manages("sandbox_setup")

    assert own_store.answers(COUNT_ROWS) == before
    assert said.splitlines() == [
        "  tables ... ready",
        "  address ... 1 there already",
        "  countries ... 4 there already",
        "  departments ... 5 there already",
        "  products ... 16 there already",
        "  pictures ... 18 there already",
        "  offers ... 2 there already",
        "  accounts ... 2 there already",
    ]


def test_a_price_that_staff_have_changed_stays_when_the_store_is_set_up_again(own_store):
    change = """
from oscar.core.loading import get_model
answer = get_model("partner", "StockRecord").objects.filter(partner_sku="NL-101").update(price="399.00")
"""
    assert own_store.answers(change) == 1

    own_store.manages("sandbox_setup")

    look = """
from oscar.core.loading import get_model
answer = get_model("partner", "StockRecord").objects.get(partner_sku="NL-101").price
"""
    assert own_store.answers(look) == "399.00"


def test_a_picture_whose_file_is_lost_comes_back(own_store):
    (picture,) = own_store.var.glob("media/images/**/lantern*.webp")
    drawn = picture.read_bytes()
    picture.unlink()

    said = own_store.manages("sandbox_setup")

    assert "  pictures ... 1 new" in said.splitlines()
    assert picture.read_bytes() == drawn


def test_nothing_is_wrong_with_the_store_and_no_migration_is_missing(store):
    store.manages("check", "--fail-level", "WARNING")
    store.manages("makemigrations", "--check", "--dry-run")


def test_without_a_tenant_the_simulator_takes_pings_place(store):
    answer = store.answers(
        "from django.conf import settings; answer = settings.PINGPAYMENTS, settings.OWN_SIMULATOR"
    )

    assert answer == [
        {
            "TENANT_ID": "00000000-0000-4000-8000-000000000001",
            "API_SECRET": "simulated-secret",
            "MERCHANT_ID": "00000000-0000-4000-8000-000000000002",
            "BASE_URL": "http://127.0.0.1:8001/payments",
        },
        True,
    ]


def test_with_a_tenant_the_store_asks_pings_sandbox(store):
    answer = store.answers(
        """
from django.conf import settings
from oscar_pingpayments import conf
answer = conf.get_settings().base_url, settings.OWN_SIMULATOR, settings.ALLOWED_HOSTS[-1]
""",
        PINGPAYMENTS_TENANT_ID="11111111-1111-4111-8111-111111111111",
        PINGPAYMENTS_API_SECRET="a-secret",
        PINGPAYMENTS_MERCHANT_ID="22222222-2222-4222-8222-222222222222",
        PINGPAYMENTS_PUBLIC_URL="https://tunnel.example",
    )

    assert answer == ["https://sandbox.pingpayments.com/payments", False, "tunnel.example"]


def test_every_key_of_the_setting_can_be_given_in_the_environment(store):
    values = {
        "TENANT_ID": "11111111-1111-4111-8111-111111111111",
        "API_SECRET": "12345678",
        "MERCHANT_ID": "22222222-2222-4222-8222-222222222222",
        "ENVIRONMENT": "sandbox",
        "BASE_URL": "https://sandbox.pingpayments.com/payments",
        "API_VERSION": "2025-12-09",
        "PROVIDER": "payment_iq",
        "METHOD": "card",
        "PAY_URL_FIELD": "pay_url",
        "SPLIT_TREE_ID": "33333333-3333-4333-8333-333333333333",
        "PUBLIC_URL": "https://tunnel.example",
        "PAYMENT_WINDOW": 30,
        "ORDER_STATUS": {"paid": "Complete"},
        "LOCALES": {"sv": "sv-SE"},
        "CASHIER": {"header": {"hidden": True}},
        "PAY_HOSTS": [".pingpayments.com"],
        "TIMEOUT": [2, 5],
        "AUTO_WIRE": True,
        "OTHER_METHODS": {"invoice": "Invoice"},
        "SKIP_SINGLE_METHOD": False,
        "CALLBACK_SIGNATURE": None,
        "LOG_DAYS": 30,
        "SYNC": {"concurrency": 2, "per_second": 10},
        "ATTEMPTS": {"per_order": 5, "declined_per_address": 10},
        "EMAILS": {"failed": False},
        "STAFF_EMAILS": ["payments@shop.example"],
        "REFUND_DUPLICATES": True,
        "REFUND_LATE": True,
        "REINSTATE_LATE": False,
        "RESTOCK_REFUNDED": True,
        "SETTLE": {"when": "shipped", "days": 3, "upto": "close"},
    }
    assert {key.lower() for key in values} == {field.name for field in fields(Settings)}
    variables = {
        f"PINGPAYMENTS_{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in values.items()
    }

    answer = store.answers(
        """
from django.conf import settings
from oscar_pingpayments import conf
answer = settings.PINGPAYMENTS, [problem.sentence for problem in conf.problems()]
""",
        **variables,
    )

    assert answer == [values, []]


def test_a_variable_that_is_not_json_is_named(store):
    done = store.runs("manage.py", "check", PINGPAYMENTS_TIMEOUT="{connect: 2}")

    assert done.returncode == 1
    assert "PINGPAYMENTS_TIMEOUT is not JSON" in done.stderr


def test_a_key_that_does_not_exist_is_named_by_the_checks(store):
    done = store.runs("manage.py", "check", PINGPAYMENTS_TENNANT_ID="11111111-1111-4111-8111-111111111111")

    assert done.returncode == 1
    assert "'TENNANT_ID'" in done.stderr
    assert "Did you mean TENANT_ID?" in done.stderr


def test_the_demo_says_which_port_is_taken_and_starts_nothing(tmp_path, store):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        done = type(store)(tmp_path).runs("demo.py", PORT=str(port), SIMULATOR_PORT=str(free_port()))

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"\nPort {port} is taken, so the shop cannot be served there.\n"
        "Is the demo running already? Otherwise choose another: make demo PORT=8123\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_stops_the_demo_and_everything_it_has_started(own_store):
    port = free_port()
    demo = own_store.starts("demo.py", PORT=str(port), PINGPAYMENTS_BASE_URL="http://127.0.0.1:9/payments")
    said = []
    for line in demo.stdout:
        said.append(line)
        if "Ctrl-C" in line:
            break
    assert "  E-mails   announced here" in "".join(said)
    assert urlopen(f"http://127.0.0.1:{port}/en/", timeout=10).status == 200

    os.killpg(demo.pid, signal.SIGINT)  # as a terminal does: to all of them

    rest = demo.communicate(timeout=30)[0]
    assert demo.returncode == 0
    assert rest.strip() == "Stopped. Run it again, and everything is as you left it."
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
