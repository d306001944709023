#!/usr/bin/env python
"""The sandbox store's management commands: ``python sandbox/manage.py sandbox_setup`` and Django's own."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    execute_from_command_line(sys.argv)
