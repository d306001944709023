"""Norrlykta, the sandbox store: what it sells, how it looks, and the Oscar apps it forks."""
