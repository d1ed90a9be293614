"""ADQL 2.1: parsing and resolving queries.

`parser.parse` turns text into the tree of `syntax`; what the names in it mean is found by `resolve`.
"""
