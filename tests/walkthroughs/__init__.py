"""The tutorial, the how-tos and the sandbox store, followed as their readers do; ``make walkthroughs``."""
