"""Phrases that stand elsewhere and need Swedish here: from the settings, and those that Oscar's own lacks."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

SETTINGS = (_("Nordic things for home and trail"),)

OSCAR = (
    _("A problem occurred while placing this order. Please contact customer services."),
    _("An address from your address book?"),
    _("Contact number"),
    _("Contact Number"),
    _("Items to buy later"),
    _("Items to buy now"),
    _("Line price excl. tax"),
    _("Line price incl. tax"),
    _("Log in"),
    _("Oops! We found some errors"),
    _("Re-order"),
    _("Re-order all items"),
    _("Your basket has got some issues. Please correct any validation errors below."),
    _("a maximum of %(max)d can be bought"),
    _("next"),
    _("please check the error messages below and try again"),
    _("previous"),
    # In templates, where spaces and line breaks belong to the phrase.
    _("\n        Your basket total is now <strong>%(total)s</strong>\n        "),
    _("\n                        Page %(page_num)s of %(total_pages)s\n                    "),
    _(
        "\n                                Allocation of %(amount)s from type %(type)s\n"
        "                            "
    ),
    _(
        "\n                                Allocation of %(amount)s from type %(type)s "
        "(reference: %(reference)s)\n                            "
    ),
)
