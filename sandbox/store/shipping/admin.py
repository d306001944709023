"""Oscar's admin pages of this app."""

from oscar.apps.shipping.admin import *  # noqa: F403
