"""The state reader: whose plate is it, by what is written on it?"""
