"""The finder: where in a picture are plates, and where are their corners?"""
