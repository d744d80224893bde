"""``make bench``: this project beside the documented designs, on one page, ratios first.

``data`` makes the files, ``interleaved`` times contenders in turn, one module a section does the
measuring, ``page`` prints.
"""
