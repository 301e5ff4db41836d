"""Leases on GPUs: which process has taken which, without any process that manages it.

A lease is a lock of the kernel (``flock``) on a file in a folder that all users share. It lives as
long as the process does, or a fork of it: however a process ends, the kernel frees its locks at
once. No number of a process and no existence of a file means anything here. What is written in
the files tells people who holds and who waits; nothing is decided by it but the order of waiting.
"""
