"""Workers are killed while payers pay and Ping misbehaves; afterwards one sync, and everybody must agree."""
