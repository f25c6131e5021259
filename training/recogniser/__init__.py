"""The recogniser: what does a plate say?"""
