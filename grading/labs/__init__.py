"""The labs that come with Milliamp: their hidden data, a reference submission of each, and one that falls short.

What is asked and what it is worth stands in courses/labs.yaml. Modules here import numpy and torch: pages never import them.
"""
