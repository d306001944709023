"""What is true after every step: each file is one subject, a list of functions that assert."""
