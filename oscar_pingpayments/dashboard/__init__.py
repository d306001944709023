"""Payments in Oscar's dashboard, for staff: listed by the shop in ``INSTALLED_APPS``, and nothing else."""
