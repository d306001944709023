"""Oscar's search app, forked: a dozen products are found without a search engine."""
