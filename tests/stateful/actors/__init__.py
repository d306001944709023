"""Who acts: each file is one of them, its rules what they may do at any time."""
