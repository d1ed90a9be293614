"""Readers of what an observatory's data flow writes: proposals, schedules, observation blocks, logs."""
