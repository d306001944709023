"""Oscar's shipping app, forked: the ways of delivery and their charges."""
