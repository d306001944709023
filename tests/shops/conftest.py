"""What the tests of every shop may ask for. Each shop's tests run in a process of their own."""

from __future__ import annotations

from tests.integration.shop.conftest import commits as commits
from tests.integration.shop.conftest import product as product
from tests.integration.shop.conftest import shop as shop
from tests.integration.shop.conftest import shopper as shopper
