"""Roles, a file each: a raw table becomes rows of unit, time, measure and amount."""
