"""What is written down about segue; `python -m docs.generate` makes the parts that follow from the code."""
