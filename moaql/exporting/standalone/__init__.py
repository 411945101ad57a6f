"""What every exported Python program holds. It is read as text, and never imported by moaql; tests run it where it was exported to.

The exporter copies from here, and from `moaql.answers` and `moaql.operations`, what a topology needs and nothing else.
"""
