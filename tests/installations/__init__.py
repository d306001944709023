"""Shops that are not stock, and databases that were not made today: each takes seconds to set up."""
