"""What the how-tos tell a shop to write works in the tutorial's shop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from . import page
from .page import TUTORIAL, Code, Command
from .project import Project


@pytest.fixture
def shop(project: Project) -> Project:
    """The tutorial's shop with cards, before its first migrate."""
    project.runs("django-admin startproject shop .")
    for title in ("2. An Oscar shop without payment", "3. Take cards"):
        for step in page.sections(TUTORIAL)[title]:
            if isinstance(step, Code):
                project.types(step)
    return project


def test_the_example_tests_of_a_shop_pass(shop):
    steps = [step for steps in page.sections("howto/test-your-shop.md").values() for step in steps]
    steps.remove(Command("pip install pytest pytest-django", ()))  # the environment has them

    for step in steps:
        shop.types(step)


def test_a_forked_checkout_with_mixins_written_down_passes_the_checks(shop):
    (shop.folder / "forked").mkdir()
    (shop.folder / "forked" / "__init__.py").touch()
    assert "made with `manage.py oscar_fork_app checkout forked`" in page.read("howto/forked-checkout.md")
    shop.runs("python manage.py oscar_fork_app checkout forked")
    names_the_fork(shop.folder / "shop" / "settings.py")

    for step in page.sections("howto/forked-checkout.md")["Write the mixins down"]:
        shop.types(step)


def test_a_forked_checkout_without_them_does_not(shop):
    shop.types(Code("shop/settings.py", "(at the end)", 'PINGPAYMENTS["AUTO_WIRE"] = False\n'))

    with pytest.raises(AssertionError, match=r"pingpayments\.E023"):
        shop.runs("python manage.py check --tag pingpayments")


def test_the_settings_for_pings_sandbox_pass_the_checks(shop):
    (settings,) = page.sections("howto/ping-sandbox.md")["3. Settings"]
    assert isinstance(settings, Code)
    assert settings.where == "(in the place of the dict)"
    given = "PINGPAYMENTS_TENANT_ID={0} PINGPAYMENTS_API_SECRET=secret PINGPAYMENTS_MERCHANT_ID={0}"

    shop.types(replace(settings, where="(at the end)"))

    said = shop.runs(f"{given.format(uuid4())} python manage.py check --tag pingpayments")
    assert "no issues" in said


def test_the_example_of_logging_writes_the_number_of_the_order(shop):
    settings, _grep = page.sections("howto/when-a-payer-calls.md")["What the log knows"]
    log = "import logging; log = logging.getLogger('oscar_pingpayments.facade')"

    shop.types(settings)
    shop.runs(
        f"python manage.py shell -c \"{log}; log.info('Done', extra=dict(order_number='100042')); "
        "log.error('Not done')\""
    )

    lines = (shop.folder / "payments.log").read_text().splitlines()
    assert [line.partition(" INFO ")[2] or line.partition(" ERROR ")[2] for line in lines] == [
        "oscar_pingpayments.facade: Done (order 100042)",
        "oscar_pingpayments.facade: Not done (order -)",
    ]


def names_the_fork(settings: Path) -> None:
    """Do what ``oscar_fork_app`` tells one to do."""
    text = settings.read_text()
    assert text.count("oscar.apps.checkout.apps.CheckoutConfig") == 1
    settings.write_text(
        text.replace("oscar.apps.checkout.apps.CheckoutConfig", "forked.checkout.apps.CheckoutConfig")
    )
