"""Runs a program (argv[1:]) in which small pages can't be made executable, as hardened systems refuse it: mprotect to read and execute fails for
lengths that are not whole pages, which leaves the .NET runtime's own alone. Linux on x64; the filter is seccomp's (seccomp(2))."""
import ctypes
import os
import struct
import sys


def step(code, yes, no, value):
    return struct.pack("HBBI", code, yes, no, value)


LOAD, JUMP_EQUAL, JUMP_SET, RETURN = 0x20, 0x15, 0x45, 0x06
MPROTECT, READ_EXECUTE, PAGE_REST, EACCES = 10, 5, 0xFFF, 13
steps = [
    step(LOAD, 0, 0, 0),                       # system call
    step(JUMP_EQUAL, 0, 5, MPROTECT),
    step(LOAD, 0, 0, 16 + 8 * 2),              # protection
    step(JUMP_EQUAL, 0, 3, READ_EXECUTE),
    step(LOAD, 0, 0, 16 + 8),                  # length
    step(JUMP_SET, 0, 1, PAGE_REST),
    step(RETURN, 0, 0, 0x00050000 | EACCES),
    step(RETURN, 0, 0, 0x7FFF0000),            # allowed
]


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_void_p)]


libc = ctypes.CDLL(None, use_errno=True)
memory = ctypes.create_string_buffer(b"".join(steps))
program = Program(len(steps), ctypes.cast(memory, ctypes.c_void_p))
if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, ctypes.byref(program), 0, 0) != 0:
    sys.exit(f"no seccomp: {os.strerror(ctypes.get_errno())}")
os.execv(sys.argv[1], sys.argv[1:])
