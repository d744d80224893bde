"""asv's history as web pages: published without foreign hosts, and looked at in a browser.

``pages`` makes them self-contained, ``browser`` opens them headless, ``__main__`` does the whole.
"""
