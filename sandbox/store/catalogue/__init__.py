"""Oscar's catalogue app, forked: what is sold, named in the payer's language."""
