"""Plates, flat and clean, with their texts: drawing/plates.py is the way in."""
