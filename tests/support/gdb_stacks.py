# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Runs inside gdb: stays attached to a process, and at each SIGURG writes the stack of the thread
that got it, as a line of JSON. stack-stops (tests/bpf) sends these signals.

The environment: GDB_PID the process, GDB_STOPS how many stops, GDB_OUT where to write. It also ends
at a stop when there is a file GDB_OUT.end.

Code made at run time has no call frame information, and gdb would guess: there an unwinder of ours
follows the frame pointer. Of the same kind are the builtins of V8, which were made when Node was
built, and which V8 maps a second time, near the code that it makes. All else is gdb's."""
import json
import os

import gdb
from gdb.unwinder import Unwinder, register_unwinder

SETTINGS = [
    "pagination off",
    "confirm off",
    "auto-load off",
    "debuginfod enabled off",
    "backtrace limit unlimited",
    "backtrace past-main on",
    "backtrace past-entry off",
    "print thread-events off",
    "print inferior-events off",
]
STOP_SIGNAL = "SIGURG"
ALL_ONES = (1 << 64) - 1
FAR = 1 << 32  # no executable's own code is that large

process = int(os.environ["GDB_PID"])
stop_event = None


class FrameId:
    def __init__(self, sp, pc):
        self.sp = sp
        self.pc = pc


class GeneratedCode(Unwinder):
    """rbp leads on from code that the loader did not load."""

    def __init__(self):
        super().__init__("generated code")
        self.executable = os.readlink(f"/proc/{process}/exe")
        self.code, self.ranges = [], []
        self.trampoline = (0, 0)
        self.builtins, self.second = {}, []
        self.used = 0

    def is_builtin(self, pc):
        if any(first <= pc < end for first, end in self.second):
            return True
        if pc not in self.builtins:
            name = gdb.execute(f"info symbol {pc}", to_string=True)
            self.builtins[pc] = name.startswith("Builtins_")
        return self.builtins[pc]

    def is_second(self, path, span):
        if path != self.executable:
            return False
        first = min(start for start, _, at in self.code if at == path)
        return span[0] > first + FAR

    def refresh(self):
        self.code, self.ranges, self.second = [], [], []
        self.used = 0
        with open(f"/proc/{process}/maps", encoding="utf-8", errors="replace") as maps:
            for line in maps:
                words = line.split()
                span = tuple(int(n, 16) for n in words[0].split("-"))
                if "x" not in words[1]:
                    continue
                self.code.append((*span, words[-1]))
                if len(words) == 5:
                    self.ranges.append(span)
                elif self.is_second(words[-1], span):
                    self.second.append(span)
                elif words[-1] == "[uprobes]":
                    self.trampoline = span
        gdb.invalidate_cached_frames()

    def __call__(self, pending_frame):
        pc = int(pending_frame.read_register("rip")) & ALL_ONES
        if not any(first <= pc < end for first, end in self.ranges) and not self.is_builtin(pc):
            return None
        self.used += 1
        word = gdb.lookup_type("unsigned long")
        rsp, rbp = (int(pending_frame.read_register(name).cast(word)) for name in ("rsp", "rbp"))
        # the return address, and where the caller's rbp is when it is not in the register
        caller, saved = self.interrupted(pending_frame, pc, rsp) or (rbp + 8, rbp)
        info = pending_frame.create_unwind_info(
            FrameId(gdb.Value(caller + 8), pending_frame.read_register("rip")))
        at = {"rip": caller, "rbp": saved}
        for name, address in at.items():
            value = gdb.Value(address).cast(word.pointer()).dereference() if address else \
                pending_frame.read_register(name)
            info.add_saved_register(name, value)
        info.add_saved_register("rsp", gdb.Value(caller + 8).cast(word))
        return info

    def interrupted(self, pending_frame, pc, rsp):
        """Before the frame is made, or after it has been taken down: by what comes next."""
        if pending_frame.level() != 0:
            return None
        code = bytes(gdb.selected_inferior().read_memory(pc - 1, 5))
        if code[0] == 0x55 and code[1:4] == b"\x48\x89\xe5":  # push %rbp; mov %rsp, %rbp is next
            return rsp + 8, rsp
        if code[1] in (0x55, 0xC3):  # push %rbp, ret
            return rsp, None
        if self.is_builtin(pc):  # of their own kind: some return without ever having made one
            return None
        return (rsp, None) if is_bare(pending_frame.architecture(), pc) else None


def is_bare(architecture, pc):
    """The next instructions make a frame, or return without taking one down. What V8's functions do before and after is
    looking: none of it is a call or always a jump."""
    try:
        lines = [" ".join(line["asm"].split()) for line in architecture.disassemble(pc, pc + 64, 10)]
    except gdb.MemoryError:
        return False
    for line, after in zip(lines, lines[1:] + [""]):
        if line == "push %rbp":
            return after.startswith("mov %rsp,%rbp")
        if line.startswith("ret"):
            return True
        if line.startswith(("call", "jmp", "leave", "pop %rbp", "mov %rbp,%rsp")):
            return False
    return False


def on_stop(event):
    global stop_event
    stop_event = event


def on_exit(_event):
    global stop_event
    stop_event = None


def kind_of(frame, generated):
    if frame.type() == gdb.SIGTRAMP_FRAME:
        return "signal"
    pc = frame.pc() & ALL_ONES
    for start, end, path in generated.code:
        if start <= pc < end:
            return "trampoline" if path == "[uprobes]" else ""
    return "no code"


def frames(generated):
    """Of the current thread, those that are on the stack: gdb also invents some, for inlined
    functions and for tail calls. Each is [pc, kind, name]; the kind says what is not a plain frame.
    """
    found, frame = [], gdb.newest_frame()
    while frame is not None:
        kind = frame.type()
        if kind not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
            found.append([frame.pc(), kind_of(frame, generated), frame.name() or ""])
        last, frame = frame, frame.older()
    return found, gdb.frame_stop_reason_string(last.unwind_stop_reason())


def register(name):
    return int(gdb.newest_frame().read_register(name)) & ALL_ONES


def leave_trampoline(first, end):
    """Kernels from 6.11 on come back from a return probe through a few instructions of their own."""
    for _ in range(6):
        if not first <= register("rip") < end:
            return
        gdb.execute("stepi", to_string=True)


def stop_taken(generated):
    generated.refresh()
    leave_trampoline(*generated.trampoline)
    found, why = frames(generated)
    return {
        "tid": gdb.selected_thread().ptid[1],
        "sp": register("rsp"),
        "frames": found,
        "end": why,
        "generated": generated.used,
    }


def main():
    for setting in SETTINGS:
        gdb.execute("set " + setting)
    generated = GeneratedCode()
    register_unwinder(None, generated)
    gdb.execute(f"attach {process}", to_string=True)
    gdb.execute("set scheduler-locking step")
    gdb.execute("handle all nostop noprint pass", to_string=True)
    gdb.execute(f"handle {STOP_SIGNAL} stop print nopass", to_string=True)
    gdb.events.stop.connect(on_stop)
    gdb.events.exited.connect(on_exit)
    taken, wanted = 0, int(os.environ["GDB_STOPS"])
    with open(os.environ["GDB_OUT"], "w", encoding="utf-8") as out:
        print('{"attached": true}', file=out, flush=True)
        while taken < wanted:
            gdb.execute("continue", to_string=True)
            if stop_event is None or os.path.exists(out.name + ".end"):
                break
            if getattr(stop_event, "stop_signal", "") != STOP_SIGNAL:
                print(json.dumps({"other": str(stop_event)}), file=out, flush=True)
                continue
            print(json.dumps(stop_taken(generated)), file=out, flush=True)
            taken += 1
    if stop_event is not None:
        gdb.execute("detach", to_string=True)


main()
