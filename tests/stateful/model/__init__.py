"""What the machine knows by itself: the shop's world, what Ping has told it, what it owes a person."""
